"""Lasso, rectangle and ellipse: the enclosed cells are assigned to the active cluster."""

from collections.abc import Callable
from functools import partial
from math import floor

from PySide6.QtCore import Qt

from nvg_studio.ui.canvas.layers import Mask, Preview
from nvg_studio.ui.canvas.tool import Pointer, Stroke, ToolContext, activate_under
from nvg_studio.ui.tools import previews
from nvg_studio.ui.tools.cells import Point, in_ellipse, in_lasso, in_rectangle, swept

Area = Callable[[int, list[Point]], Mask]
"""From cells per side and the points of a drag (constrained already) to the cells bool [L] that it encloses."""


class Shape:
    """One drag, one undo step; with Ctrl it picks the cluster under the pointer.

    `even`: Shift keeps both sides equal; `outlined`: the drag itself is shown.
    """

    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, name: str, area: Area, even: bool, outlined: bool) -> None:
        self.name = name
        self._area, self._even, self._outlined = area, even, outlined

    def hover(self, context: ToolContext, pointer: Pointer) -> Preview | None:
        """The cell where a drag would begin."""
        here = (pointer.x, pointer.y)
        return previews.paint_preview(context, context.state.choices, swept(context.session.grid, here, here, 1))

    def stroke(self, context: ToolContext, press: Pointer) -> Stroke:
        """Paint what the drag encloses; the choices are those at the press."""
        if press.ctrl:
            activate_under(context, press)
            return
        choices, grid = context.state.choices, context.session.grid
        points = [(press.x, press.y)]
        cells = self._area(grid, points)
        try:
            while True:
                outline = (*points, points[0]) if self._outlined else ()
                context.canvas.show_preview(previews.paint_preview(context, choices, cells, outline))
                pointer = yield
                if pointer.released:
                    break
                points.append(self._constrained(points[0], pointer))
                cells = self._area(grid, points)
        finally:
            context.canvas.show_preview(None)
        context.session.document_editor.paint(cells, choices)

    def _constrained(self, start: Point, pointer: Pointer) -> Point:
        """The pointer, or with Shift where both sides have as many cells."""
        if not (self._even and pointer.shift):
            return pointer.x, pointer.y
        dx, dy = floor(pointer.x) - floor(start[0]), floor(pointer.y) - floor(start[1])
        side = max(abs(dx), abs(dy))
        return start[0] + (side if dx >= 0 else -side), start[1] + (side if dy >= 0 else -side)


def _between(area: Callable[[int, Point, Point], Mask], grid: int, points: list[Point]) -> Mask:
    return area(grid, points[0], points[-1])


def lasso() -> Shape:
    """Fills the area inside a freehand line."""
    return Shape("lasso", in_lasso, even=False, outlined=True)


def rectangle() -> Shape:
    """Fills a rectangle of whole cells."""
    return Shape("rectangle", partial(_between, in_rectangle), even=True, outlined=False)


def ellipse() -> Shape:
    """Fills the ellipse in that rectangle."""
    return Shape("ellipse", partial(_between, in_ellipse), even=True, outlined=False)
