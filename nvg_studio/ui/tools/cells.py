"""Which cells a brush or a shape covers. Points are (x, y) in cells."""

from math import ceil, floor

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainterPath, QPolygonF

Point = tuple[float, float]
Cells = NDArray[np.bool_]


def swept(grid: int, start: Point, end: Point, size: float) -> Cells:
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
    covered: Cells = distance <= max(size / 2, 0.5)
    for px, py in (start, end):
        if 0 <= px < grid and 0 <= py < grid:
            covered[int(py), int(px)] = True
    return covered.reshape(-1)


def in_lasso(grid: int, points: list[Point]) -> Cells:
    """Cells bool [grid*grid] whose centre lies within the closed line through `points`."""
    path = QPainterPath()
    path.addPolygon(QPolygonF([QPointF(x, y) for x, y in points]))
    path.closeSubpath()
    path.setFillRule(Qt.FillRule.WindingFill)
    return _inside(grid, path)


def in_rectangle(grid: int, first: Point, last: Point) -> Cells:
    """Cells bool [grid*grid] of the rectangle from the cell under `first` to the one under `last`, both included."""
    path = QPainterPath()
    path.addRect(snapped(first, last))
    return _inside(grid, path)


def in_ellipse(grid: int, first: Point, last: Point) -> Cells:
    """Cells bool [grid*grid] whose centre lies within the ellipse that fills the same rectangle."""
    path = QPainterPath()
    path.addEllipse(snapped(first, last))
    return _inside(grid, path)


def snapped(first: Point, last: Point) -> QRectF:
    """The rectangle of whole cells that has both points in its corner cells."""
    left, top = floor(min(first[0], last[0])), floor(min(first[1], last[1]))
    right, bottom = (max(ceil(max(a, b)), floor(min(a, b)) + 1) for a, b in zip(first, last, strict=True))
    return QRectF(left, top, right - left, bottom - top)


def _inside(grid: int, path: QPainterPath) -> Cells:
    box = path.boundingRect()
    covered = np.zeros((grid, grid), np.bool_)
    rows = range(max(floor(box.top()), 0), min(ceil(box.bottom()), grid))
    columns = range(max(floor(box.left()), 0), min(ceil(box.right()), grid))
    for y in rows:
        for x in columns:
            covered[y, x] = path.contains(QPointF(x + 0.5, y + 0.5))
    return covered.reshape(-1)
