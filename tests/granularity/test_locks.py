"""Locks as prefixes."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvg_studio.errors import SequenceError
from nvg_studio.granularity.locks import Locks
from tests.granularity.strategies import depths, random_locks, seeds

NONE = Locks.none(cells=16, depth=4)


def test_a_structure_lock_holds_the_first_bits() -> None:
    locks = NONE.with_structure([3], levels=2)
    assert locks.bits[3].tolist() == [True, True, False, False]
    assert locks.bits.sum() == 2 and not locks.tokens.any()
    assert NONE.bits.sum() == 0, "the locks before stay as they were"


def test_a_content_lock_holds_the_first_stages() -> None:
    locks = NONE.with_content([3], stages=2)
    assert locks.tokens[:, 3].tolist() == [True, True, False, False, False]
    assert locks.tokens.sum() == 2 and not locks.bits.any()
    assert NONE.with_content([3]).tokens[:, 3].all(), "all stages without a number"


def test_a_region_is_what_is_held_entirely() -> None:
    locks = NONE.with_structure([1, 2, 3], levels=4).with_content([2, 3]).with_content([1], stages=4)
    assert np.flatnonzero(locks.region).tolist() == [2, 3]


def test_a_lock_never_loosens_another() -> None:
    locks = NONE.with_structure([0], levels=3).with_structure([0], levels=1).with_content([0]).with_content([0], 1)
    assert locks.structure[0] == 3 and locks.content[0] == 5


def test_unlocking() -> None:
    locks = NONE.with_structure([0, 1], levels=3).with_content([0, 1])
    assert np.flatnonzero(locks.without_structure([0]).structure).tolist() == [1]
    assert np.flatnonzero(locks.without_structure([0]).content).tolist() == [0, 1]
    assert np.flatnonzero(locks.without_content([0]).content).tolist() == [1]
    assert locks.without([0, 1]) == NONE
    assert locks.any and not NONE.any and NONE.with_content([0], 1).any


@given(depths, seeds, seeds)
def test_a_union_holds_what_either_holds(depth: int, first: int, second: int) -> None:
    one, other = random_locks(first, depth), random_locks(second, depth)
    assert np.array_equal((one | other).bits, one.bits | other.bits)
    assert np.array_equal((one | other).tokens, one.tokens | other.tokens)
    assert one | one == one and hash(one | one) == hash(one)
    assert one | other == other | one


@given(depths, seeds, st.integers(0, 6))
def test_locks_are_prefixes_of_the_asked_length(depth: int, seed: int, levels: int) -> None:
    mask = np.random.default_rng(seed).random(1 << depth) < 0.5
    locks = Locks.none(1 << depth, depth).with_structure(mask, min(levels, depth))
    assert np.array_equal(locks.bits, mask[:, None] & (np.arange(depth) < levels))


def test_values_are_immutable_and_cross_process_borders() -> None:
    locks = NONE.with_structure([1], 2).with_content([2], 3)
    copy = pickle.loads(pickle.dumps(locks))
    assert copy == locks and hash(copy) == hash(locks) and copy != NONE
    for array in (copy.structure, copy.content, copy.bits, copy.tokens, copy.region):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    assert locks != "locks"


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(SequenceError, match="Cannot lock 5 levels: choose 0 to 4"):
        NONE.with_structure([0], levels=5)
    with pytest.raises(SequenceError, match="Cannot lock 6 stages: choose 0 to 5"):
        NONE.with_content([0], stages=6)
    with pytest.raises(SequenceError, match="16 cells make 4 levels"):
        Locks.none(16, 5)
    with pytest.raises(SequenceError, match="do not go with"):
        _ = NONE | Locks.none(8, 3)
    with pytest.raises(SequenceError, match="structure locks lie from 0 to 4"):
        Locks(np.full(16, 5), np.zeros(16, dtype=np.int16))
    with pytest.raises(SequenceError, match="one whole number for each of the 16 cells"):
        Locks(np.zeros(16, dtype=np.int16), np.zeros(8, dtype=np.int16))
