"""Exact pixels: what lies inside the mask is the base, byte for byte."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvg_studio.errors import PictureError
from nvg_studio.imaging.cells import cells_to_pixels
from nvg_studio.imaging.compose import compose
from nvg_studio.imaging.crop import square_crop
from nvg_studio.imaging.read import read_image


def noise(size: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3)).astype(np.uint8)


@given(
    seed=st.integers(0, 999),
    side=st.sampled_from([4, 8, 16]),
    base_size=st.integers(16, 90),
    decoded_size=st.sampled_from([16, 32, 64]),
    share=st.floats(0, 1),
)
def test_inside_is_the_base(seed: int, side: int, base_size: int, decoded_size: int, share: float) -> None:
    base, decoded = noise(base_size, seed), noise(decoded_size, seed + 1)
    mask = np.random.default_rng(seed).random(side * side) < share
    result = compose(base, decoded, mask)
    assert result.dtype == np.uint8
    if not mask.any():
        np.testing.assert_array_equal(result, decoded)
    else:
        inside = cells_to_pixels(mask, base_size)
        np.testing.assert_array_equal(result[inside], base[inside])


def test_far_outside_is_the_decoded_picture() -> None:
    base, decoded = np.full((64, 64, 3), 200, np.uint8), np.full((64, 64, 3), 40, np.uint8)
    mask = np.zeros((16, 16), dtype=bool)
    mask[6:10, 6:10] = True
    result = compose(base, decoded, mask.reshape(-1))
    ring = np.zeros((16, 16), dtype=bool)
    ring[5:11, 5:11] = True
    assert (result[~cells_to_pixels(ring.reshape(-1), 64)] == 40).all()
    row = result[32, 40:45, 0].astype(int)
    assert row[0] < 200 and row[2] > 40
    assert (np.diff(row) <= 0).all(), "the feather falls from the base to the decoded picture"


def test_full_mask_gives_the_base(samples: list[Path]) -> None:
    base = square_crop(read_image(samples[0]))
    result = compose(base, noise(64, 1), np.ones(256, dtype=bool))
    np.testing.assert_array_equal(result, base)
    assert result is not base


def test_photo_keeps_its_resolution(samples: list[Path]) -> None:
    base = square_crop(read_image(samples[1]))
    mask = np.zeros(256, dtype=bool)
    mask[:128] = True
    result = compose(base, noise(64, 1), mask)
    assert result.shape == base.shape == (160, 160, 3)
    np.testing.assert_array_equal(result[:80], base[:80])
    assert not np.array_equal(result[80:], base[80:])


def test_inputs_are_not_changed() -> None:
    base, decoded, mask = noise(32, 0), noise(32, 1), np.arange(16) < 8
    copies = base.copy(), decoded.copy(), mask.copy()
    compose(base, decoded, mask)[:] = 0
    compose(base, decoded, np.zeros(16, dtype=bool))[:] = 0
    for before, after in zip(copies, (base, decoded, mask), strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize(("shape", "cells"), [((32, 32, 3), 15), ((32, 30, 3), 16), ((3, 3, 3), 16), ((32, 32), 16)])
def test_impossible_shapes_are_refused(shape: tuple[int, ...], cells: int) -> None:
    with pytest.raises(PictureError):
        compose(np.zeros(shape, np.uint8), noise(32, 0), np.ones(cells, dtype=bool))
