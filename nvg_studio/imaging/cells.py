"""Cells of a square grid at the size of a picture."""

import math
from typing import TypeVar

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


def spread(values: NDArray[Value], size: int) -> NDArray[Value]:
    """Values of the cells, [L] or [L, C], at every pixel: [size, size] or [size, size, C].

    A pixel belongs to the cell that its centre lies in, so `size` need not be a multiple of the grid's side.
    """
    side = grid_side(len(values))
    cell = (2 * np.arange(size) + 1) * side // (2 * size)
    square = values.reshape(side, side, *values.shape[1:])
    return square[cell[:, None], cell]
