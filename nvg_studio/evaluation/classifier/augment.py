"""Strong augmentation for the classifier, on the device: photos stay there, random numbers come from the step."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from nvg_studio.training.data.pack import Picture

LONGEST = 1.5
"""Photos are cut to at most this side ratio about their centre, so that they fit one tensor."""
SMALLEST_AREA, STRETCH, TURN = 0.25, 4 / 3, np.radians(10)
"""Share of the photo a crop shows at least; its side ratio and its angle at most."""
COLOUR = 0.4
"""How far brightness, contrast and saturation are scaled up or down."""
BLURRED, BLUR = 0.3, 3.0
"""Share of the batches that go through a smaller size, and by which factor at most: coarse pictures count as well."""
MIXED = 0.5
"""Share of the batches in which a rectangle of every picture comes from another one (CutMix)."""


@dataclass(frozen=True)
class PhotoCollection:
    """Photos on a device.

    pictures: uint8 [n, 3, H, W], every photo at top left, its last row and column repeated beyond it;
    sizes: float [n, 2], height and width of each.
    """

    pictures: Tensor
    sizes: NDArray[np.float64]

    @classmethod
    def of(cls, photos: list[Picture], device: torch.device) -> "PhotoCollection":
        """Put photos (uint8 [h, w, 3] each) on a device."""
        cut = [_cut_long(photo) for photo in photos]
        sizes = np.array([photo.shape[:2] for photo in cut])
        height, width = (int(side) for side in sizes.max(0))
        pictures = torch.empty(len(cut), 3, height, width, dtype=torch.uint8)
        for index, photo in enumerate(cut):
            below, beside = height - photo.shape[0], width - photo.shape[1]
            padded = np.pad(photo, ((0, below), (0, beside), (0, 0)), mode="edge")
            pictures[index] = torch.from_numpy(padded).permute(2, 0, 1)
        return cls(pictures.to(device), sizes.astype(np.float64))

    def crops(self, index: NDArray[np.int64], size: int, rng: np.random.Generator) -> Tensor:
        """Random views of photos int64 [B] as float [B, 3, size, size] in [-1, 1]: place, scale, angle, mirror."""
        height, width = self.pictures.shape[2:]
        boxes = crop_maps(self.sizes[index], (height, width), rng)
        device = self.pictures.device
        chosen = self.pictures[torch.from_numpy(index).to(device)].float() / 127.5 - 1
        grid = F.affine_grid(torch.from_numpy(boxes).to(device), [len(index), 3, size, size], align_corners=False)
        return F.grid_sample(chosen, grid, padding_mode="border", align_corners=False)


def _cut_long(photo: Picture) -> Picture:
    limit = round(min(photo.shape[:2]) * LONGEST)
    top, left = (max(0, side - limit) // 2 for side in photo.shape[:2])
    return photo[top : top + limit, left : left + limit]


def crop_maps(sizes: NDArray[np.float64], stored: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    """Random crops as affine maps float32 [B, 2, 3] from crop to stored picture, both -1..1 from edge to edge.

    Args:
        sizes: [B, 2], height and width of the photos within the stored pictures.
        stored: height and width of the stored pictures.
    """
    count = len(sizes)
    area = rng.uniform(SMALLEST_AREA, 1, count) * sizes.prod(1)
    ratio = np.exp(rng.uniform(-np.log(STRETCH), np.log(STRETCH), count))
    box = np.minimum(np.stack([np.sqrt(area / ratio), np.sqrt(area * ratio)], 1), sizes)
    centre_y, centre_x = (box / 2 + rng.random((count, 2)) * (sizes - box)).T
    angle = rng.uniform(-TURN, TURN, count)
    down, right = box[:, 0] / 2, box[:, 1] / 2 * rng.choice([-1, 1], count)
    x = np.stack([right * np.cos(angle), -down * np.sin(angle), centre_x], 1) * 2 / stored[1]
    y = np.stack([right * np.sin(angle), down * np.cos(angle), centre_y], 1) * 2 / stored[0]
    return (np.stack([x, y], 1) - [0, 0, 1]).astype(np.float32)


def jitter(images: Tensor, rng: np.random.Generator) -> Tensor:
    """Brightness, contrast and saturation of every picture scaled at random; float [B, 3, S, S] in [-1, 1]."""
    drawn = np.exp(rng.uniform(-COLOUR, COLOUR, (3, len(images), 1, 1, 1))).astype(np.float32)
    brightness, contrast, saturation = torch.from_numpy(drawn).to(images.device)
    images = (images + 1) * brightness
    mean = images.mean((1, 2, 3), keepdim=True)
    images = mean + (images - mean) * contrast
    grey = images.mean(1, keepdim=True)
    return (grey + (images - grey) * saturation - 1).clamp(-1, 1)


def blur(images: Tensor, rng: np.random.Generator) -> Tensor:
    """Some batches shrunk and enlarged again, as pictures of a small model are before they are judged."""
    if rng.random() >= BLURRED:
        return images
    size = images.shape[-1]
    small = F.interpolate(images, size=round(size / rng.uniform(1, BLUR)), mode="bilinear", antialias=True)
    return F.interpolate(small, size=size, mode="bilinear")


def mix(images: Tensor, rng: np.random.Generator) -> tuple[Tensor, float]:
    """CutMix on some batches: a rectangle of each picture from the one before it in the batch; and its share 0..1."""
    if rng.random() >= MIXED:
        return images, 0.0
    size = images.shape[-1]
    height, width = (max(1, round(size * side)) for side in np.sqrt(rng.random(2)))
    top, left = int(rng.integers(size - height + 1)), int(rng.integers(size - width + 1))
    mixed = images.clone()
    patch = (..., slice(top, top + height), slice(left, left + width))
    mixed[patch] = images.roll(1, 0)[patch]
    return mixed, height * width / size**2
