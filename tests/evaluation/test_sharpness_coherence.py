"""Gradient ratio and coherence: values that follow from the definition."""

import cv2
import numpy as np
import pytest

from nvg_studio.evaluation.metrics.coherence import coherence, mean_coherence
from nvg_studio.evaluation.metrics.sharpness import gradient_ratio, mean_gradient
from nvg_studio.granularity.sequence import GranularitySequence


def ramp() -> np.ndarray:
    """Grey values that rise by 5 a column."""
    return np.repeat(np.tile(np.arange(0, 160, 5, dtype=np.uint8), (32, 1))[..., None], 3, axis=2)


def of_labels(bits: np.ndarray) -> GranularitySequence:
    return GranularitySequence(bits, np.zeros((bits.shape[1] + 1, len(bits)), np.int32))


def test_the_gradient_of_a_ramp_is_its_slope_and_blur_lowers_the_ratio():
    assert mean_gradient([ramp()]) == pytest.approx(5 / 255, rel=1e-6)
    noise = np.random.default_rng(0).integers(256, size=(64, 64, 3), dtype=np.uint8)
    soft = np.asarray(cv2.GaussianBlur(noise, (0, 0), 2), np.uint8)
    assert gradient_ratio([noise], [noise]) == 1
    assert gradient_ratio([soft], [noise]) < 0.3


def test_halves_of_a_grid_are_coherent_and_a_chessboard_is_not():
    row, column = np.divmod(np.arange(256), 16)
    bits = np.zeros((256, 8), np.uint8)
    bits[:, 0] = column >= 8
    assert coherence(of_labels(bits), 1) == pytest.approx(1 - 16 / 480)
    bits[:, 0] = (row + column) % 2
    assert coherence(of_labels(bits), 1) == 0
    assert mean_coherence([of_labels(bits)])["level 4"] == 0
