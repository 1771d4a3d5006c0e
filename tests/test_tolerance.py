"""Tolerances cover what processors do differently, and not much more."""

import numpy as np
import pytest

from tests.tolerance import ONE, assert_close, float32_error


def test_sines_of_large_arguments_are_as_wrong_as_their_arguments() -> None:
    """One rounding of 1000 moves its cosine by far more than six decimals."""
    arguments = np.linspace(900, 1000, 999, dtype=np.float32)
    ours, theirs = np.cos(arguments.astype(np.float64)), np.cos(np.nextafter(arguments, 2000).astype(np.float64))
    assert np.abs(ours - theirs).max() > 1e-5
    assert_close(ours, theirs, 2 * 1000)


def test_limits_grow_with_size_and_number_of_roundings() -> None:
    values = np.array([1.0, -300.0])
    assert_close(values + float32_error(300), values, ONE)
    with pytest.raises(AssertionError):
        assert_close(values + 2 * float32_error(300), values, ONE)
    with pytest.raises(AssertionError):
        assert_close(values[:1], values, ONE)
