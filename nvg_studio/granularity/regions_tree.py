"""Any regions as the top of a tree: label maps and masks from outside become structure.

Regions are paired in rounds, the most similar ones first, as in the clustering of a latent (paper section 3.1); here
they have different sizes and any number.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvg_studio.errors import SequenceError
from nvg_studio.granularity.clustering import greedy_pairs
from nvg_studio.granularity.grid import tree_depth
from nvg_studio.granularity.halves import brighter_second
from nvg_studio.granularity.hierarchy import BitArray, IntArray, split

FloatArray = NDArray[np.float64]


def tree_from_regions(labels: NDArray[Any], features: NDArray[Any], brightness: NDArray[Any] | None = None) -> BitArray:
    """A binary tree whose first levels hold the regions of a label map.

    n regions take the first D = ceil(log2 n) levels. In every round each region or merged region is paired with
    another one by the distance of their mean features, the closest pair first; an odd one out gets an empty partner.
    Of two children, 2p is the one that was merged earlier (the lower label among single regions), or, as in balanced
    halves, the darker one. Deeper levels halve every region in reading order: a start for the generator, not a
    statement about the picture.

    Args:
        labels: whole numbers [L], L = 2^K, any values; equal means same region.
        features: float [L, F], what makes cells alike (colour, latent, position).
        brightness: float [L], for a model whose structure is made of halves: what its children are numbered by.

    Returns:
        bits uint8 [L, K].

    Raises:
        SequenceError: the arrays do not fit together, or there are values that are not finite.
    """
    given, values = _checked(labels, features)
    depth = tree_depth(len(given))
    values = values / max(float(np.abs(values).max(initial=0.0)), 1e-300)
    names, region = np.unique(given, return_inverse=True)
    levels = (len(names) - 1).bit_length()

    current = _pair_rounds(region.astype(np.int64), values, levels)
    bits = np.empty((len(given), depth), dtype=np.uint8)
    bits[:, :levels] = (current[:, None] >> np.arange(levels - 1, -1, -1)) & 1
    for level in range(levels, depth):
        bits[:, level] = split(-np.arange(len(given), dtype=np.float64), current)
        current = 2 * current + bits[:, level]
    return bits if brightness is None else brighter_second(bits, np.asarray(brightness, np.float64))


def _checked(labels: NDArray[Any], features: NDArray[Any]) -> tuple[NDArray[Any], FloatArray]:
    """A label map [L] and float64 [L, F] that fit together, all finite; SequenceError otherwise."""
    given = np.asarray(labels)
    values = np.asarray(features, dtype=np.float64)
    if (
        given.ndim != 1
        or given.dtype.kind not in "biu"
        or values.ndim != 2
        or not values.shape[1]
        or len(values) != len(given)
    ):
        raise SequenceError(
            f"A label map [cells] and features [cells, n] needed: {given.shape} and {values.shape} given."
        )
    if not np.isfinite(values).all():
        raise SequenceError("The features of the regions hold values that are not finite: leave those cells out.")
    return given, values


def _pair_rounds(region: IntArray, values: FloatArray, levels: int) -> IntArray:
    """Labels int64 [L] at level `levels` of the regions int64 [L] (0..n-1): the tree of their pairings."""
    count: FloatArray = np.bincount(region).astype(np.float64)
    sums = np.stack([np.bincount(region, weights=column) for column in values.T], axis=1)
    # number[r]: which merged region of the current round holds region r; rounds: the same for all rounds before.
    number = np.arange(len(count))
    rounds: list[IntArray] = []
    while len(count) > 1:
        rounds.append(number)
        first, second = _closest_pairs(sums / count[:, None])
        merge = np.empty(len(count), dtype=np.int64)
        merge[first] = np.arange(len(first))
        partnered = second >= 0
        merge[second[partnered]] = np.flatnonzero(partnered)
        number = merge[number]
        sums = np.stack([np.bincount(merge, weights=column) for column in sums.T], axis=1)
        count = np.bincount(merge, weights=count).astype(np.float64)

    assert len(rounds) == levels
    label = np.zeros(len(number), dtype=np.int64)
    parent = number
    for child in reversed(rounds):
        # The child with the lower number, merged earlier, is 2p.
        lowest = np.full(int(parent.max()) + 1, len(child), dtype=np.int64)
        np.minimum.at(lowest, parent, child)
        label = 2 * label + (child != lowest[parent])
        parent = child
    return np.asarray(label[region], dtype=np.int64)


def _closest_pairs(means: FloatArray) -> tuple[IntArray, IntArray]:
    """Greedy pairs of m points int64 [ceil(m / 2)] twice, in the order of merging; partner -1 for an odd one out."""
    total = len(means)
    size = total + total % 2
    distances = np.full((size, size), np.finfo(np.float32).max, dtype=np.float32)
    difference = means[:, None] - means
    distances[:total, :total] = np.sqrt((difference * difference).sum(axis=2))
    first, second = greedy_pairs(distances)
    return first, np.where(second < total, second, -1)
