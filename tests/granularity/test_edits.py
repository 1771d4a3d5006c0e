"""Every gesture but balancing and transfer, on small pictures that can be followed by hand."""

import numpy as np
import pytest

from nvg_studio.errors import LockError, SequenceError
from nvg_studio.granularity import edits, hierarchy
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from tests.granularity.strategies import random_sequence

DEPTH, CELLS = 4, 16
NONE = Locks.none(CELLS, DEPTH)


def reading_order() -> GranularitySequence:
    """Cell = leaf; the token of cluster c at stage i is 100 i + c."""
    leaves = np.arange(CELLS)
    tokens = [100 * stage + (leaves >> (DEPTH - stage)) for stage in range(DEPTH + 1)]
    return GranularitySequence(hierarchy.labels_to_bits(leaves, DEPTH), np.stack(tokens))


def test_paint_gives_path_and_tokens_and_leaves_the_deep_ones() -> None:
    before = reading_order()
    after = edits.paint(before, [5], level=2, cluster=0)
    assert after.bits[5].tolist() == [0, 0, 0, 1], "bits below level 2 stay"
    assert after.token_map[:, 5].tolist() == [0, 100, 200, 302, 405], "tokens of stages 0..2 are those of the cluster"
    others = np.arange(CELLS) != 5
    assert np.array_equal(after.bits[others], before.bits[others])
    assert np.array_equal(after.token_map[:, others], before.token_map[:, others])
    assert before == reading_order(), "an edit never changes its input"


def test_paint_stays_inside_the_parent_unless_told() -> None:
    before = reading_order()
    stroke = [5, 12]
    inside = edits.paint(before, stroke, level=2, cluster=0)
    assert np.flatnonzero(edits.changed_cells(before, inside)).tolist() == [5]
    across = edits.paint(before, stroke, level=2, cluster=0, inside_parent=False)
    assert np.flatnonzero(edits.changed_cells(before, across)).tolist() == stroke
    assert across.labels(2)[stroke].tolist() == [0, 0]
    assert across.token_map[:3, 12].tolist() == [0, 100, 200]


def test_paint_over_its_own_cells_changes_nothing() -> None:
    before = reading_order()
    own_token = before.replace(token_map=before.token_map + (np.arange(CELLS) == 1))
    assert edits.paint(own_token, [0, 1, 2, 3], level=2, cluster=0) is own_token
    assert edits.paint(before, np.ones(CELLS, dtype=np.bool_), level=0, cluster=0) is before


def test_paint_into_an_empty_cluster_keeps_the_cells_own_tokens_there() -> None:
    emptied = edits.merge(reading_order(), level=2, cluster=1)
    assert emptied.tokens[2][1] == -1
    after = edits.paint(emptied, [0], level=2, cluster=1)
    assert after.labels(2)[0] == 1
    assert np.array_equal(after.token_map, emptied.token_map)


def test_paint_leaves_cells_alone_whose_locked_bits_would_change() -> None:
    before = reading_order()
    locks = NONE.with_structure([4], levels=2).with_structure([5], levels=1).with_structure([12], levels=1)
    stroke = [4, 5, 6, 12, 13]
    after = edits.paint(before, stroke, level=2, cluster=0, locks=locks, inside_parent=False)
    assert np.flatnonzero(edits.changed_cells(before, after)).tolist() == [5, 6, 13]
    held = edits.blocked(before, stroke, level=2, cluster=0, locks=locks, inside_parent=False)
    assert np.flatnonzero(held).tolist() == [4, 12]
    assert np.flatnonzero(edits.blocked(before, stroke, level=2, cluster=0, locks=locks)).tolist() == [4]


def test_a_content_lock_keeps_tokens_and_does_not_stop_paint() -> None:
    before = reading_order()
    after = edits.paint(before, [5, 6], level=2, cluster=0, locks=NONE.with_content([5], stages=2).with_content([6]))
    assert after.labels(2)[[5, 6]].tolist() == [0, 0]
    assert after.token_map[:, 5].tolist() == [0, 100, 200, 302, 405]
    assert np.array_equal(after.token_map[:, 6], before.token_map[:, 6])
    across = edits.paint(before, [15], level=2, cluster=0, locks=NONE.with_content([15], stages=2), inside_parent=False)
    assert across.token_map[:, 15].tolist() == [0, 101, 200, 307, 415]


