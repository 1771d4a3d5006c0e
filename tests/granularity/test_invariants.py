"""What holds whatever the hand does (the end of the editing design).

The other invariants: runs, free trees and cancel in tests/sampling/test_pipeline.py; exact pixels and the history in
tests/project/test_document.py; cancel in the window in tests/ui/test_runs.py.
"""

from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nvg_studio.errors import LockError
from nvg_studio.granularity import edits, hierarchy
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from tests.granularity.strategies import depths, random_locks, random_mask, random_sequence, seeds

Gesture = Callable[[GranularitySequence, Locks, np.random.Generator], GranularitySequence]


def paint(sequence: GranularitySequence, locks: Locks, generator: np.random.Generator) -> GranularitySequence:
    """A stroke, left as painted."""
    level = int(generator.integers(0, sequence.depth + 1))
    stroke = random_mask(generator, sequence.cells)
    chosen = int(generator.integers(0, 1 << level))
    return edits.paint(sequence, stroke, level, chosen, locks, inside_parent=bool(generator.random() < 0.5))


def balanced_paint(sequence: GranularitySequence, locks: Locks, generator: np.random.Generator) -> GranularitySequence:
    """A stroke and the balancing at its end."""
    level = int(generator.integers(0, sequence.depth + 1))
    stroke = random_mask(generator, sequence.cells)
    chosen = int(generator.integers(0, 1 << level))
    after = edits.paint(sequence, stroke, level, chosen, locks, inside_parent=bool(generator.random() < 0.5))
    painted = edits.changed_cells(sequence, after) if generator.random() < 0.7 else None
    return edits.balance(after, level, locks, painted)


def balance(sequence: GranularitySequence, locks: Locks, generator: np.random.Generator) -> GranularitySequence:
    """The command."""
    return edits.balance(sequence, int(generator.integers(0, sequence.depth + 1)), locks)


def transfer(sequence: GranularitySequence, locks: Locks, generator: np.random.Generator) -> GranularitySequence:
    """Structure of a foreign picture, whole or masked, with or without content."""
    source = random_sequence(int(generator.integers(0, 1000)), sequence.depth, free=bool(generator.random() < 0.5))
    mask = None if generator.random() < 0.3 else random_mask(generator, sequence.cells)
    last = int(generator.integers(1, sequence.depth + 1))
    first = int(generator.integers(1, last + 1))
    return edits.transfer(sequence, source, (first, last), mask, int(generator.integers(0, sequence.depth + 2)), locks)


def by_hand(sequence: GranularitySequence, locks: Locks, generator: np.random.Generator) -> GranularitySequence:
    """Fill, restore, merge, swap or new content."""
    level = int(generator.integers(1, sequence.depth + 1))
    a, b = (int(value) for value in generator.integers(0, 1 << level, 2))
    result = random_sequence(int(generator.integers(0, 1000)), sequence.depth)
    kind = int(generator.integers(0, 5))
    if kind == 0:
        return edits.fill(sequence, level, a, b, locks, inside_parent=False)
    if kind == 1:
        return edits.restore(sequence, result, random_mask(generator, sequence.cells), level, locks)
    if kind == 2:
        return edits.merge(sequence, level, a, locks)
    if kind == 3:
        return edits.swap(sequence, level, a, b, locks)
    return edits.set_token(sequence, level, a, edits.path_tokens(result, level, b), locks)


GESTURES: tuple[Gesture, ...] = (paint, balanced_paint, balance, transfer, by_hand)


@given(depths, seeds, seeds, st.booleans(), st.lists(st.sampled_from(GESTURES), min_size=1, max_size=6))
def test_a_locked_bit_or_token_never_changes(
    depth: int, seed: int, lock_seed: int, free: bool, gestures: list[Gesture]
) -> None:
    start = random_sequence(seed, depth, free)
    locks = random_locks(lock_seed, depth)
    generator = np.random.default_rng(seed)
    sequence = start
    for gesture in gestures:
        try:
            sequence = gesture(sequence, locks, generator)
        except LockError as error:
            assert "\n" not in str(error)
        assert np.array_equal(sequence.bits[locks.bits], start.bits[locks.bits])
        assert np.array_equal(sequence.token_map[locks.tokens], start.token_map[locks.tokens])


@given(depths, seeds, seeds, st.integers(1, 5))
def test_a_balanced_tree_stays_balanced_under_balanced_painting(
    depth: int, seed: int, lock_seed: int, strokes: int
) -> None:
    sequence = random_sequence(seed, depth)
    locks = random_locks(lock_seed, depth)
    generator = np.random.default_rng(seed)
    for _ in range(strokes):
        # Locks on a balanced tree never make balancing impossible: LockError would fail this test.
        sequence = balanced_paint(sequence, locks, generator)
        assert sorted(sequence.labels(depth).tolist()) == list(range(1 << depth))


@given(depths, seeds, st.data())
def test_a_swap_keeps_a_balanced_tree_balanced(depth: int, seed: int, data: st.DataObject) -> None:
    sequence = random_sequence(seed, depth)
    level = data.draw(st.integers(0, depth))
    a, b = data.draw(st.integers(0, (1 << level) - 1)), data.draw(st.integers(0, (1 << level) - 1))
    assert hierarchy.is_balanced(edits.swap(sequence, level, a, b).bits, depth)


@given(depths, seeds, st.booleans(), st.data())
def test_painting_inside_the_parent_never_touches_coarser_levels(
    depth: int, seed: int, balanced: bool, data: st.DataObject
) -> None:
    before = random_sequence(seed, depth)
    level = data.draw(st.integers(1, depth))
    chosen = data.draw(st.integers(0, (1 << level) - 1))
    stroke = random_mask(np.random.default_rng(seed), before.cells)
    after = edits.paint(before, stroke, level, chosen)
    if balanced:
        after = edits.balance(after, level, painted=edits.changed_cells(before, after))
    assert np.array_equal(after.labels(level - 1), before.labels(level - 1))
    assert np.array_equal(after.token_map[:level], before.token_map[:level])
    assert edits.first_changed_stage(before, after) in (level, None)


@given(depths, seeds, seeds, st.booleans(), st.sampled_from([paint, balanced_paint, transfer, by_hand]))
def test_an_edit_is_a_function_of_its_arguments(
    depth: int, seed: int, lock_seed: int, free: bool, gesture: Gesture
) -> None:
    start = random_sequence(seed, depth, free)
    locks = random_locks(lock_seed, depth)
    digest = start.digest()
    outcomes = []
    for _ in range(2):
        try:
            outcomes.append(gesture(start, locks, np.random.default_rng(seed)).digest())
        except LockError as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]
    assert GranularitySequence(start.bits, start.token_map).digest() == digest
