"""Bottom-up equal-size clustering of a latent: how the structure maps of a picture are made (paper section 3.1).

Every round matches all clusters in pairs, the closest pair first. Such a greedy perfect matching does not need the
whole distance matrix sorted: a pair that is closest for both its partners is in the greedy matching whatever happens
elsewhere, so whole batches of such pairs can be taken at once. The result is the same to the last tie.
"""

import numpy as np
from numpy.typing import NDArray

from nvg_studio.granularity.grid import clustering_depth
from nvg_studio.granularity.halves import halve
from nvg_studio.granularity.structure_method import Halves, StructureMethod

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]


def structure_maps(latent: FloatArray, method: StructureMethod) -> IntArray:
    """Structure maps of one latent float [L, C] by a model's method: as `cluster` or as `halves.halve`."""
    return halve(latent, method) if isinstance(method, Halves) else cluster(latent)


def cluster(latent: FloatArray) -> IntArray:
    """Structure maps of one latent, coarse to fine.

    Args:
        latent: float [L, C], one vector for every cell, row by row; L a power of two, at least 2.

    Returns:
        int64 [K + 1, L] with K = log2 L; row i holds labels 0 <= label < 2**i, and row i is row K >> (K - i).

    Raises:
        SequenceError: L is not a power of two, or the latent is not finite.
    """
    latent = np.ascontiguousarray(latent, dtype=np.float32)
    depth = clustering_depth(latent)
    merges = _merge_rounds(latent, depth)
    finest = _renumber(merges, len(latent))
    return finest >> np.arange(depth, -1, -1)[:, None]


def _merge_rounds(latent: FloatArray, depth: int) -> list[IntArray]:
    """Merge all cells into one cluster in `depth` rounds.

    Returns one int64 [clusters before the round] array a round: the number of the merge each cluster went into.
    """
    merges = []
    sums = latent
    for round_number in range(depth):
        means = sums / np.float32(1 << round_number)
        first, second = greedy_pairs(_distances(means))
        merge = np.empty(len(sums), dtype=np.int64)
        merge[first] = merge[second] = np.arange(len(first))
        merges.append(merge)
        sums = sums[first] + sums[second]
    return merges


def _distances(points: FloatArray) -> FloatArray:
    """Euclidean distances float32 [m, m] of `points` [m, C], through the matrix-product form."""
    squares = np.einsum("mc,mc->m", points, points)
    distances = points @ points.T
    distances *= -2.0
    distances += squares[:, None]
    distances += squares
    np.maximum(distances, 0.0, out=distances)
    np.sqrt(distances, out=distances)
    upper = np.triu(distances, 1)
    return np.asarray(upper + upper.T, dtype=np.float32)


def greedy_pairs(distances: FloatArray) -> tuple[IntArray, IntArray]:
    """The greedy perfect matching of m points: again and again the closest pair left, the first in row order on a tie.

    Args:
        distances: symmetric float [m, m], m even; the diagonal is not read.

    Returns:
        int64 [m / 2] twice, lower and higher partner, in the order of merging.
    """
    left = np.arange(len(distances))
    rest = distances.copy()
    np.fill_diagonal(rest, np.inf)
    found = []
    while len(left):
        # The lowest column wins a tie, which is the row order of the pairs (i, j), i < j, as seen from either partner.
        nearest = rest.argmin(axis=1)
        here = np.arange(len(left))
        mutual = nearest[nearest] == here
        lower = here[mutual & (here < nearest)]
        found.append(np.stack([left[lower], left[nearest[lower]]]))
        keep = ~mutual
        left = left[keep]
        rest = rest[np.ix_(keep, keep)]
    first, second = np.concatenate(found, axis=1)
    order = np.lexsort((second, first, distances[first, second]))
    return first[order], second[order]


def _renumber(merges: list[IntArray], cells: int) -> IntArray:
    """Finest labels int64 [cells] such that the children of p are 2p (merged earlier) and 2p + 1."""
    label = np.zeros(1, dtype=np.int64)
    for merge in reversed(merges):
        # Rank by (label of the parent, own number): a stable sort by the parent's label alone does it.
        order = np.argsort(label[merge], kind="stable")
        finer = np.empty(len(merge), dtype=np.int64)
        finer[order] = np.arange(len(merge))
        label = finer
    assert len(label) == cells
    return label
