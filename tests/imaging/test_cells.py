"""Cells at the size of a picture, and pictures as means of cells."""

import numpy as np
import pytest

from nvg_studio.imaging.cells import cell_means, cells_to_pixels


@pytest.mark.parametrize("size", [8, 12, 64])
def test_means_of_flat_cells_are_their_colours(size: int) -> None:
    colours = np.random.default_rng(0).integers(0, 256, (16, 3), dtype=np.uint8)
    picture = cells_to_pixels(colours, size)
    np.testing.assert_array_equal(cell_means(picture, 4), colours)


def test_means_of_mixed_cells() -> None:
    picture = np.zeros((4, 4, 3), np.uint8)
    picture[:2, 0] = (100, 50, 200)
    np.testing.assert_array_equal(cell_means(picture, 2), [[50, 25, 100], [0, 0, 0], [0, 0, 0], [0, 0, 0]])
