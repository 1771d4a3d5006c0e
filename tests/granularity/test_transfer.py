"""Structure transfer."""

import numpy as np
import pytest
from hypothesis import given

from nvg_studio.errors import SequenceError
from nvg_studio.granularity import edits, hierarchy
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from tests.granularity.strategies import random_locks, random_sequence, seeds

TARGET, SOURCE = random_sequence(1, 6), random_sequence(2, 6)
HALF = np.arange(64) < 32
TOKENS = np.zeros((4, 8), dtype=np.int32)


def test_the_whole_picture_takes_the_levels_as_they_are() -> None:
    after = edits.transfer(TARGET, SOURCE, levels=(1, 4))
    assert np.array_equal(after.labels(4), SOURCE.labels(4))
    assert np.array_equal(after.bits[:, 4:], TARGET.bits[:, 4:])
    assert np.array_equal(after.token_map, TARGET.token_map)


def test_deep_levels_alone() -> None:
    after = edits.transfer(TARGET, SOURCE, levels=(3, 4))
    assert np.array_equal(after.bits[:, 2:4], SOURCE.bits[:, 2:4])
    assert np.array_equal(np.delete(after.bits, [2, 3], axis=1), np.delete(TARGET.bits, [2, 3], axis=1))


def test_content_of_the_first_stages_comes_along() -> None:
    after = edits.transfer(TARGET, SOURCE, content_stages=3, mask=HALF)
    assert np.array_equal(after.token_map[:3, HALF], SOURCE.token_map[:3, HALF])
    assert np.array_equal(after.token_map[3:], TARGET.token_map[3:])
    assert np.array_equal(after.token_map[:, ~HALF], TARGET.token_map[:, ~HALF])


def test_a_mask_bounds_the_change() -> None:
    after = edits.transfer(TARGET, SOURCE, levels=(1, 6), mask=HALF, content_stages=7)
    assert np.array_equal(after.bits[~HALF], TARGET.bits[~HALF])
    assert not np.array_equal(after.bits[HALF], TARGET.bits[HALF])
    assert edits.transfer(TARGET, SOURCE, mask=[]) is TARGET


def test_children_are_swapped_towards_the_target() -> None:
    generator = np.random.default_rng(3)
    mirrored = TARGET.bits.copy()
    for level in range(6):
        exchanged = generator.random(1 << level) < 0.5
        mirrored[:, level] ^= exchanged[hierarchy.bits_to_labels(TARGET.bits, level)]
    source = GranularitySequence(mirrored, TARGET.token_map)
    assert not np.array_equal(source.labels(3), TARGET.labels(3))
    mask = np.ones(64, dtype=np.bool_)
    assert edits.transfer(TARGET, source, levels=(1, 6), mask=mask) == TARGET
    assert edits.transfer(TARGET, source, levels=(1, 6)) == source, "the whole picture takes the labels as they are"


def test_only_cells_that_followed_so_far_vote() -> None:
    # Of the source's node 1 (cells 2..7) only cells 5, 6, 7 follow the target at level 1.
    target = GranularitySequence(hierarchy.labels_to_bits(np.array([0, 0, 0, 0, 0, 4, 4, 4]), 3), TOKENS)
    source = GranularitySequence(hierarchy.labels_to_bits(np.array([0, 0, 4, 4, 4, 6, 6, 6]), 3), TOKENS)
    after = edits.transfer(target, source, levels=(1, 2), mask=np.ones(8, dtype=np.bool_))
    assert after.labels(2)[5:].tolist() == [2, 2, 2]


def common(first: GranularitySequence, second: GranularitySequence, level: int) -> int:
    """Cells in the same cluster of `level`."""
    return int((first.labels(level) == second.labels(level)).sum())


@given(seeds, seeds)
def test_swapping_keeps_regions_and_at_least_half_of_the_first_level(first: int, second: int) -> None:
    target, source = random_sequence(first, 5), random_sequence(second, 5, free=True)
    mask = np.ones(32, dtype=np.bool_)
    after = edits.transfer(target, source, levels=(1, 5), mask=mask)
    pairs = np.unique(np.stack([source.labels(5), after.labels(5)]), axis=1)
    assert len(np.unique(pairs[0])) == pairs.shape[1] == len(np.unique(pairs[1])), "leaves are renamed, one to one"
    assert common(after, target, 1) >= 16
    assert common(after, target, 1) >= common(source, target, 1)


def test_locks_bound_the_change_too() -> None:
    locks = Locks.none(64, 6).with_structure(HALF, levels=1).with_content(HALF, stages=2)
    after = edits.transfer(TARGET, SOURCE, levels=(1, 6), content_stages=7, locks=locks)
    stays = HALF & (TARGET.labels(1) != SOURCE.labels(1))
    assert stays.any() and np.array_equal(after.bits[stays], TARGET.bits[stays])
    assert np.array_equal(after.token_map[:, stays], TARGET.token_map[:, stays])
    comes = HALF & ~stays
    assert np.array_equal(after.bits[comes], SOURCE.bits[comes])
    assert np.array_equal(after.token_map[2:, comes], SOURCE.token_map[2:, comes])
    assert np.array_equal(after.token_map[:2, comes], TARGET.token_map[:2, comes])


@given(seeds)
def test_a_locked_target_stays_in_its_locks(seed: int) -> None:
    locks = random_locks(seed, 6)
    after = edits.transfer(TARGET, SOURCE, levels=(1, 6), content_stages=7, locks=locks)
    assert np.array_equal(after.bits[locks.bits], TARGET.bits[locks.bits])
    assert np.array_equal(after.token_map[locks.tokens], TARGET.token_map[locks.tokens])


@pytest.mark.parametrize("levels", [(0, 4), (1, 7), (3, 2)])
def test_levels_outside_the_tree_are_refused(levels: tuple[int, int]) -> None:
    with pytest.raises(SequenceError, match="no level"):
        edits.transfer(TARGET, SOURCE, levels=levels)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(SequenceError, match="do not fit together"):
        edits.transfer(TARGET, random_sequence(0, 5))
    with pytest.raises(SequenceError, match="choose 0 to 7"):
        edits.transfer(TARGET, SOURCE, content_stages=8)


def test_where_numbers_mean_the_same_nothing_is_exchanged() -> None:
    other = GranularitySequence(1 - TARGET.bits, TARGET.token_map)
    after = edits.transfer(TARGET, other, levels=(1, 6), mask=HALF, same_numbering=True)
    assert np.array_equal(after.bits[HALF], other.bits[HALF]) and np.array_equal(after.bits[~HALF], TARGET.bits[~HALF])
    assert edits.transfer(TARGET, other, levels=(1, 6), mask=HALF) != after
