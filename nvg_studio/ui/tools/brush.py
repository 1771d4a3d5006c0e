"""Brush: assigns cells to the active cluster. With Ctrl it picks the cluster under the pointer instead."""

from functools import partial

from PySide6.QtCore import Qt

from nvg_studio.ui.canvas.layers import Preview
from nvg_studio.ui.canvas.tool import Pointer, Stroke, ToolContext, activate_under
from nvg_studio.ui.tools import previews
from nvg_studio.ui.tools.dragging import LineMemory, collect_cells, hover_preview


class Brush:
    """A round brush; a stroke is one undo step."""

    name = "brush"
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self) -> None:
        self._memory = LineMemory()

    def hover(self, context: ToolContext, pointer: Pointer) -> Preview | None:
        """The cells that a click would change."""
        return hover_preview(
            context, pointer, partial(previews.paint_preview, context, context.state.choices), self._memory
        )

    def stroke(self, context: ToolContext, press: Pointer) -> Stroke:
        """Paint; the choices (level, cluster, size) are those at the press."""
        if press.ctrl:
            activate_under(context, press)
            return
        choices = context.state.choices
        cells = yield from collect_cells(
            context, press, partial(previews.paint_preview, context, choices), self._memory
        )
        context.session.document_editor.paint(cells, choices)
