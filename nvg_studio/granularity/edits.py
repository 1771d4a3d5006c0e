"""Every gesture on a sequence, as a pure function from value to value.

All edits respect locks: a locked bit or token comes out as it went in. A cell whose locked bits a gesture would change
is left alone by it; a content lock alone does not stop a gesture, it keeps the tokens. Gestures that are all or
nothing (merge, swap, balance) raise LockError instead. Bits and tokens deeper than the edited level stay: they are
stale until the next run. `balance` and `transfer` have files of their own and belong to the public names here.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from nvg_studio.errors import LockError, SequenceError
from nvg_studio.granularity.balance import balance
from nvg_studio.granularity.grid import BoolArray, cell_mask
from nvg_studio.granularity.hierarchy import BitArray, check_stage
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.moves import check_cluster, check_same_grid, forbidden, locks_for, regroup, with_path
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.granularity.transfer import transfer

__all__ = [
    "balance",
    "blocked",
    "changed_cells",
    "fill",
    "first_changed_stage",
    "merge",
    "paint",
    "path_tokens",
    "restore",
    "set_token",
    "swap",
    "transfer",
]


def paint(
    sequence: GranularitySequence,
    cells: ArrayLike,
    level: int,
    cluster: int,
    locks: Locks | None = None,
    inside_parent: bool = True,
) -> GranularitySequence:
    """Put cells into a cluster: its path, and where that changed them its tokens of stages 0..level.

    Sizes come out as painted (free); call `balance` for a balanced tree.

    Args:
        sequence: before the stroke.
        cells: bool [L], or positions.
        level: 0..K.
        cluster: 0 <= cluster < 2**level.
        locks: cells whose locked bits the stroke would change are left alone.
        inside_parent: leave alone the cells outside of the cluster's parent; otherwise coarser levels change too.

    Raises:
        SequenceError: no such level, cluster or cell.
    """
    held = locks_for(sequence, locks)
    stroke = _stroke(sequence, cells, level, cluster, inside_parent)
    stroke &= ~forbidden(sequence, with_path(sequence.bits, stroke, level, cluster), held)
    return regroup(sequence, with_path(sequence.bits, stroke, level, cluster), level, held)


def blocked(
    sequence: GranularitySequence,
    cells: ArrayLike,
    level: int,
    cluster: int,
    locks: Locks | None = None,
    inside_parent: bool = True,
) -> BoolArray:
    """The cells bool [L] of a stroke that `paint` with the same arguments leaves alone because of locks."""
    stroke = _stroke(sequence, cells, level, cluster, inside_parent)
    return forbidden(sequence, with_path(sequence.bits, stroke, level, cluster), locks_for(sequence, locks))


def fill(
    sequence: GranularitySequence,
    level: int,
    source_cluster: int,
    cluster: int,
    locks: Locks | None = None,
    inside_parent: bool = True,
) -> GranularitySequence:
    """`paint` all cells of `source_cluster` with `cluster`, both of `level`."""
    check_cluster(source_cluster, level, sequence.depth)
    return paint(sequence, sequence.labels(level) == source_cluster, level, cluster, locks, inside_parent)


def restore(
    sequence: GranularitySequence,
    result: GranularitySequence,
    cells: ArrayLike,
    level: int | None = None,
    locks: Locks | None = None,
) -> GranularitySequence:
    """The eraser: give cells back the bits and tokens that they have in `result`, the last engine result.

    Args:
        sequence: before the stroke.
        result: where the cells' numbers come from; same grid.
        cells: bool [L], or positions.
        level: restore the first `level` bits and the tokens of stages 0..level; None: everything.
        locks: cells whose locked bits would change are left alone; locked tokens stay.

    Raises:
        SequenceError: another grid, no such level or cell.
    """
    check_same_grid(sequence, result)
    last = check_stage(sequence.depth if level is None else level, sequence.depth, "level")
    held = locks_for(sequence, locks)
    stroke = cell_mask(cells, sequence.cells)
    stroke &= ~forbidden(sequence, _taken_over(sequence.bits, result.bits, stroke, last), held)
    token_map = sequence.token_map.copy()
    tokens = stroke & ~held.tokens
    tokens[last + 1 :] = False
    token_map[tokens] = result.token_map[tokens]
    return sequence.replace(_taken_over(sequence.bits, result.bits, stroke, last), token_map)


def merge(sequence: GranularitySequence, level: int, cluster: int, locks: Locks | None = None) -> GranularitySequence:
    """Put all cells of a cluster (level 1..K) into its sibling; the cluster is empty afterwards.

    Raises:
        LockError: locks hold cells of the cluster at this level.
        SequenceError: no such level or cluster.
    """
    check_cluster(cluster, level, sequence.depth, lowest=1)
    held = locks_for(sequence, locks)
    bits = with_path(sequence.bits, sequence.labels(level) == cluster, level, cluster ^ 1)
    _refuse_locked(sequence, bits, held, f"merge cluster {cluster} of level {level} into {cluster ^ 1}")
    return regroup(sequence, bits, level, held)


def swap(sequence: GranularitySequence, level: int, a: int, b: int, locks: Locks | None = None) -> GranularitySequence:
    """Exchange two clusters of `level` (0..K): the cells of each take the path and the tokens of the other.

    Raises:
        LockError: locks hold cells of the two at a level where they part.
        SequenceError: no such level or cluster.
    """
    check_cluster(a, level, sequence.depth)
    check_cluster(b, level, sequence.depth)
    held = locks_for(sequence, locks)
    labels = sequence.labels(level)
    bits = with_path(with_path(sequence.bits, labels == a, level, b), labels == b, level, a)
    _refuse_locked(sequence, bits, held, f"swap clusters {a} and {b} of level {level}")
    return regroup(sequence, bits, level, held)


def set_token(
    sequence: GranularitySequence,
    level: int,
    cluster: int,
    tokens: int | Sequence[int],
    locks: Locks | None = None,
) -> GranularitySequence:
    """Give the cells of a cluster other content; locked tokens stay.

    Args:
        sequence: before the edit.
        level: 0..K.
        cluster: 0 <= cluster < 2**level.
        tokens: one codebook index for stage `level` alone, or level + 1 of them for stages 0..level, such as
            `path_tokens` of another cluster; -1 leaves a stage as it is.
        locks: content locks are respected.

    Raises:
        SequenceError: no such level or cluster, another number of tokens, or one below -1.
    """
    check_cluster(cluster, level, sequence.depth)
    held = locks_for(sequence, locks)
    given = [-1] * level + [tokens] if isinstance(tokens, int | np.integer) else list(tokens)
    if len(given) != level + 1 or min(given) < -1:
        raise SequenceError(f"Content at level {level} is one token or {level + 1} of them, each a codebook index.")
    members = sequence.labels(level) == cluster
    token_map = sequence.token_map.copy()
    for stage, token in enumerate(given):
        if token >= 0:
            token_map[stage, members & ~held.tokens[stage]] = token
    return sequence.replace(token_map=token_map)


def path_tokens(sequence: GranularitySequence, level: int, cluster: int) -> tuple[int, ...]:
    """A cluster's content: its tokens of stages 0..level, from the root down; -1 where its path is empty."""
    check_cluster(cluster, level, sequence.depth)
    tokens = sequence.tokens[: level + 1]
    return tuple(int(row[cluster >> (level - stage)]) for stage, row in enumerate(tokens))


