"""The binary tree over the cells of a picture, as numbers: bits, labels, structure embedding, the split rule.

L = 2^K cells, row by row; K levels; stages 0..K. `bits[cell, j]` is the turn a cell takes at level j + 1 of the tree,
so its label at stage i is the number written by its first i bits, most significant first. Whatever the bits are, the
children of label p are 2p and 2p + 1: nested labels cannot be broken.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvg_studio.errors import SequenceError

BitArray = NDArray[np.uint8]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def check_stage(stage: int, depth: int, name: str = "stage", lowest: int = 0) -> int:
    """`stage` itself if lowest <= stage <= depth; SequenceError otherwise."""
    if not lowest <= stage <= depth:
        raise SequenceError(f"There is no {name} {stage}: choose one from {lowest} to {depth}.")
    return int(stage)


def bits_to_labels(bits: BitArray, stage: int) -> IntArray:
    """Labels int64 [L] at `stage`, 0 <= label < 2**stage, of bits [L, K]."""
    check_stage(stage, bits.shape[1])
    weights = np.int64(1) << np.arange(stage - 1, -1, -1, dtype=np.int64)
    return np.asarray(bits[:, :stage].astype(np.int64) @ weights, dtype=np.int64)


def all_labels(bits: BitArray) -> IntArray:
    """Labels int64 [K + 1, L] of all stages, of bits [L, K]."""
    depth = bits.shape[1]
    return np.asarray(bits_to_labels(bits, depth) >> np.arange(depth, -1, -1)[:, None], dtype=np.int64)


def labels_to_bits(labels: NDArray[Any], depth: int) -> BitArray:
    """Bits uint8 [L, depth] of the labels [L] at the last stage; SequenceError unless 0 <= label < 2**depth."""
    finest = np.asarray(labels)
    if finest.ndim != 1 or finest.dtype.kind not in "iu":
        raise SequenceError(f"Labels are one row of whole numbers, not {finest.dtype} of shape {finest.shape}.")
    if finest.size and not 0 <= int(finest.min()) <= int(finest.max()) < 1 << depth:
        raise SequenceError(f"Labels at level {depth} lie from 0 to {(1 << depth) - 1}: there are others in the map.")
    return ((finest.astype(np.int64)[:, None] >> np.arange(depth - 1, -1, -1)) & 1).astype(np.uint8)


def structure_embedding(bits: BitArray, stage: int) -> BitArray:
    """Structure as the networks see it: uint8 [L, K], 2 * bit for channels < stage, 1 ("unknown") for the others."""
    check_stage(stage, bits.shape[1])
    embedding = np.ones(bits.shape, dtype=np.uint8)
    embedding[:, :stage] = 2 * bits[:, :stage]
    return embedding


def cluster_sizes(bits: BitArray, stage: int) -> IntArray:
    """Number of cells int64 [2**stage] of every cluster at `stage`."""
    return np.bincount(bits_to_labels(bits, stage), minlength=1 << stage)


def is_balanced(bits: BitArray, level: int) -> bool:
    """Whether all clusters of every level from 1 to `level` have the same size (level K: labels are a permutation)."""
    # Equal sizes at one level make all coarser ones equal.
    return bool((cluster_sizes(bits, level) << level == len(bits)).all())


def imbalance(bits: BitArray) -> float:
    """Distance from the balanced trees of the training data: 0 (balanced) to below 1.

    The share of cells beyond their cluster's fair size (the cells that would have to move), averaged over the levels.
    """
    cells, depth = bits.shape
    return float(np.mean([excess(bits, level) for level in range(1, depth + 1)]) / cells)


def excess(bits: BitArray, level: int) -> int:
    """Cells beyond their cluster's fair size at `level`: how many must move at least to make the clusters equal."""
    return int(np.maximum(cluster_sizes(bits, level) - (len(bits) >> level), 0).sum())


def split(scores: NDArray[Any], labels: IntArray, known: NDArray[np.int8] | None = None) -> BitArray:
    """One level of the tree: which cells of every cluster go to its second child.

    A cluster of m cells gives bit 1 to n1 = clip(m // 2, cells known to be 1, m - cells known to be 0) of them: the
    known ones and the best scores of the free ones; ties go to the lower position. A single free cell gets bit 1 if
    its score is above 0. Without known cells, on equal clusters of even size, this is the paper's rule.

    Args:
        scores: real numbers [L]; only their order within a cluster matters (for a single cell, their sign).
        labels: int64 [L], clusters before the split.
        known: int8 [L], the bit of cells that are held, -1 for free ones; None if all are free.

    Returns:
        uint8 [L], 0 or 1.
    """
    labels = np.asarray(labels, dtype=np.int64)
    held = np.full(len(labels), -1, dtype=np.int8) if known is None else np.asarray(known)
    clusters = int(labels.max()) + 1 if len(labels) else 0
    size = np.bincount(labels, minlength=clusters)
    ones = np.bincount(labels[held == 1], minlength=clusters)
    zeros = np.bincount(labels[held == 0], minlength=clusters)
    wanted = np.clip(size // 2, ones, size - zeros) - ones

    free = np.flatnonzero(held < 0)
    order = free[np.lexsort((free, -np.asarray(scores, dtype=np.float64)[free], labels[free]))]
    group = labels[order]
    free_size = size - ones - zeros
    start = np.cumsum(free_size) - free_size
    rank = np.arange(len(order)) - start[group]
    bits: BitArray = (held == 1).astype(np.uint8)
    bits[order] = rank < wanted[group]
    single = free[size[labels[free]] == 1]
    bits[single] = np.asarray(scores)[single] > 0
    return bits
