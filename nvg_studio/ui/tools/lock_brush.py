"""Lock brush: locks cells; the right button, or the switch in the tool's options, unlocks."""

from dataclasses import replace
from functools import partial

from PySide6.QtCore import Qt

from nvg_studio.ui.canvas.layers import Preview
from nvg_studio.ui.state import Choices
from nvg_studio.ui.tools import previews
from nvg_studio.ui.tools.base import Desk, Pointer, Stroke
from nvg_studio.ui.tools.dragging import LineMemory, collect, hover_preview


class LockBrush:
    """Locks what the options say: the layout, the region, or the coarse content."""

    name = "lock"
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self) -> None:
        self._memory = LineMemory()

    def hover(self, desk: Desk, pointer: Pointer) -> Preview | None:
        """The cells whose lock a click would change."""
        return hover_preview(desk, pointer, partial(previews.of_lock, desk, desk.state.now), self._memory)

    def stroke(self, desk: Desk, press: Pointer) -> Stroke:
        """Lock or unlock the cells of one drag."""
        choices: Choices = replace(desk.state.now, unlocking=desk.state.now.unlocking != press.right)
        cells = yield from collect(desk, press, partial(previews.of_lock, desk, choices), self._memory)
        desk.session.editing.lock_cells(cells, choices)
