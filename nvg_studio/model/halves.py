"""The balanced halves of `granularity.halves` for whole batches, on the device of the latents, in float64."""

import torch
from torch import Tensor

from nvg_studio.granularity.grid import grid_shape
from nvg_studio.granularity.halves import AXIS_UNITS, MAX_ROUNDS, POWER_STEPS, SMALLEST, UNITS, grid_places
from nvg_studio.granularity.structure_method import Halves


def halve_batch(latents: Tensor, method: Halves) -> Tensor:
    """Finest labels int64 [B, L] of latents float [B, L, C], as `granularity.halves.halve` makes them one by one."""
    # Apple's GPUs have no float64.
    device = torch.device("cpu") if latents.device.type == "mps" else latents.device
    products, brightness = _cell_products(latents.to(device).double(), method)
    count, cells = brightness.shape
    order = torch.arange(cells, device=device).expand(count, 1, cells)  # [B, n, m], the cells of every node
    for _ in range(cells.bit_length() - 1):
        order = _split(products, brightness, order)
    finest = torch.empty(count, cells, dtype=torch.int64, device=device)
    labels = torch.arange(cells, device=device).expand(count, cells)
    return finest.scatter_(1, order.flatten(1), labels).to(latents.device)


def _cell_products(latents: Tensor, method: Halves) -> tuple[Tensor, Tensor]:
    """Inner products [B, L, L] of the cells' features and their brightness [B, L], whole numbers."""
    rows, columns = grid_shape(latents.shape[1])
    raw = latents - latents[:, :1]
    raw = raw - raw.mean(1, keepdim=True)
    variance = raw.square().mean((1, 2)).view(-1, 1, 1)
    varies = variance > 0
    variance = torch.where(varies, variance, 1.0)
    smooth = _smoothed(raw.unflatten(1, (rows, columns)), method.smoothing).flatten(1, 2)
    places = torch.from_numpy(grid_places(rows, columns)).to(raw)
    near = method.position_weight**2 * (places @ places.T)
    products = (smooth @ smooth.transpose(1, 2) / variance + near) * varies
    largest = products.diagonal(dim1=1, dim2=2).amax(1).clamp(min=SMALLEST).view(-1, 1, 1)
    brightness = raw.sum(2) / (raw.shape[2] * variance.sqrt().flatten(1))
    return (products * (UNITS / largest)).round(), (brightness * UNITS).round()


def _smoothed(images: Tensor, times: int) -> Tensor:
    """Images [B, h, w, C] smoothed over 3 x 3 neighbours with weights 1-2-1 either way, edges repeated."""
    for _ in range(times):
        images = _smoothed_rows(_smoothed_rows(images).transpose(1, 2)).transpose(1, 2)
    return images


def _smoothed_rows(images: Tensor) -> Tensor:
    padded = torch.cat([images[:, :1], images, images[:, -1:]], 1)
    return (padded[:, :-2] + 2 * images + padded[:, 2:]) / 4


def _split(products: Tensor, brightness: Tensor, order: Tensor) -> Tensor:
    """Cells [B, n, m] of every node in rising order -> [B, 2n, m / 2], of its children."""
    count, nodes, size = order.shape
    rows = torch.arange(count, device=order.device)
    own = products[rows.view(-1, 1, 1, 1), order.unsqueeze(3), order.unsqueeze(2)]  # [B, n, m, m]
    means = own.sum(3, keepdim=True) / size
    own = (own - (means + means.transpose(2, 3)) + own.sum((2, 3), keepdim=True) / size**2).round()
    upper = _cut(_widest_direction(own))
    for _ in range(MAX_ROUNDS):
        toward = torch.where(upper, size // 2, -(size // 2)).double()
        again = _cut((own @ toward.unsqueeze(3)).squeeze(3))
        if torch.equal(again, upper):
            break
        upper = again
    own_brightness = brightness[rows.view(-1, 1, 1), order]
    difference = torch.where(upper, own_brightness, -own_brightness).sum(2)
    swapped = (difference < 0) | ((difference == 0) & upper[..., 0])
    ones = upper ^ swapped.unsqueeze(2)
    # A stable sort keeps the cells of either child in rising order.
    children = order.gather(2, ones.long().argsort(dim=2, stable=True))
    return children.view(count, 2 * nodes, size // 2)


def _widest_direction(products: Tensor) -> Tensor:
    """Every cell's place [B, n, m] along the first principal axis of its node, by power iteration."""
    farthest = products.diagonal(dim1=2, dim2=3).argmax(2)  # [B, n]
    place = products.gather(2, farthest[..., None, None].expand(-1, -1, 1, products.shape[3])).squeeze(2)
    for _ in range(POWER_STEPS):
        peak = place.abs().amax(2, keepdim=True).clamp(min=1)
        place = (products @ (place * (AXIS_UNITS / peak)).round().unsqueeze(3)).squeeze(3)
    return place


def _cut(place: Tensor) -> Tensor:
    """The half of every node with the highest places [B, n, m]; ties go to the lower position."""
    order = (-place).argsort(dim=2, stable=True)
    half = torch.arange(place.shape[2], device=place.device) < place.shape[2] // 2
    return torch.zeros_like(place, dtype=torch.bool).scatter_(2, order, half.expand_as(order))
