"""Lock brush: locks cells; the right button, or the switch in the tool's options, unlocks."""

from dataclasses import replace
from functools import partial

from PySide6.QtCore import Qt

from nvg_studio.editor.choices import Choices
from nvg_studio.ui.canvas.layers import Preview
from nvg_studio.ui.canvas.tool import Pointer, Stroke, ToolContext
from nvg_studio.ui.tools import previews
from nvg_studio.ui.tools.dragging import LineMemory, collect_cells, hover_preview


class LockBrush:
    """Locks the layout, the region or the coarse content, as chosen in the tool options."""

    name = "lock"
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self) -> None:
        self._memory = LineMemory()

    def hover(self, context: ToolContext, pointer: Pointer) -> Preview | None:
        """The cells whose lock a click would change."""
        return hover_preview(
            context, pointer, partial(previews.lock_preview, context, context.state.choices), self._memory
        )

    def stroke(self, context: ToolContext, press: Pointer) -> Stroke:
        """Lock or unlock the cells of one drag."""
        choices: Choices = replace(context.state.choices, unlocking=context.state.choices.unlocking != press.right)
        cells = yield from collect_cells(context, press, partial(previews.lock_preview, context, choices), self._memory)
        context.session.document_editor.lock_cells(cells, choices)
