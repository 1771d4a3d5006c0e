"""Balancing: the fewest cells, the right ones, never locked ones."""

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nvg_studio.errors import LockError, SequenceError
from nvg_studio.granularity import edits, hierarchy
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from tests.granularity.strategies import random_locks, random_sequence, seeds, sequences


def columns(depth: int = 4) -> GranularitySequence:
    """A square grid whose leaves run down the columns: level 1 is left and right half; token = 100 i + cluster."""
    side = 1 << (depth // 2)
    leaves = np.arange(1 << depth).reshape(side, side).T.ravel()
    tokens = [100 * stage + (leaves >> (depth - stage)) for stage in range(depth + 1)]
    return GranularitySequence(hierarchy.labels_to_bits(leaves, depth), np.stack(tokens))


def grid(values: NDArray[Any]) -> list[list[int]]:
    """Numbers per cell as rows."""
    side = int(len(values) ** 0.5)
    rows: list[list[int]] = values.reshape(side, side).tolist()
    return rows


def test_a_stroke_costs_the_nearest_cells_of_the_painted_cluster() -> None:
    before = columns()
    painted = edits.paint(before, [2, 6], level=1, cluster=0)
    assert grid(painted.labels(1)) == [[0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 1, 1], [0, 0, 1, 1]]
    after = edits.balance(painted, level=1, painted=edits.changed_cells(before, painted))
    # (0, 1) and (1, 1) touch the painted edge; (2, 1) is as near as they to cells of the other side.
    moved = np.flatnonzero(edits.changed_cells(painted, after, level=1))
    assert len(moved) == 2 and set(moved) <= {1, 5} | {10 - 1}
    assert after.labels(1)[[2, 6]].tolist() == [0, 0], "what was just painted stays"
    assert hierarchy.is_balanced(after.bits, 4)
    assert (after.token_map[1, moved] == 101).all(), "moved cells take the tokens of the receiving cluster"
    assert np.array_equal(after.token_map[2:], painted.token_map[2:])


def test_cells_far_from_the_stroke_stay() -> None:
    before = columns(depth=6)
    painted = edits.paint(before, [4, 5], level=1, cluster=0)
    after = edits.balance(painted, level=1, painted=edits.changed_cells(before, painted))
    moved = np.flatnonzero(edits.changed_cells(painted, after, level=1))
    rows, cols = np.divmod(moved, 8)
    assert len(moved) == 2 and rows.max() <= 1 and cols.min() >= 2


def test_the_painted_move_when_nothing_else_can() -> None:
    before = columns()
    left = before.labels(1) == 0
    locks = Locks.none(16, 4).with_structure(left, levels=1)
    painted = edits.paint(before, [2, 6], level=1, cluster=0, locks=locks)
    after = edits.balance(painted, level=1, locks=locks, painted=[2, 6])
    assert np.array_equal(after.labels(1), before.labels(1))


def test_content_locked_cells_move_after_free_ones() -> None:
    before = columns()
    locks = Locks.none(16, 4).with_content([1, 5, 9, 13])
    painted = edits.paint(before, [2, 6], level=1, cluster=0)
    after = edits.balance(painted, level=1, locks=locks, painted=[2, 6])
    moved = edits.changed_cells(painted, after, level=1)
    assert moved.sum() == 2 and not moved[[1, 5, 9, 13]].any()


def test_a_lock_of_coarse_levels_lets_cells_move_at_deep_ones() -> None:
    before = columns()
    locks = Locks.none(16, 4).with_structure(range(16), levels=1)
    painted = edits.paint(before, before.labels(2) == 1, level=2, cluster=0, locks=locks)
    assert hierarchy.cluster_sizes(painted.bits, 2).tolist() == [8, 0, 4, 4]
    after = edits.balance(painted, level=2, locks=locks)
    assert hierarchy.is_balanced(after.bits, 4)
    assert np.array_equal(after.labels(1), before.labels(1))


def test_without_a_stroke_the_cells_next_to_the_receiver_move() -> None:
    painted = edits.paint(columns(), [0, 2], level=1, cluster=0)
    after = edits.balance(painted, level=1)
    moved = np.flatnonzero(edits.changed_cells(painted, after, level=1))
    assert len(moved) == 1
    assert moved[0] in {1, 2, 6, 5, 9, 13}, "a cell at the border between the halves"


def test_balanced_levels_are_not_touched() -> None:
    balanced = random_sequence(5, 6)
    assert edits.balance(balanced, level=6) is balanced
    free = random_sequence(5, 6, free=True)
    assert edits.balance(free, level=0) is free
    deep = edits.paint(balanced, [0, 1, 2, 3, 4, 5, 6, 7], level=6, cluster=9, inside_parent=False)
    restored_top = deep.replace(bits=np.c_[balanced.bits[:, :3], deep.bits[:, 3:]])
    assert edits.balance(restored_top, level=3) is restored_top, (
        "deeper levels are balanced where clusters changed only"
    )


def test_deeper_bits_change_for_as_many_cells_as_moved_alone() -> None:
    before = columns(depth=6)
    painted = edits.paint(before, [4, 12, 20], level=1, cluster=0)
    after = edits.balance(painted, level=1, painted=[4, 12, 20])
    sides = edits.changed_cells(before, after, level=1)
    assert sides.sum() == 6
    # Three cells came into each half and three left it: their leaves are dealt to those that came.
    assert not (edits.changed_cells(before, after) & ~sides).any()


@given(seeds, st.booleans())
def test_cells_rather_change_at_deep_levels(seed: int, name_the_stroke: bool) -> None:
    before = random_sequence(seed, 6)
    # Five cells go from 1 to 0 and five from 3 to 2: each half can mend itself, however near the other one lies.
    painted = edits.paint(before, np.flatnonzero(before.labels(2) == 1)[:5], level=2, cluster=0)
    painted = edits.paint(painted, np.flatnonzero(before.labels(2) == 3)[:5], level=2, cluster=2)
    stroke = edits.changed_cells(before, painted)
    after = edits.balance(painted, level=2, painted=stroke if name_the_stroke else None)
    assert hierarchy.is_balanced(after.bits, 6)
    assert np.array_equal(after.labels(1), before.labels(1))
    assert edits.changed_cells(painted, after, level=2).sum() == 10


def test_a_stroke_that_leaves_sizes_equal_still_deals_the_leaves() -> None:
    before = columns()
    there = edits.paint(before, [0], level=1, cluster=1)
    back = edits.paint(there, [6], level=1, cluster=0)
    assert hierarchy.is_balanced(back.bits, 1) and not hierarchy.is_balanced(back.bits, 4)
    after = edits.balance(back, level=1, painted=[0, 6])
    assert hierarchy.is_balanced(after.bits, 4)
    assert np.array_equal(after.labels(1), back.labels(1))
    assert not edits.changed_cells(back, after)[np.delete(np.arange(16), [0, 6])].any()


def test_too_many_locks_are_refused_by_name() -> None:
    free = edits.paint(columns(), range(12), level=1, cluster=0)
    locks = Locks.none(16, 4).with_structure(range(12), levels=1)
    with pytest.raises(LockError) as caught:
        edits.balance(free, level=1, locks=locks)
    message = str(caught.value)
    assert "cluster 0 of level 1 (12 cells, 8 fit)" in message and "\n" not in message


def test_locks_below_the_level_are_refused_by_name_too() -> None:
    free = edits.paint(columns(), [8, 9, 12], level=4, cluster=0, inside_parent=False)
    locks = Locks.none(16, 4).with_structure([8, 9], levels=4)
    assert free.labels(1).sum() == 8
    stroke = edits.paint(free, [2, 3], level=1, cluster=0)
    with pytest.raises(LockError, match=r"cluster 0 of level 4 \(2 cells, 1 fit\)"):
        edits.balance(stroke, level=1, locks=locks, painted=[2, 3])


def test_a_long_list_of_locks_is_cut() -> None:
    free = edits.paint(columns(), range(16), level=4, cluster=0, inside_parent=False)
    locks = Locks.none(16, 4).with_structure(range(16), levels=4)
    with pytest.raises(LockError, match="and 1 more"):
        edits.balance(free, level=4, locks=locks)


def test_levels_outside_the_tree_are_refused() -> None:
    with pytest.raises(SequenceError, match="no level 5"):
        edits.balance(columns(), level=5)


@settings(max_examples=40)
@given(seeds)
def test_no_balanced_tree_is_nearer(seed: int) -> None:
    """All 40,320 balanced trees over eight cells: none with fewer changed cells respects the locks."""
    free = random_sequence(seed, 3, free=True)
    locks = random_locks(seed, 3)
    labels = np.array(list(permutations(range(8))), dtype=np.int64)
    differs = (labels[:, :, None] >> np.arange(2, -1, -1) & 1) != free.bits
    allowed = ~(differs & locks.bits).any(axis=(1, 2))
    if not allowed.any():
        with pytest.raises(LockError):
            edits.balance(free, level=3, locks=locks)
        return
    fewest = differs[allowed].any(axis=2).sum(axis=1).min()
    after = edits.balance(free, level=3, locks=locks)
    assert hierarchy.is_balanced(after.bits, 3)
    assert edits.changed_cells(free, after).sum() == fewest


@given(sequences(free=True), st.data())
def test_any_tree_can_be_balanced_without_locks(sequence: GranularitySequence, data: st.DataObject) -> None:
    level = data.draw(st.integers(1, sequence.depth))
    after = edits.balance(sequence, level)
    assert hierarchy.is_balanced(after.bits, level)
    excess = np.maximum(hierarchy.cluster_sizes(sequence.bits, level) - (sequence.cells >> level), 0).sum()
    assert edits.changed_cells(sequence, after, level).sum() == excess