@pytest.mark.parametrize(
    ("level", "cluster", "message"),
    [(5, 0, "no level 5: choose one from 0 to 4"), (-1, 0, "no level -1"), (2, 4, "Level 2 has no cluster 4")],
)
def test_gestures_outside_the_tree_are_refused(level: int, cluster: int, message: str) -> None:
    with pytest.raises(SequenceError, match=message):
        edits.paint(reading_order(), [0], level, cluster)
    with pytest.raises(SequenceError, match=message):
        edits.fill(reading_order(), level, cluster, 0)


def test_other_grids_are_refused() -> None:
    with pytest.raises(SequenceError, match="8 cells"):
        edits.paint(reading_order(), [0], 1, 0, locks=Locks.none(8, 3))
    with pytest.raises(SequenceError, match="do not fit together"):
        edits.restore(reading_order(), random_sequence(0, 3), [0])


def test_fill_is_painting_a_whole_cluster() -> None:
    before = reading_order()
    after = edits.fill(before, level=2, source_cluster=1, cluster=0)
    assert after == edits.paint(before, before.labels(2) == 1, level=2, cluster=0)
    assert hierarchy.cluster_sizes(after.bits, 2).tolist() == [8, 0, 4, 4]
    assert edits.fill(before, level=2, source_cluster=3, cluster=0) is before, "another parent"
    across = edits.fill(before, level=2, source_cluster=3, cluster=0, inside_parent=False)
    assert hierarchy.cluster_sizes(across.bits, 2).tolist() == [8, 4, 4, 0]


def test_restore_brings_cells_back_to_the_result() -> None:
    result = reading_order()
    painted = edits.paint(result, range(4, 12), level=3, cluster=0, inside_parent=False)
    half = edits.restore(painted, result, range(4, 8))
    assert np.array_equal(half.bits[:8], result.bits[:8])
    assert np.array_equal(half.token_map[:, :8], result.token_map[:, :8])
    assert np.array_equal(half.bits[8:], painted.bits[8:])
    assert edits.restore(half, result, range(CELLS)) == result


def test_restore_up_to_a_level_leaves_the_deeper_ones() -> None:
    result = reading_order()
    other = GranularitySequence(1 - result.bits, result.token_map + 1)
    after = edits.restore(other, result, [3], level=2)
    assert after.bits[3].tolist() == [*result.bits[3, :2], *other.bits[3, 2:]]
    assert after.token_map[:, 3].tolist() == [*result.token_map[:3, 3], *other.token_map[3:, 3]]


def test_restore_respects_locks() -> None:
    result = reading_order()
    painted = edits.paint(result, [4, 5, 6], level=2, cluster=0)
    locks = NONE.with_structure([4], levels=2).with_content([5], stages=3)
    after = edits.restore(painted, result, [4, 5, 6], locks=locks)
    assert np.array_equal(after.bits[4], painted.bits[4]) and np.array_equal(
        after.token_map[:, 4], painted.token_map[:, 4]
    )
    assert np.array_equal(after.bits[5], result.bits[5])
    assert np.array_equal(after.token_map[:, 5], painted.token_map[:, 5])
    assert np.array_equal(after.token_map[:, 6], result.token_map[:, 6])


def test_merge_empties_a_cluster_into_its_sibling() -> None:
    before = reading_order()
    after = edits.merge(before, level=3, cluster=5)
    assert hierarchy.cluster_sizes(after.bits, 3).tolist() == [2, 2, 2, 2, 4, 0, 2, 2]
    assert (after.token_map[3, 8:12] == 304).all() and after.tokens[3][5] == -1
    with pytest.raises(SequenceError, match="no level 0: choose one from 1"):
        edits.merge(before, level=0, cluster=0)


