"""Equal clusters again after a stroke, with the fewest cells changing sides.

Two assignment problems: cells to clusters of the edited level (each takes L / 2^level cells), then inside every
changed cluster cells to leaves, so that a balanced tree stays a permutation at level K.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from nvg_studio.errors import LockError
from nvg_studio.granularity.grid import BoolArray, cell_distances, cell_mask, edge_distance
from nvg_studio.granularity.hierarchy import (
    BitArray,
    IntArray,
    bits_to_labels,
    check_stage,
    is_balanced,
    labels_to_bits,
)
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.moves import locks_for, regroup
from nvg_studio.granularity.sequence import GranularitySequence

FloatArray = NDArray[np.float64]

# Prices of changing a cell, so far apart that each is decided before the next: how many cells change, how many of them
# were just painted or keep locked content, how far up the tree they change. Distances (below 50 cells) come last.
_CHANGED, _RELUCTANT, _PER_LEVEL = 1e8, 1e5, 1e2
_NEARER_TO_RECEIVER = 1e-3


def balance(
    sequence: GranularitySequence,
    level: int,
    locks: Locks | None = None,
    painted: ArrayLike | None = None,
) -> GranularitySequence:
    """Make all clusters of levels 1..level equal in size by moving the fewest cells.

    Locked bits never change. Among equally few cells, those just painted and those with locked content move last,
    cells rather change at deep levels than at coarse ones, and those nearest to the painted edge (or, without
    `painted`, to the receiving cluster) go.
    Moved cells take the tokens of their new cluster at stages 0..level. Then the deeper bits in the clusters that
    changed are dealt out again with the fewest changes, one cell to a leaf.

    Args:
        sequence: after the stroke.
        level: 0..K, the stroke's level; 0 has nothing to balance.
        locks: what must not change.
        painted: bool [L] or positions: the cells that the stroke changed.

    Raises:
        LockError: locks hold more cells in a cluster than fit into it.
        SequenceError: no such level or cell.
    """
    if check_stage(level, sequence.depth, "level") == 0:
        return sequence
    held = locks_for(sequence, locks)
    stroke = cell_mask([] if painted is None else painted, sequence.cells)
    labels = sequence.labels(level)
    dealt = labels
    if not is_balanced(sequence.bits, level):
        _refuse_overfull(sequence.bits, held, range(1, level + 1), np.ones(sequence.cells, dtype=np.bool_))
        dealt = _nearest_equal_labels(labels, level, held, stroke)

    bits = sequence.bits.copy()
    bits[:, :level] = labels_to_bits(dealt, level)
    moved = dealt != labels
    changed = np.isin(dealt, np.r_[labels[moved], dealt[moved | stroke]])
    _refuse_overfull(bits, held, range(level + 1, sequence.depth + 1), changed)
    for cluster in np.unique(dealt[changed]):
        _redistribute_leaves(bits, np.flatnonzero(dealt == cluster), level, held, moved | stroke)
    return regroup(sequence, bits, level, held)


def _nearest_equal_labels(labels: IntArray, level: int, locks: Locks, painted: BoolArray) -> IntArray:
    """Labels int64 [L] at `level` with equal sizes, the fewest and cheapest cells changed."""
    clusters = 1 << level
    cells = len(labels)
    price, climb = _change_prices(labels, level, np.minimum(locks.structure, level))
    nearest = _distance_to_clusters(labels, clusters)
    edge = edge_distance(painted)
    distance = edge[:, None] + _NEARER_TO_RECEIVER * nearest if edge.any() else nearest
    reluctant = painted | (locks.content > 0)
    price += np.where(climb > 0, distance + _RELUCTANT * reluctant[:, None], 0.0)
    slots = cells // clusters
    _, slot = linear_sum_assignment(np.repeat(price, slots, axis=1))
    return np.asarray(slot, dtype=np.int64) // slots


def _redistribute_leaves(bits: BitArray, members: IntArray, level: int, locks: Locks, arrived: BoolArray) -> None:
    """Give the cells `members` of one cluster of `level` a leaf each, in place, with the fewest changes of bits."""
    deeper = bits.shape[1] - level
    leaves = bits_to_labels(bits[members, level:], deeper)
    if len(np.unique(leaves)) == len(members):
        return
    price, climb = _change_prices(leaves, deeper, np.clip(locks.structure[members] - level, 0, deeper))
    # Rather change a cell that has just come than one that was here.
    price += np.where(climb > 0, (~arrived[members]).astype(np.float64)[:, None], 0.0)
    _, leaf = linear_sum_assignment(price)
    bits[members, level:] = labels_to_bits(np.asarray(leaf, dtype=np.int64), deeper)


def _change_prices(labels: IntArray, level: int, held: NDArray[np.int16]) -> tuple[FloatArray, IntArray]:
    """What it costs to relabel cells, by count and tree alone.

    Returns:
        prices float64 [cells, 2**level], infinite where the first `held` levels of a cell would change, and the number
        of levels that change, int64 of the same shape.
    """
    # The number of bits from the highest differing one down (frexp's exponent is the bit length).
    climb = np.frexp((labels[:, None] ^ np.arange(1 << level)).astype(np.float64))[1].astype(np.int64)
    price = np.where(climb > 0, _CHANGED + _PER_LEVEL * climb, 0.0)
    price[climb > level - held.astype(np.int64)[:, None]] = np.inf
    return price, climb


def _distance_to_clusters(labels: IntArray, clusters: int) -> FloatArray:
    """Distance float64 [L, clusters] of every cell to the nearest cell of every cluster; an empty one is farthest."""
    distances = cell_distances(len(labels))
    order = np.argsort(labels, kind="stable")
    present, starts = np.unique(labels[order], return_index=True)
    result: FloatArray = np.full((len(labels), clusters), distances.max())
    result[:, present] = np.minimum.reduceat(distances[:, order], starts, axis=1)
    return result


def _refuse_overfull(bits: BitArray, locks: Locks, levels: range, among: BoolArray) -> None:
    """Raise LockError where locks hold more of the cells `among` in a cluster than fit into it.

    Held prefixes nest, so this is the only way in which no balanced tree can exist (Hall's condition).
    """
    overfull = []
    for level in levels:
        fit = len(bits) >> level
        held = np.bincount(bits_to_labels(bits, level)[among & (locks.structure >= level)], minlength=1 << level)
        overfull += [
            f"cluster {cluster} of level {level} ({held[cluster]} cells, {fit} fit)"
            for cluster in np.flatnonzero(held > fit)
        ]
    if overfull:
        more = f" and {len(overfull) - 3} more" if len(overfull) > 3 else ""
        names = ", ".join(overfull[:3])
        raise LockError(f"Cannot balance: locks hold too much in {names}{more}. Unlock cells there, or paint freely.")