def changed_cells(before: GranularitySequence, after: GranularitySequence, level: int | None = None) -> BoolArray:
    """Cells bool [L] whose first `level` bits differ (None: any bit): what a stroke or a balancing moved."""
    check_same_grid(before, after)
    last = check_stage(before.depth if level is None else level, before.depth, "level")
    moved: BoolArray = (before.bits[:, :last] != after.bits[:, :last]).any(axis=1)
    return moved


def first_changed_stage(before: GranularitySequence, after: GranularitySequence) -> int | None:
    """The lowest stage from which a run must start to follow an edit; None where there is nothing to follow.

    A changed bit of level i asks for a run from stage i: all clusters of that level get new tokens. Tokens set
    directly (without changed bits) at one stage or several in a row ask for a run from the stage after them, which
    keeps them; at the last stage for none.
    """
    check_same_grid(before, after)
    levels = np.flatnonzero((before.bits != after.bits).any(axis=0)) + 1
    stages = (before.token_map != after.token_map).any(axis=1)
    starts = [int(levels[0])] if levels.size else []
    if stages.any():
        lowest = int(stages.argmax())
        following = np.flatnonzero(~stages[lowest:])
        starts += [lowest + int(following[0])] if following.size else []
    return min(starts, default=None)


def _stroke(
    sequence: GranularitySequence, cells: ArrayLike, level: int, cluster: int, inside_parent: bool
) -> BoolArray:
    """The cells bool [L] of a stroke, clipped to the cluster's parent on request."""
    check_cluster(cluster, level, sequence.depth)
    stroke = cell_mask(cells, sequence.cells)
    if inside_parent and level:
        stroke &= sequence.labels(level - 1) == cluster >> 1
    return stroke


def _taken_over(bits: BitArray, source: BitArray, cells: BoolArray, level: int) -> BitArray:
    """A copy of `bits` [L, K] in which `cells` have the first `level` bits of `source`."""
    result = bits.copy()
    result[cells, :level] = source[cells, :level]
    return result


def _refuse_locked(sequence: GranularitySequence, bits: BitArray, locks: Locks, deed: str) -> None:
    """Raise LockError if going over to `bits` would change locked bits."""
    count = int(forbidden(sequence, bits, locks).sum())
    if count:
        raise LockError(f"Cannot {deed}: locks hold {count} of the cells there. Unlock them first.")
