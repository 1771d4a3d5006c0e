"""Cells of a square grid at the size of a picture."""

import math
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from nvg_studio.errors import PictureError

Value = TypeVar("Value", bound=np.generic)


def grid_side(cells: int) -> int:
    """Cells a side of a square grid of `cells` cells; PictureError where there is none."""
    side = math.isqrt(cells)
    if side < 1 or side * side != cells:
        raise PictureError(f"{cells} cells do not make a square grid; pictures have as many rows as columns of cells.")
    return side


def cells_to_pixels(values: NDArray[Value], size: int) -> NDArray[Value]:
    """Values of the cells, [L] or [L, C], at every pixel: [size, size] or [size, size, C].

    A pixel belongs to the cell that its centre lies in, so `size` need not be a multiple of the grid's side.
    """
    side = grid_side(len(values))
    cell = (2 * np.arange(size) + 1) * side // (2 * size)
    square = values.reshape(side, side, *values.shape[1:])
    return square[cell[:, None], cell]


def cell_means(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Mean colours of the cells of a grid with `side` cells a side: uint8 [S, S, 3] to uint8 [side * side, 3]."""
    small: NDArray[np.uint8] = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA).astype(np.uint8)
    return small.reshape(-1, 3)
