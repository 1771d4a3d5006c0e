"""How far two computations in float32 may be apart: their roundings, which depend on size and number of what is added.

Processors add in different orders and have other sines and exponentials: no fixed number of decimals fits all.
"""

from typing import Any

import numpy as np

EPS = float(np.finfo(np.float32).eps)
"""The rounding of 1."""
ONE, SUM, NETWORK, DEEP = 8, 64, 256, 2048
"""Roundings of a formula, of sums of some hundred products, of a transformer of a few blocks, of a deep decoder."""


def float32_error(magnitude: float, roundings: int = ONE) -> float:
    """What so many roundings of numbers up to `magnitude` may add up to."""
    return EPS * magnitude * roundings


def assert_close(actual: Any, expected: Any, roundings: int) -> None:
    """Arrays, tensors or numbers of one shape that differ by no more than roundings of the largest number in them."""
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    assert actual.shape == expected.shape
    assert np.abs(actual - expected).max() <= float32_error(float(np.abs(expected).max()), roundings)
