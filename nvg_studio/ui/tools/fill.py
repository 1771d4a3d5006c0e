"""Fill: assigns the region under the pointer, or its whole cluster, to the active cluster."""

from PySide6.QtCore import Qt

from nvg_studio.editor import strokes
from nvg_studio.ui.canvas.layers import Preview
from nvg_studio.ui.canvas.tool import Pointer, Stroke, ToolContext
from nvg_studio.ui.tools import previews


class Fill:
    """One click, one undo step."""

    name = "fill"
    cursor = Qt.CursorShape.CrossCursor

    def hover(self, context: ToolContext, pointer: Pointer) -> Preview | None:
        """The cells that a click would change."""
        cell = context.cell(pointer)
        if cell is None:
            return None
        return previews.paint_preview(
            context, context.state.choices, strokes.region(context.session.sequence, cell, context.state.choices)
        )

    def stroke(self, context: ToolContext, press: Pointer) -> Stroke:
        """Fill on release, so that Escape can still stop it."""
        choices, cell = context.state.choices, context.cell(press)
        while not (yield).released:
            pass
        if cell is not None:
            context.session.document_editor.fill(cell, choices)
