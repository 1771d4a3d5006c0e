"""Fill: gives the region under the pointer, or its whole cluster, to the cluster in hand."""

from PySide6.QtCore import Qt

from nvg_studio.ui import gestures
from nvg_studio.ui.canvas.layers import Preview
from nvg_studio.ui.tools import previews
from nvg_studio.ui.tools.base import Desk, Pointer, Stroke


class Fill:
    """One click, one undo step."""

    name = "fill"
    cursor = Qt.CursorShape.CrossCursor

    def hover(self, desk: Desk, pointer: Pointer) -> Preview | None:
        """The cells that a click would change."""
        cell = desk.cell(pointer)
        if cell is None:
            return None
        return previews.of_paint(desk, desk.state.now, gestures.region(desk.session.sequence, cell, desk.state.now))

    def stroke(self, desk: Desk, press: Pointer) -> Stroke:
        """Fill on release, so that Escape can still stop it."""
        choices, cell = desk.state.now, desk.cell(press)
        while not (yield).released:
            pass
        if cell is not None:
            desk.session.editing.fill(cell, choices)
