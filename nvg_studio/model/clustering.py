"""The clustering of `granularity.clustering` for whole batches, on the device of the latents."""

import torch
from torch import Tensor

from nvg_studio.errors import SequenceError
from nvg_studio.granularity.structure_method import Halves, StructureMethod
from nvg_studio.model.halves import halve_batch


@torch.no_grad()
def cluster_batch(latents: Tensor, method: StructureMethod) -> Tensor:
    """Structure maps of many latents at once, as `granularity.clustering.structure_maps` makes them one by one.

    Args:
        latents: float [B, L, C] with L a power of two.

    Returns:
        int64 [B, K + 1, L] with K = log2 L; row i holds labels 0 <= label < 2**i.

    Raises:
        SequenceError: a latent is not finite.
    """
    if not bool(latents.isfinite().all()):
        raise SequenceError("Cannot cluster the latents: they hold values that are not finite. Check the weights.")
    depth = latents.shape[1].bit_length() - 1
    finest = halve_batch(latents, method) if isinstance(method, Halves) else _pair_batch(latents, depth)
    return finest.unsqueeze(1) >> torch.arange(depth, -1, -1, device=latents.device).view(-1, 1)


def _pair_batch(latents: Tensor, depth: int) -> Tensor:
    """Finest labels int64 [B, L] by bottom-up pairs."""
    sums, merges = latents.float(), []
    for level in range(depth):
        first, second = greedy_pairs(_distances(sums / (1 << level)))
        pairs = torch.arange(first.shape[1], device=sums.device).expand_as(first)
        merge = torch.empty_like(sums[..., 0], dtype=torch.int64)
        merges.append(merge.scatter(1, first, pairs).scatter(1, second, pairs))
        sums = _rows(sums, first) + _rows(sums, second)
    return _renumber(merges)


def _rows(values: Tensor, index: Tensor) -> Tensor:
    return values.gather(1, index.unsqueeze(-1).expand(-1, -1, values.shape[-1]))


def _distances(points: Tensor) -> Tensor:
    """Euclidean distances [B, m, m] of points [B, m, C], through the matrix-product form; infinite to itself."""
    squares = points.square().sum(-1)
    squared = squares.unsqueeze(1) + squares.unsqueeze(2) - 2 * (points @ points.transpose(1, 2))
    upper = squared.clamp(min=0).sqrt().triu(1)
    distances = upper + upper.transpose(1, 2)
    return distances.masked_fill_(torch.eye(points.shape[1], dtype=torch.bool, device=points.device), torch.inf)


def greedy_pairs(distances: Tensor) -> tuple[Tensor, Tensor]:
    """The greedy perfect matchings of B sets of m points: always the closest pair left, first in row order on a tie.

    Args:
        distances: symmetric float [B, m, m], m even, infinite on the diagonal.

    Returns:
        int64 [B, m / 2] twice, lower and higher partner, in the order of merging.
    """
    points = distances.shape[1]
    here = torch.arange(points, device=distances.device)
    partner = torch.full_like(distances[..., 0], -1, dtype=torch.int64)
    rest = distances.clone()
    while bool((partner < 0).any()):
        # A pair that is closest for both its partners is in the matching whatever happens elsewhere.
        nearest = rest.argmin(2)
        mutual = (nearest.gather(1, nearest) == here) & (partner < 0)
        partner = torch.where(mutual, nearest, partner)
        rest.masked_fill_(mutual.unsqueeze(1) | mutual.unsqueeze(2), torch.inf)
    # Sorted by (is the higher one, place), the first half are the lower partners in row order.
    first = torch.where(here < partner, here, here + points).sort(1).values[:, : points // 2]
    second = partner.gather(1, first)
    costs = _rows(distances, first).gather(2, second.unsqueeze(-1)).squeeze(-1)
    order = costs.argsort(dim=1, stable=True)
    return first.gather(1, order), second.gather(1, order)


def _renumber(merges: list[Tensor]) -> Tensor:
    """Finest labels int64 [B, L] such that the children of p are 2p (merged earlier) and 2p + 1."""
    label = torch.zeros_like(merges[-1][:, :1])
    for merge in reversed(merges):
        order = label.gather(1, merge).argsort(dim=1, stable=True)
        places = torch.arange(merge.shape[1], device=merge.device).expand_as(merge)
        label = torch.empty_like(merge).scatter(1, order, places)
    return label
