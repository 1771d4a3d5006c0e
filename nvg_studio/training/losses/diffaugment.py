"""Changes that a discriminator sees every picture through, so that it cannot learn few pictures by heart; gradients
pass (DiffAugment, arXiv 2006.10738)."""

import torch
from torch import Tensor

BRIGHTNESS = (-0.5, 0.5)
SATURATION = (0.0, 2.0)
CONTRAST = (0.5, 1.5)
SHIFT = 0.125
CUT_OUT = 0.2
"""Shares of a picture's side."""


def augment(images: Tensor) -> Tensor:
    """Pictures float [B, 3, S, S] in [-1, 1], each changed by its own draws from torch's random numbers."""
    return cut_out(shift(recolour(images)))


def recolour(images: Tensor) -> Tensor:
    """Brightness moved, saturation and contrast scaled."""
    brightness, saturation, contrast = (
        low + (high - low) * torch.rand(len(images), 1, 1, 1, device=images.device)
        for low, high in (BRIGHTNESS, SATURATION, CONTRAST)
    )
    images = images + brightness
    grey = images.mean(1, keepdim=True)
    images = grey + (images - grey) * saturation
    mean = images.mean((1, 2, 3), keepdim=True)
    return mean + (images - mean) * contrast


def shift(images: Tensor) -> Tensor:
    """Moved by up to an eighth of the side in both directions, 0 where nothing is."""
    count, side = len(images), images.shape[-1]
    most = round(SHIFT * side)
    rows, columns = torch.randint(-most, most + 1, (2, count, 1), device=images.device)
    place = torch.arange(side, device=images.device)
    rows, columns = rows + place, columns + place  # [B, S], where each row and column comes from
    there = _inside(rows, side)[:, :, None] & _inside(columns, side)[:, None, :]  # [B, S, S]
    moved = images.gather(2, rows.clamp(0, side - 1)[:, None, :, None].expand_as(images))
    moved = moved.gather(3, columns.clamp(0, side - 1)[:, None, None, :].expand_as(images))
    return moved * there.unsqueeze(1)


def cut_out(images: Tensor) -> Tensor:
    """A square of a fifth of the side, anywhere, set to 0."""
    count, side = len(images), images.shape[-1]
    width = round(CUT_OUT * side)
    top, left = torch.randint(side + 1, (2, count, 1), device=images.device) - width // 2
    place = torch.arange(side, device=images.device)
    inside = _inside(place - top, width)[:, :, None] & _inside(place - left, width)[:, None, :]
    return images * ~inside.unsqueeze(1)


def _inside(places: Tensor, end: int) -> Tensor:
    return (places >= 0) & (places < end)
