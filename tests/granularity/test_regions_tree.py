"""Label maps as trees."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nvg_studio.errors import SequenceError
from nvg_studio.granularity import hierarchy
from nvg_studio.granularity.clustering import cluster
from nvg_studio.granularity.regions_tree import tree_from_regions
from tests.granularity.strategies import seeds


def test_similar_regions_become_siblings() -> None:
    regions = np.repeat([5, 9, 2, 7, 100], [4, 3, 2, 3, 4])
    bits = tree_from_regions(regions, regions[:, None].astype(np.float64))
    labels = dict(zip(regions.tolist(), hierarchy.bits_to_labels(bits, 3).tolist(), strict=True))
    # 5 and 7 are merged first, then 2 and 9; 100 is the odd one out.
    assert labels == {5: 0, 7: 1, 2: 2, 9: 3, 100: 4}


@given(seeds, st.integers(1, 16))
def test_any_number_of_regions_takes_the_least_levels(seed: int, count: int) -> None:
    generator = np.random.default_rng(seed)
    regions = generator.permutation(np.r_[np.arange(count), generator.integers(0, count, 64 - count)])
    bits = tree_from_regions(regions, generator.normal(size=(64, 3)))
    levels = (count - 1).bit_length()
    pairs = np.unique(np.stack([regions, hierarchy.bits_to_labels(bits, levels)]), axis=1)
    assert pairs.shape[1] == count == len(np.unique(pairs[1])), "one cluster a region"
    if levels:
        assert len(np.unique(hierarchy.bits_to_labels(bits, levels - 1))) == -(-count // 2)


@given(seeds)
def test_single_cells_are_clustered_as_a_latent_is(seed: int) -> None:
    latent = np.random.default_rng(seed).integers(-64, 64, (64, 4)).astype(np.float32)
    latent += np.arange(64, dtype=np.float32)[:, None] / 128
    bits = tree_from_regions(np.arange(64), latent)
    level = 5
    assert np.array_equal(hierarchy.bits_to_labels(bits, level), cluster(latent)[level])


def test_inside_a_region_cells_are_halved_in_reading_order() -> None:
    bits = tree_from_regions(np.zeros(8, dtype=np.int64), np.zeros((8, 1)))
    assert hierarchy.bits_to_labels(bits, 1).tolist() == [1, 1, 1, 1, 0, 0, 0, 0]
    assert hierarchy.is_balanced(bits, 3)


@pytest.mark.parametrize(
    ("labels", "features"),
    [
        (np.zeros(16, dtype=np.int64), np.zeros((8, 2))),
        (np.zeros(12, dtype=np.int64), np.zeros((12, 2))),
        (np.zeros(16), np.zeros((16, 2))),
        (np.zeros(16, dtype=np.int64), np.full((16, 2), np.nan)),
        (np.zeros(16, dtype=np.int64), np.zeros((16, 0))),
    ],
)
def test_what_does_not_fit_is_refused(labels: NDArray[Any], features: NDArray[Any]) -> None:
    with pytest.raises(SequenceError):
        tree_from_regions(labels, features)


@given(seeds, st.integers(1, 16))
def test_numbered_like_halves_the_brighter_child_is_child_one(seed: int, count: int) -> None:
    generator = np.random.default_rng(seed)
    regions, bright = generator.integers(0, count, 64), generator.integers(-8, 9, 64)
    features = generator.normal(size=(64, 3))
    bits, plain = tree_from_regions(regions, features, bright), tree_from_regions(regions, features)
    for level in range(6):
        child = hierarchy.bits_to_labels(bits, level + 1)
        sums = np.bincount(child, bright, 2 << level).reshape(-1, 2)
        sizes = np.bincount(child, minlength=2 << level).reshape(-1, 2)
        assert (sums[:, 1] * sizes[:, 0] >= sums[:, 0] * sizes[:, 1])[sizes.min(1) > 0].all()
        both = np.stack([child, hierarchy.bits_to_labels(plain, level + 1)])
        assert len(np.unique(both, axis=1).T) == len(np.unique(child)), "the same clusters, by other numbers"
