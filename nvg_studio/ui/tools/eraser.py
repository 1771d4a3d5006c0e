"""Restore eraser: gives cells back to what the last run (or the photo) had."""

from functools import partial

from PySide6.QtCore import Qt

from nvg_studio.ui.canvas.layers import Preview
from nvg_studio.ui.tools import previews
from nvg_studio.ui.tools.base import Desk, Pointer, Stroke
from nvg_studio.ui.tools.dragging import LineMemory, collect, hover_preview


class Eraser:
    """Undoes paint, not locks; up to the active level and deeper."""

    name = "eraser"
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self) -> None:
        self._memory = LineMemory()

    def hover(self, desk: Desk, pointer: Pointer) -> Preview | None:
        """The cells that a click would give back."""
        return hover_preview(desk, pointer, partial(previews.of_restore, desk, desk.state.now), self._memory)

    def stroke(self, desk: Desk, press: Pointer) -> Stroke:
        """Restore the cells of one drag."""
        choices = desk.state.now
        cells = yield from collect(desk, press, partial(previews.of_restore, desk, choices), self._memory)
        desk.session.editing.restore(cells, choices)