def test_merge_and_swap_refuse_locked_cells_and_name_them() -> None:
    before = reading_order()
    locks = NONE.with_structure([8, 9], levels=2)
    with pytest.raises(LockError, match=r"Cannot merge cluster 2 of level 2 into 3: locks hold 2 of the cells"):
        edits.merge(before, level=2, cluster=2, locks=locks)
    with pytest.raises(LockError, match=r"Cannot swap clusters 0 and 2 of level 2: locks hold 2"):
        edits.swap(before, level=2, a=0, b=2, locks=locks)
    deeper = edits.swap(before, level=3, a=4, b=5, locks=locks)
    assert deeper.labels(3)[8:12].tolist() == [5, 5, 4, 4], "locks of levels 1 and 2 do not hold level 3"


def test_swap_exchanges_two_clusters() -> None:
    before = reading_order()
    after = edits.swap(before, level=2, a=0, b=3)
    assert after.labels(2).tolist() == [3] * 4 + [1] * 4 + [2] * 4 + [0] * 4
    assert after.token_map[:3, 0].tolist() == [0, 101, 203] and after.token_map[:3, 15].tolist() == [0, 100, 200]
    assert np.array_equal(after.token_map[3:], before.token_map[3:])
    assert hierarchy.is_balanced(after.bits, DEPTH)
    assert edits.swap(after, level=2, a=0, b=3) == before
    assert edits.swap(before, level=2, a=1, b=1) is before


def test_set_token_for_one_stage_or_for_a_path() -> None:
    before = reading_order()
    one = edits.set_token(before, level=2, cluster=1, tokens=7)
    assert one.tokens[2].tolist() == [200, 7, 202, 203]
    assert np.array_equal(np.delete(one.token_map, 2, axis=0), np.delete(before.token_map, 2, axis=0))

    content = edits.path_tokens(before, level=2, cluster=3)
    assert content == (0, 101, 203)
    path = edits.set_token(before, level=2, cluster=0, tokens=content, locks=NONE.with_content([0], stages=2))
    assert path.token_map[:, 1].tolist() == [0, 101, 203, 300, 401]
    assert path.token_map[:, 0].tolist() == [0, 100, 203, 300, 400], "locked stages keep their tokens"
    assert np.array_equal(path.token_map[:, 4:], before.token_map[:, 4:])
    assert edits.set_token(before, level=2, cluster=0, tokens=[-1, -1, -1]) is before


@pytest.mark.parametrize("tokens", [[1, 2], [1, 2, 3, 4], -2, [0, 0, -2]])
def test_set_token_refuses_other_numbers_of_tokens(tokens: int | list[int]) -> None:
    with pytest.raises(SequenceError, match="one token or 3 of them"):
        edits.set_token(reading_order(), level=2, cluster=0, tokens=tokens)


def test_path_of_an_empty_cluster() -> None:
    emptied = edits.merge(reading_order(), level=2, cluster=1)
    assert edits.path_tokens(emptied, level=3, cluster=2) == (0, 100, -1, -1)


def test_a_run_starts_at_the_lowest_changed_level() -> None:
    before = reading_order()
    assert edits.first_changed_stage(before, before) is None
    inside = edits.paint(before, [5], level=3, cluster=3)
    assert edits.first_changed_stage(before, inside) == 3
    across = edits.paint(before, [12], level=3, cluster=3, inside_parent=False)
    assert edits.first_changed_stage(before, across) == 1
    both = edits.paint(inside, [5], level=2, cluster=0)
    assert edits.first_changed_stage(before, both) == 2


def test_a_run_keeps_tokens_set_by_hand() -> None:
    before = reading_order()
    assert edits.first_changed_stage(before, edits.set_token(before, 2, 0, 7)) == 3
    assert edits.first_changed_stage(before, edits.set_token(before, 2, 0, [7, 8, 9])) == 3
    assert edits.first_changed_stage(before, edits.set_token(before, DEPTH, 0, 7)) is None
    both = edits.set_token(edits.paint(before, [5], level=2, cluster=0), 3, 7, 7)
    assert edits.first_changed_stage(before, both) == 2


def test_changed_cells_down_to_a_level() -> None:
    before = reading_order()
    after = before.replace(bits=before.bits ^ np.array([0, 0, 1, 0], dtype=np.uint8))
    assert edits.changed_cells(before, after).all() and not edits.changed_cells(before, after, level=2).any()
