"""What a stroke of each tool makes of a sequence and its locks: pure functions, no Qt.

`Choices` are those at the press. Everything goes through `granularity.edits`; a script that calls the same edits gets
the same sequence.
"""

import numpy as np
from numpy.typing import NDArray

from nvg_studio.granularity import edits
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.ui.state import Choices, LockKind

Mask = NDArray[np.bool_]


def painted(sequence: GranularitySequence, cells: Mask, choices: Choices, locks: Locks) -> GranularitySequence:
    """`cells` bool [L] given to the cluster in hand, levels made equal again where `choices.balanced`.

    Raises LockError where balancing is impossible.
    """
    stroke = edits.paint(sequence, cells, choices.level, choices.cluster, locks, choices.inside_parent)
    return _balanced(sequence, stroke, choices, locks)


def filled(sequence: GranularitySequence, source: int, choices: Choices, locks: Locks) -> GranularitySequence:
    """The whole cluster `source` given to the cluster in hand, balanced like `painted`."""
    stroke = edits.fill(sequence, choices.level, source, choices.cluster, locks, choices.inside_parent)
    return _balanced(sequence, stroke, choices, locks)


def restored(
    sequence: GranularitySequence, result: GranularitySequence, cells: Mask, choices: Choices, locks: Locks
) -> GranularitySequence:
    """`cells` given back what they had in `result`, at all levels, balanced like `painted`."""
    stroke = edits.restore(sequence, result, cells, None, locks)
    return _balanced(sequence, stroke, choices, locks)


def to_change(sequence: GranularitySequence, cells: Mask, choices: Choices, locks: Locks) -> tuple[Mask, Mask]:
    """Which of `cells` a stroke would change, and which it may not, each bool [L].

    Forbidden are cells that a lock holds, and those outside the parent of the cluster in hand.
    """
    other = cells & (sequence.labels(choices.level) != choices.cluster)
    held = edits.blocked(sequence, other, choices.level, choices.cluster, locks, choices.inside_parent)
    outside = np.zeros_like(other)
    if choices.inside_parent and choices.level:
        outside = other & (sequence.labels(choices.level - 1) != choices.cluster >> 1)
    return other & ~held & ~outside, held | outside


def refusal(sequence: GranularitySequence, forbidden: Mask, choices: Choices, locks: Locks) -> str:
    """Why a stroke may not change `forbidden` bool [L], and what to do, in one line."""
    if edits.blocked(sequence, forbidden, choices.level, choices.cluster, locks, choices.inside_parent).any():
        return "Locked: these cells keep their cluster. Unlock them to paint here."
    where = f"its parent, cluster {choices.cluster >> 1} of level {choices.level - 1}"
    return f"Cluster {choices.cluster} stays inside {where}. Switch Inside parent off (P) to cross."


def locked(locks: Locks, cells: Mask, choices: Choices) -> Locks:
    """`locks` with `cells` held as `choices.lock_kind` says, or released where `choices.unlocking`."""
    if choices.unlocking:
        return locks.without(cells)
    if choices.lock_kind is LockKind.LAYOUT:
        return locks.with_structure(cells, choices.level)
    if choices.lock_kind is LockKind.COARSE:
        return locks.with_content(cells, choices.level + 1)
    return locks.with_structure(cells, locks.depth).with_content(cells)


def changed_locks(before: Locks, after: Locks) -> Mask:
    """Cells bool [L] whose locks differ."""
    return np.asarray((before.structure != after.structure) | (before.content != after.content))


def _balanced(
    before: GranularitySequence, stroke: GranularitySequence, choices: Choices, locks: Locks
) -> GranularitySequence:
    if not choices.balanced or choices.level == 0 or stroke == before:
        return stroke
    return edits.balance(stroke, choices.level, locks, painted=edits.changed_cells(before, stroke, choices.level))
