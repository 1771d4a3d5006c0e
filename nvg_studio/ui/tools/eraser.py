"""Restore eraser: restores what the last run (or the photo) had in cells."""

from functools import partial

from PySide6.QtCore import Qt

from nvg_studio.ui.canvas.layers import Preview
from nvg_studio.ui.canvas.tool import Pointer, Stroke, ToolContext
from nvg_studio.ui.tools import previews
from nvg_studio.ui.tools.dragging import LineMemory, collect_cells, hover_preview


class Eraser:
    """Undoes paint, not locks; up to the active level and deeper."""

    name = "eraser"
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self) -> None:
        self._memory = LineMemory()

    def hover(self, context: ToolContext, pointer: Pointer) -> Preview | None:
        """The cells that a click would restore."""
        return hover_preview(
            context, pointer, partial(previews.restore_preview, context, context.state.choices), self._memory
        )

    def stroke(self, context: ToolContext, press: Pointer) -> Stroke:
        """Restore the cells of one drag."""
        choices = context.state.choices
        cells = yield from collect_cells(
            context, press, partial(previews.restore_preview, context, choices), self._memory
        )
        context.session.document_editor.restore(cells, choices)
