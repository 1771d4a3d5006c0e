"""Bits, labels, embedding, balance and the split rule."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvg_studio.errors import SequenceError
from nvg_studio.granularity import hierarchy
from nvg_studio.granularity.sequence import GranularitySequence
from tests.granularity.strategies import seeds, sequences


@given(sequences())
def test_bits_and_labels_are_two_ways_to_write_the_same(sequence: GranularitySequence) -> None:
    finest = hierarchy.bits_to_labels(sequence.bits, sequence.depth)
    assert np.array_equal(hierarchy.labels_to_bits(finest, sequence.depth), sequence.bits)
    labels = hierarchy.all_labels(sequence.bits)
    for stage in range(sequence.depth + 1):
        assert np.array_equal(labels[stage], hierarchy.bits_to_labels(sequence.bits, stage))
        assert labels[stage].max() < 1 << stage
        assert stage == 0 or np.array_equal(labels[stage] >> 1, labels[stage - 1])


def test_label_reads_the_first_bits_most_significant_first() -> None:
    bits = np.array([[1, 0, 1], [0, 1, 1]], dtype=np.uint8)
    assert hierarchy.all_labels(bits).tolist() == [[0, 0], [1, 0], [2, 1], [5, 3]]
    assert hierarchy.bits_to_labels(bits, 0).dtype == np.int64


@pytest.mark.parametrize("stage", [-1, 4])
def test_a_stage_outside_the_tree_is_named(stage: int) -> None:
    with pytest.raises(SequenceError, match=f"no stage {stage}: choose one from 0 to 3"):
        hierarchy.bits_to_labels(np.zeros((8, 3), dtype=np.uint8), stage)


def test_labels_must_fit_the_depth() -> None:
    with pytest.raises(SequenceError, match="from 0 to 7"):
        hierarchy.labels_to_bits(np.array([8]), 3)
    with pytest.raises(SequenceError, match="from 0 to 7"):
        hierarchy.labels_to_bits(np.array([-1]), 3)
    with pytest.raises(SequenceError, match="whole numbers"):
        hierarchy.labels_to_bits(np.array([0.5]), 3)


@given(sequences(), st.data())
def test_structure_embedding_follows_its_formula(sequence: GranularitySequence, data: st.DataObject) -> None:
    stage = data.draw(st.integers(0, sequence.depth))
    embedding = hierarchy.structure_embedding(sequence.bits, stage)
    labels = sequence.labels(stage)
    for channel in range(sequence.depth):
        known = 2 * ((labels >> (stage - 1 - channel)) & 1) if channel < stage else np.ones(sequence.cells)
        assert np.array_equal(embedding[:, channel], known)


def test_balance_and_its_distance() -> None:
    balanced = hierarchy.labels_to_bits(np.array([3, 0, 2, 1]), 2)
    assert hierarchy.is_balanced(balanced, 2)
    assert hierarchy.imbalance(balanced) == 0.0
    tilted = hierarchy.labels_to_bits(np.array([0, 1, 2, 2]), 2)
    assert hierarchy.is_balanced(tilted, 1) and not hierarchy.is_balanced(tilted, 2)
    assert hierarchy.cluster_sizes(tilted, 2).tolist() == [1, 1, 2, 0]
    assert hierarchy.imbalance(tilted) == pytest.approx((0 / 4 + 1 / 4) / 2)
    collapsed = hierarchy.labels_to_bits(np.zeros(4, dtype=np.int64), 2)
    assert hierarchy.imbalance(collapsed) == pytest.approx((2 / 4 + 3 / 4) / 2)


def plain_split(scores: list[float], labels: list[int], known: list[int]) -> list[int]:
    """The rule as its text has it, one cluster at a time."""
    bits = [0] * len(labels)
    for cluster in set(labels):
        members = [cell for cell in range(len(labels)) if labels[cell] == cluster]
        size = len(members)
        ones = [cell for cell in members if known[cell] == 1]
        free = [cell for cell in members if known[cell] == -1]
        count = max(len(ones), min(size // 2, size - sum(known[cell] == 0 for cell in members)))
        best = sorted(free, key=lambda cell: (-scores[cell], cell))[: count - len(ones)]
        if size == 1 and free:
            best = free if scores[free[0]] > 0 else []
        for cell in ones + best:
            bits[cell] = 1
    return bits


@given(seeds, st.integers(1, 40), st.integers(1, 9))
def test_split_follows_the_rule(seed: int, cells: int, clusters: int) -> None:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, clusters, cells)
    scores = generator.integers(-3, 4, cells) / 2
    known = generator.choice(np.array([-1, 0, 1], dtype=np.int8), cells, p=[0.6, 0.2, 0.2])
    bits = hierarchy.split(scores, labels, known)
    assert bits.dtype == np.uint8
    assert bits.tolist() == plain_split(scores.tolist(), labels.tolist(), known.tolist())
    everything_free = [-1] * cells
    assert hierarchy.split(scores, labels).tolist() == plain_split(scores.tolist(), labels.tolist(), everything_free)


@given(seeds)
def test_split_of_equal_clusters_takes_the_top_half(seed: int) -> None:
    generator = np.random.default_rng(seed)
    labels = generator.permutation(np.repeat(np.arange(4), 8))
    scores = generator.normal(size=32)
    bits = hierarchy.split(scores, labels)
    for cluster in range(4):
        chosen, left = scores[(labels == cluster) & (bits == 1)], scores[(labels == cluster) & (bits == 0)]
        assert len(chosen) == len(left) == 4
        assert chosen.min() > left.max()


def test_split_of_nothing_is_nothing() -> None:
    assert hierarchy.split(np.zeros(0), np.zeros(0, dtype=np.int64)).shape == (0,)


def test_excess_counts_the_cells_that_must_move() -> None:
    bits = hierarchy.labels_to_bits(np.array([0, 0, 0, 1, 2, 3, 3, 3]), 3)
    assert [hierarchy.excess(bits, level) for level in range(4)] == [0, 4, 4, 4]
