"""Which cells a brush covers."""

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]


def swept(grid: int, start: Point, end: Point, size: int) -> NDArray[np.bool_]:
    """Cells covered by a round brush of `size` cells moved from `start` to `end` (cell units): bool [grid*grid].

    A cell is covered where its centre lies within the brush; the cells right under both ends always are (if they are
    on the grid), so that a brush of size 1 paints the cell under the cursor.
    """
    centres = np.arange(grid) + 0.5
    x, y = centres[None, :], centres[:, None]
    ax, ay = start
    dx, dy = end[0] - ax, end[1] - ay
    length = dx * dx + dy * dy
    along = np.clip(((x - ax) * dx + (y - ay) * dy) / length, 0.0, 1.0) if length else np.zeros((grid, grid))
    distance = np.hypot(ax + along * dx - x, ay + along * dy - y)
    covered: NDArray[np.bool_] = distance <= max(size / 2, 0.5)
    for px, py in (start, end):
        if 0 <= px < grid and 0 <= py < grid:
            covered[int(py), int(px)] = True
    return covered.reshape(-1)
