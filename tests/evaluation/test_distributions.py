"""Comparisons of feature sets with answers known beforehand."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from nvg_studio.evaluation.metrics.distributions import frechet_distance, nearest, precision_recall


def features(count, size, seed=0, scale=1.0, shift=0.0):
    return np.random.default_rng(seed).standard_normal((count, size)) * scale + shift


@pytest.mark.parametrize(("count", "size"), [(200, 8), (20, 64)], ids=["many pictures", "fewer than features"])
def test_a_set_is_at_no_distance_from_itself_and_covers_itself(count, size):
    some = features(count, size)
    assert frechet_distance(some, some) == pytest.approx(0, abs=1e-4)
    assert precision_recall(some, some) == (1, 1)


def test_moving_a_set_costs_the_square_of_the_way():
    some = features(100, 4)
    assert frechet_distance(some, some + [3, 0, 4, 0]) == pytest.approx(25)


def test_stretching_a_set_costs_the_square_of_the_difference_in_spread():
    some = features(100, 1)
    assert frechet_distance(some, 3 * (some - some.mean()) + some.mean()) == pytest.approx(4 * some.var(ddof=1))


def test_the_distance_is_that_of_the_formula_and_symmetric():
    one, two = features(300, 5) @ np.triu(np.ones((5, 5))), features(200, 5, seed=1, scale=0.5, shift=0.3)
    c_one, c_two = np.cov(one, rowvar=False), np.cov(two, rowvar=False)
    formula = np.square(one.mean(0) - two.mean(0)).sum() + np.trace(c_one + c_two - 2 * sqrtm(c_one @ c_two).real)
    assert frechet_distance(one, two) == pytest.approx(formula) == pytest.approx(frechet_distance(two, one))


def test_far_sets_have_neither_precision_nor_recall():
    assert precision_recall(features(50, 3), features(50, 3, shift=100.0)) == (0, 0)


def test_a_model_of_one_of_two_modes_is_precise_and_misses_the_other():
    real = np.concatenate([features(100, 3), features(100, 3, seed=1, shift=100.0)])
    quality = precision_recall(features(100, 3, seed=2), real)
    assert quality.precision > 0.8 and 0.35 < quality.recall <= 0.5


def test_a_model_that_adds_a_mode_covers_all_and_is_half_wrong():
    made = np.concatenate([features(100, 3), features(100, 3, seed=1, shift=100.0)])
    quality = precision_recall(made, features(100, 3, seed=2))
    assert quality.recall > 0.8 and 0.35 < quality.precision <= 0.5


def test_balls_reach_to_the_kth_neighbour():
    real = np.array([[0.0], [1.0], [3.0], [7.0]])
    made = np.array([[-1.1], [3.9], [11.5], [40.0]])
    # With k = 1 the balls of the real ones have radii 1, 1, 2, 4; those of the made ones 5, 5, 7.6, 28.5.
    assert precision_recall(made, real, neighbours=1) == (0.25, 1)
    assert precision_recall(made, real, neighbours=2) == (0.75, 1)


def test_the_nearest_is_found_with_its_distance():
    found = nearest(np.array([[0.0, 0.0], [9.0, 1.0]]), np.array([[10.0, 1.0], [3.0, 4.0]]))
    assert found.place.tolist() == [1, 0] and found.distance == pytest.approx([5, 1])
