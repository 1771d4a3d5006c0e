"""What all edits share: cells that change clusters, and the locks that keep them where they are."""

import numpy as np

from nvg_studio.errors import SequenceError
from nvg_studio.granularity.grid import BoolArray
from nvg_studio.granularity.hierarchy import BitArray, bits_to_labels, check_stage, labels_to_bits
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence


def check_cluster(cluster: int, level: int, depth: int, lowest: int = 0) -> None:
    """Raise SequenceError unless lowest <= level <= depth and 0 <= cluster < 2**level."""
    check_stage(level, depth, "level", lowest)
    if not 0 <= cluster < 1 << level:
        raise SequenceError(f"Level {level} has no cluster {cluster}: choose one from 0 to {(1 << level) - 1}.")


def locks_for(sequence: GranularitySequence, locks: Locks | None) -> Locks:
    """`locks`, or none at all; SequenceError if they belong to another grid."""
    if locks is None:
        return Locks.none(sequence.cells, sequence.depth)
    if locks.cells != sequence.cells:
        raise SequenceError(f"Locks on {locks.cells} cells do not go with a sequence of {sequence.cells}.")
    return locks


def check_same_grid(first: GranularitySequence, second: GranularitySequence) -> None:
    """Raise SequenceError unless both sequences have the same number of cells."""
    if first.cells != second.cells:
        raise SequenceError(f"The pictures do not fit together: {first.cells} cells here, {second.cells} there.")


def path_bits(cluster: int, level: int) -> BitArray:
    """The turns uint8 [level] that lead to `cluster` of `level`."""
    row: BitArray = labels_to_bits(np.array([cluster]), level)[0]
    return row


def with_path(bits: BitArray, cells: BoolArray, level: int, cluster: int) -> BitArray:
    """A copy of `bits` [L, K] in which `cells` (bool [L]) lie in `cluster` of `level`; deeper bits stay."""
    result = bits.copy()
    result[cells, :level] = path_bits(cluster, level)
    return result


def forbidden(sequence: GranularitySequence, bits: BitArray, locks: Locks) -> BoolArray:
    """Cells bool [L] in which going over to `bits` [L, K] would change a locked bit."""
    found: BoolArray = ((bits != sequence.bits) & locks.bits).any(axis=1)
    return found


def regroup(sequence: GranularitySequence, bits: BitArray, level: int, locks: Locks) -> GranularitySequence:
    """The sequence with other bits, content following structure down to `level`.

    A cell that changes clusters at `level` takes the tokens of its new cluster (as it was before the edit) at stages
    0..level, except where its content is locked or that cluster was empty. Everything deeper stays, stale.

    Args:
        sequence: before the edit.
        bits: uint8 [L, K] after the edit.
        level: 0..K.
        locks: content locks are respected here; `bits` must respect the structure locks already.
    """
    moved = (bits[:, :level] != sequence.bits[:, :level]).any(axis=1)
    labels = bits_to_labels(bits, level)
    tokens, token_map = sequence.tokens, sequence.token_map.copy()
    for stage in range(level + 1):
        token = tokens[stage][labels >> (level - stage)]
        taken = moved & (token >= 0) & ~locks.tokens[stage]
        token_map[stage, taken] = token[taken]
    return sequence.replace(bits, token_map)
