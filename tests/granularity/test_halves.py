"""Balanced halves: what must hold for every latent, and what a cut means."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nvg_studio.errors import SequenceError
from nvg_studio.granularity.clustering import cluster, structure_maps
from nvg_studio.granularity.halves import cell_products, halve, smoothed, split_in_halves
from nvg_studio.granularity.structure_method import Halves, Pairs, method_name, of_kind

Latent = NDArray[np.float32]
METHODS = st.builds(Halves, st.sampled_from([0.0, 1.0, 1.5]), st.integers(0, 2))


@st.composite
def exact_latents(draw: st.DrawFn) -> Latent:
    """Latents of small eighths: sums and constants are exact, and equal cells are frequent."""
    cells, channels = draw(st.sampled_from([2, 8, 16, 64])), draw(st.integers(1, 6))
    seed, steps = draw(st.integers(0, 2**32 - 1)), draw(st.sampled_from([1, 2, 8, 64]))
    numbers = np.random.default_rng(seed).integers(-steps, steps + 1, (cells, channels))
    return (numbers / 8).astype(np.float32)


@given(exact_latents(), METHODS)
@settings(max_examples=60, deadline=None)
def test_balanced_and_nested(latent: Latent, method: Halves) -> None:
    maps = halve(latent, method)
    for level, labels in enumerate(maps):
        assert (np.bincount(labels, minlength=1 << level) == len(latent) >> level).all()
        assert np.array_equal(labels, maps[-1] >> (len(maps) - 1 - level))


@given(exact_latents(), METHODS, st.randoms(use_true_random=False), st.integers(-16, 16))
@settings(max_examples=60, deadline=None)
def test_neither_the_order_of_channels_nor_a_constant_matters(
    latent: Latent, method: Halves, random: Random, constant: int
) -> None:
    order = list(range(latent.shape[1]))
    random.shuffle(order)
    shift = np.float32(constant) * np.arange(latent.shape[1], dtype=np.float32)
    maps = halve(latent, method)
    assert np.array_equal(halve(latent[:, order], method), maps)
    assert np.array_equal(halve(latent + shift, method), maps)


@given(exact_latents(), METHODS)
@settings(max_examples=60, deadline=None)
def test_child_one_is_the_brighter_half(latent: Latent, method: Halves) -> None:
    """Judged on the latent as it is, with whole numbers, at every node that is not a tie."""
    maps, bright = halve(latent, method), np.rint(8 * latent.astype(np.float64)).astype(int).sum(1)
    for level in range(1, len(maps)):
        sums = np.bincount(maps[level], bright, 1 << level)
        assert (sums[1::2] >= sums[0::2]).all()


@pytest.mark.parametrize("cells", [2, 8, 256])
def test_a_flat_latent_is_cut_in_reading_order(cells: int) -> None:
    latent = np.full((cells, 4), 0.1, np.float32)
    assert np.array_equal(halve(latent, Halves())[-1], np.arange(cells))


def test_two_grounds_are_the_first_cut() -> None:
    """The bright right side of a picture is child 1 of the first level, whatever the noise on it."""
    rng, side = np.random.default_rng(0), np.arange(256) % 16 >= 8
    latent = (2.0 * side[:, None] + 0.3 * rng.standard_normal((256, 8))).astype(np.float32)
    for method in (Halves(), Halves(0.0, 0), Halves(1.5, 2)):
        assert np.array_equal(halve(latent, method)[1], side)
        assert np.array_equal(halve(-latent, method)[1], ~side)


def test_smoothing_takes_the_mean_of_the_neighbours() -> None:
    image = np.zeros((4, 4, 1))
    image[1, 1] = 16
    expected = np.outer([1, 2, 1, 0], [1, 2, 1, 0])
    assert np.array_equal(smoothed(image, 1)[..., 0], expected)
    assert np.array_equal(smoothed(np.ones((2, 4, 3)), 3), np.ones((2, 4, 3)))


def test_clusters_of_any_size_are_split_in_halves() -> None:
    latent = np.random.default_rng(3).standard_normal((64, 8))
    labels = np.repeat([0, 3, 5, 9], [1, 2, 21, 40])
    bits = split_in_halves(cell_products(latent, Halves()), labels)
    assert [int(min(bits[labels == n].sum(), (1 - bits[labels == n]).sum())) for n in (0, 3, 5, 9)] == [0, 1, 10, 20]
    assert bits[0] == 0


def test_the_method_decides() -> None:
    latent = np.random.default_rng(1).standard_normal((64, 8)).astype(np.float32)
    assert np.array_equal(structure_maps(latent, Pairs()), cluster(latent))
    assert np.array_equal(structure_maps(latent, Halves(1.5, 0)), halve(latent, Halves(1.5, 0)))


@pytest.mark.parametrize("shape", [(3, 4), (1, 4), (16,)])
def test_a_latent_without_a_tree_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(SequenceError, match="2\\^K"):
        halve(np.zeros(shape, np.float32), Halves())


def test_what_is_not_finite_is_refused() -> None:
    with pytest.raises(SequenceError, match="not finite"):
        halve(np.full((4, 2), np.inf, np.float32), Halves())


def test_a_kind_is_the_models_own_where_it_has_it() -> None:
    own = Halves(1.5, 2)
    assert of_kind(Halves(), own) == own and of_kind(Pairs(), own) == Pairs() and of_kind(own, Pairs()) == own
    assert [method_name(method) for method in (own, Pairs())] == ["halves", "pairs"]
