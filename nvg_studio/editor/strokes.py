"""What a stroke of each tool makes of a sequence and its locks: pure functions, no Qt.

`Choices` are those at the press. Everything goes through `granularity.edits`; a script that calls the same edits gets
the same sequence.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nvg_studio.editor.choices import Choices, LockKind
from nvg_studio.granularity import edits
from nvg_studio.granularity.grid import connected
from nvg_studio.granularity.hierarchy import is_balanced
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence

Mask = NDArray[np.bool_]

LOCKED = "Locked: these cells keep their cluster. Unlock them to paint here."
CONTENT_LOCKED = "Locked: these cells keep their content. Unlock them to give them other content."


def painted(sequence: GranularitySequence, cells: Mask, choices: Choices, locks: Locks) -> GranularitySequence:
    """`cells` bool [L] given to the active cluster, levels made equal again where `choices.balanced`.

    Raises LockError where balancing is impossible.
    """
    stroke = edits.paint(sequence, cells, choices.level, choices.cluster, locks, choices.inside_parent)
    return _balanced(sequence, stroke, choices, locks)


def restored(
    sequence: GranularitySequence, result: GranularitySequence, cells: Mask, choices: Choices, locks: Locks
) -> GranularitySequence:
    """`cells` given back what they had in `result`, balanced like `painted`.

    All levels come back, so a tree that is balanced down to its leaves is balanced there again.
    """
    stroke = edits.restore(sequence, result, cells, None, locks)
    level = sequence.depth if is_balanced(sequence.bits, sequence.depth) else choices.level
    return _balanced(sequence, stroke, replace(choices, level=level), locks)


def region(sequence: GranularitySequence, cell: int, choices: Choices) -> Mask:
    """What a fill from a cell covers: the cell's cluster, bool [L]; only the part connected with it if contiguous."""
    labels = sequence.labels(choices.level)
    cluster = np.asarray(labels == labels[cell])
    return connected(cluster, cell) if choices.contiguous else cluster


def split_by_locks(sequence: GranularitySequence, cells: Mask, choices: Choices, locks: Locks) -> tuple[Mask, Mask]:
    """Which of `cells` a stroke would change, and which it may not, each bool [L].

    Forbidden are cells that a lock holds, and those outside the parent of the active cluster.
    """
    other = cells & (sequence.labels(choices.level) != choices.cluster)
    held = edits.blocked(sequence, other, choices.level, choices.cluster, locks, choices.inside_parent)
    outside = np.zeros_like(other)
    if choices.inside_parent and choices.level:
        outside = other & (sequence.labels(choices.level - 1) != choices.cluster >> 1)
    return other & ~held & ~outside, held | outside


def lowest_level(sequence: GranularitySequence, change: Mask, choices: Choices) -> int | None:
    """The lowest level that giving `change` bool [L] to the active cluster changes; None where it changes none."""
    shift = choices.level - np.arange(1, choices.level + 1)
    path = (choices.cluster >> shift) & 1
    levels = np.flatnonzero((sequence.bits[change, : choices.level] != path).any(axis=0)) + 1
    return int(levels[0]) if levels.size else None


def size_changes(sequence: GranularitySequence, change: Mask, choices: Choices) -> dict[int, int]:
    """Cells that clusters of the level gain (or lose, below 0) by giving `change` bool [L] to the active cluster."""
    losses = np.bincount(sequence.labels(choices.level)[change], minlength=1 << choices.level)
    gains = {int(cluster): -int(losses[cluster]) for cluster in np.flatnonzero(losses)}
    return gains | {choices.cluster: int(change.sum())} if gains else {}


def with_content(
    sequence: GranularitySequence,
    level: int,
    clusters: frozenset[int],
    tokens: int | tuple[int, ...],
    locks: Locks | None,
) -> GranularitySequence:
    """Clusters of a level with other content: one token for the level, or one for each stage 0..level."""
    for cluster in sorted(clusters):
        sequence = edits.set_token(sequence, level, cluster, tokens, locks)
    return sequence


def cells_of(sequence: GranularitySequence, level: int, clusters: frozenset[int]) -> Mask:
    """Cells bool [L] of some clusters of a level."""
    return np.isin(sequence.labels(level), sorted(clusters))


def cluster_list(clusters: frozenset[int], level: int) -> str:
    """Clusters of a level in words: "cluster 3, level 2", "clusters 0, 1 and 3, level 2", "5 clusters, level 4"."""
    numbers = [str(cluster) for cluster in sorted(clusters)]
    if len(numbers) > 4:
        return f"{len(numbers)} clusters, level {level}"
    listed = " and ".join(filter(None, (", ".join(numbers[:-1]), numbers[-1])))
    return f"cluster{'s' if len(numbers) > 1 else ''} {listed}, level {level}"


def refusal(sequence: GranularitySequence, forbidden: Mask, choices: Choices, locks: Locks) -> str:
    """Why a stroke may not change `forbidden` bool [L], and what to do, in one line."""
    if edits.blocked(sequence, forbidden, choices.level, choices.cluster, locks, choices.inside_parent).any():
        return LOCKED
    where = f"its parent, cluster {choices.cluster >> 1} of level {choices.level - 1}"
    here = int(sequence.labels(choices.level - 1)[forbidden][0]) << 1
    return (
        f"Cluster {choices.cluster} stays inside {where}. "
        f"Take cluster {here} or {here + 1} to paint here, or switch Inside parent off (P) to cross."
    )


def locked(locks: Locks, cells: Mask, choices: Choices) -> Locks:
    """`locks` with `cells` held as `choices.lock_kind` says, or released where `choices.unlocking`."""
    if choices.unlocking:
        return locks.without(cells)
    if choices.lock_kind is LockKind.LAYOUT:
        return locks.with_structure(cells, choices.level)
    if choices.lock_kind is LockKind.COARSE:
        return locks.with_content(cells, choices.level + 1)
    return locks.with_structure(cells, locks.depth).with_content(cells)


def released(locks: Locks, cells: Mask, kind: LockKind) -> Locks:
    """`locks` without what a lock of `kind` holds on `cells` bool [L]; a region is everything."""
    if kind is LockKind.LAYOUT:
        return locks.without_structure(cells)
    return locks.without_content(cells) if kind is LockKind.COARSE else locks.without(cells)


def changed_locks(before: Locks, after: Locks) -> Mask:
    """Cells bool [L] whose locks differ."""
    return np.asarray((before.structure != after.structure) | (before.content != after.content))


def _balanced(
    before: GranularitySequence, stroke: GranularitySequence, choices: Choices, locks: Locks
) -> GranularitySequence:
    if not choices.balanced or choices.level == 0 or stroke == before:
        return stroke
    return edits.balance(stroke, choices.level, locks, painted=edits.changed_cells(before, stroke, choices.level))
