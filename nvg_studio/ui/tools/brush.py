"""Brush: gives cells to the cluster in hand. With Ctrl it picks the cluster under the pointer instead."""

from functools import partial

from PySide6.QtCore import Qt

from nvg_studio.ui.canvas.layers import Preview
from nvg_studio.ui.tools import previews
from nvg_studio.ui.tools.base import Desk, Pointer, Stroke, take_under
from nvg_studio.ui.tools.dragging import LineMemory, collect, hover_preview


class Brush:
    """A round brush; a stroke is one undo step."""

    name = "brush"
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self) -> None:
        self._memory = LineMemory()

    def hover(self, desk: Desk, pointer: Pointer) -> Preview | None:
        """The cells that a click would change."""
        return hover_preview(desk, pointer, partial(previews.of_paint, desk, desk.state.now), self._memory)

    def stroke(self, desk: Desk, press: Pointer) -> Stroke:
        """Paint; the choices (level, cluster, size) are those at the press."""
        if press.ctrl:
            take_under(desk, press)
            return
        choices = desk.state.now
        cells = yield from collect(desk, press, partial(previews.of_paint, desk, choices), self._memory)
        desk.session.editing.paint(cells, choices)
