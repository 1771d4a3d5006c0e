"""The sequence as an immutable value."""

import pickle
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from numpy.typing import NDArray

from nvg_studio.errors import SequenceError
from nvg_studio.granularity.sequence import GranularitySequence
from tests.granularity.strategies import random_sequence, seeds, sequences


def test_arrays_are_copied_and_read_only() -> None:
    bits: NDArray[Any] = np.zeros((4, 2), dtype=np.int64)
    tokens: NDArray[Any] = np.zeros((3, 4), dtype=np.int64)
    sequence = GranularitySequence(bits, tokens)
    bits[0, 0] = 1
    tokens[0, 0] = 9
    assert not sequence.bits.any() and not sequence.token_map.any()
    assert sequence.bits.dtype == np.uint8 and sequence.token_map.dtype == np.int32
    for array in (sequence.bits, sequence.token_map, sequence.labels(1), sequence.tokens[1]):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    with pytest.raises(AttributeError):
        sequence.bits = bits  # type: ignore[misc]


@given(sequences())
def test_equal_numbers_make_equal_values(sequence: GranularitySequence) -> None:
    twin = GranularitySequence(sequence.bits.copy(), sequence.token_map.copy())
    assert twin == sequence and hash(twin) == hash(sequence) and twin.digest() == sequence.digest()
    other_bits = sequence.replace(bits=1 - sequence.bits)
    other_tokens = sequence.replace(token_map=sequence.token_map + 1)
    assert len({sequence, twin, other_bits, other_tokens}) == 3
    assert sequence != "a sequence"


def test_crossing_a_process_border_keeps_the_value_read_only() -> None:
    sequence = random_sequence(0, 4)
    copy = pickle.loads(pickle.dumps(sequence))
    assert copy == sequence
    assert not copy.bits.flags.writeable and not copy.token_map.flags.writeable


@given(sequences(), seeds)
def test_tokens_are_the_most_frequent_of_each_cluster(sequence: GranularitySequence, seed: int) -> None:
    tokens = np.random.default_rng(seed).integers(0, 3, sequence.token_map.shape, dtype=np.int32)
    mixed = sequence.replace(token_map=tokens)
    for stage in range(mixed.depth + 1):
        assert mixed.tokens[stage].shape == (1 << stage,)
        for cluster, token in enumerate(mixed.tokens[stage]):
            members = mixed.token_map[stage, mixed.labels(stage) == cluster].tolist()
            counts = Counter(members)
            expected = min(counts, key=lambda value: (-counts[value], value)) if members else -1
            assert token == expected


def test_a_stage_digest_depends_on_the_tokens_up_to_it_alone() -> None:
    sequence = random_sequence(1, 4)
    tokens = sequence.token_map.copy()
    tokens[2, 5] += 1
    edited = sequence.replace(token_map=tokens, bits=1 - sequence.bits)
    same = [sequence.digest(stage) == edited.digest(stage) for stage in range(5)]
    assert same == [True, True, False, False, False]
    assert len({sequence.digest(stage) for stage in range(5)} | {sequence.digest()}) == 6
    assert len(sequence.digest()) == 64


def test_replace_without_a_difference_is_the_same_object() -> None:
    sequence = random_sequence(2, 3)
    assert sequence.replace(bits=sequence.bits.copy()) is sequence
    assert sequence.replace() is sequence


def test_blank_is_reading_order_and_no_content() -> None:
    blank = GranularitySequence.blank(cells=16, depth=4)
    assert blank.labels(4).tolist() == list(range(16))
    assert not blank.token_map.any()
    assert (blank.cells, blank.depth) == (16, 4)
    with pytest.raises(SequenceError, match="16 cells make 4 levels, not 5"):
        GranularitySequence.blank(cells=16, depth=5)


@pytest.mark.parametrize(
    ("bits", "tokens"),
    [
        (np.zeros((4, 3), dtype=np.uint8), np.zeros((4, 4), dtype=np.int32)),
        (np.zeros(4, dtype=np.uint8), np.zeros((3, 4), dtype=np.int32)),
        (np.zeros((4, 2), dtype=np.uint8), np.zeros((2, 4), dtype=np.int32)),
        (np.full((4, 2), 2, dtype=np.uint8), np.zeros((3, 4), dtype=np.int32)),
        (np.zeros((4, 2), dtype=np.float32), np.zeros((3, 4), dtype=np.int32)),
        (np.zeros((4, 2), dtype=np.uint8), np.full((3, 4), -1)),
        (np.zeros((4, 2), dtype=np.uint8), np.full((3, 4), 2**31)),
        (np.zeros((4, 2), dtype=np.uint8), np.zeros((3, 4), dtype=np.float32)),
    ],
)
def test_other_arrays_are_refused_in_one_line(bits: NDArray[Any], tokens: NDArray[Any]) -> None:
    with pytest.raises(SequenceError) as caught:
        GranularitySequence(bits, tokens)
    assert "\n" not in str(caught.value)
