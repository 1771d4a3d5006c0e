"""Cells of a picture as a grid: masks and distances."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import label

from nvg_studio.errors import SequenceError

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]


def tree_depth(cells: int) -> int:
    """K for L = 2^K cells; SequenceError for another number of cells (or fewer than two)."""
    depth = cells.bit_length() - 1
    if depth < 1 or cells != 1 << depth:
        raise SequenceError(f"A grid has 2, 4, 8, ... cells, not {cells}.")
    return depth


def clustering_depth(latent: NDArray[np.floating[Any]]) -> int:
    """K of a latent float [2^K, C] that is to be clustered, K at least 1.

    Raises:
        SequenceError: the number of cells is no such power of two, or the latent is not finite.
    """
    cells = latent.shape[0] if latent.ndim == 2 else 0
    depth = cells.bit_length() - 1
    if depth < 1 or cells != 1 << depth:
        raise SequenceError(f"Cannot cluster an array of shape {latent.shape}: cells x channels with 2^K cells needed.")
    if not np.isfinite(latent).all():
        raise SequenceError(
            "Cannot cluster the latent: it holds values that are not finite. Check the model's weights."
        )
    return depth


def grid_shape(cells: int) -> tuple[int, int]:
    """Rows and columns of a grid of 2^K cells: square for even K, twice as wide as high for odd K."""
    rows = 1 << (tree_depth(cells) // 2)
    return rows, cells // rows


def cell_mask(cells: ArrayLike, count: int) -> BoolArray:
    """A set of cells as bool [count].

    Args:
        cells: bool [count], or positions (whole numbers, 0 <= position < count) in any order.
        count: number of cells of the grid.

    Raises:
        SequenceError: the mask has another size, or a position is outside the grid.
    """
    given: NDArray[Any] = np.asarray(cells)
    if given.dtype == np.bool_:
        if given.size != count:
            raise SequenceError(f"A mask for {count} cells is needed, not one of {given.size}.")
        return given.reshape(-1).copy()
    mask = np.zeros(count, dtype=np.bool_)
    if given.size:
        if given.dtype.kind not in "iu" or not 0 <= int(given.min()) <= int(given.max()) < count:
            raise SequenceError(f"Cells are whole numbers from 0 to {count - 1}.")
        mask[given.reshape(-1)] = True
    return mask


@lru_cache(maxsize=4)
def cell_distances(cells: int) -> FloatArray:
    """Euclidean distances float64 [L, L] between the centres of all cells, in cells; read-only."""
    _, columns = grid_shape(cells)
    row, column = np.divmod(np.arange(cells), columns)
    distances: FloatArray = np.hypot(row[:, None] - row, column[:, None] - column)
    distances.setflags(write=False)
    return distances


def edge_distance(mask: BoolArray) -> FloatArray:
    """Distance float64 [L] of every cell from the edge of `mask`: to the nearest cell on its other side, in cells.

    Zero everywhere if the mask has no edge (empty or full).
    """
    if mask.all() or not mask.any():
        return np.zeros(len(mask))
    distances = cell_distances(len(mask))
    result: FloatArray = np.empty(len(mask))
    result[mask] = distances[np.ix_(mask, ~mask)].min(axis=1)
    result[~mask] = distances[np.ix_(~mask, mask)].min(axis=1)
    return result


def connected(mask: BoolArray, cell: int) -> BoolArray:
    """The cells of `mask` bool [L] that can be reached from `cell` inside it, from side to side, not over corners.

    None at all where `cell` is not in the mask.
    """
    parts, _ = label(mask.reshape(grid_shape(len(mask))))
    flat = parts.reshape(-1)
    found: BoolArray = mask & (flat == flat[cell])
    return found


def grown(mask: BoolArray) -> BoolArray:
    """The cells of `mask` bool [L] and their neighbours, diagonal ones too."""
    if not mask.any():
        return mask.copy()
    near: BoolArray = cell_distances(len(mask))[mask].min(axis=0) < 2
    return near
