"""Hand, zoom and the divider of before and after: they change the view, never the document."""

from dataclasses import replace

from PySide6.QtCore import Qt

from nvg_studio.ui.canvas.layers import Preview
from nvg_studio.ui.canvas.tool import Pointer, Stroke, ToolContext


class PanTool:
    """Drag to pan."""

    name = "hand"
    cursor = Qt.CursorShape.OpenHandCursor

    def hover(self, context: ToolContext, pointer: Pointer) -> Preview | None:
        """Nothing."""
        return None

    def stroke(self, context: ToolContext, press: Pointer) -> Stroke:
        """Pan until the release."""
        last = press.position
        while True:
            pointer = yield
            if pointer.released:
                return
            context.canvas.pan(pointer.position - last)
            last = pointer.position


class ZoomTool:
    """Click to zoom in, Alt or the right button to zoom out, drag sideways to zoom smoothly."""

    name = "zoom"
    cursor = Qt.CursorShape.SizeHorCursor

    def hover(self, context: ToolContext, pointer: Pointer) -> Preview | None:
        """Nothing."""
        return None

    def stroke(self, context: ToolContext, press: Pointer) -> Stroke:
        """A drag zooms about where it began; a click by half as much again."""
        last, dragged = press.position, False
        while True:
            pointer = yield
            if pointer.released:
                break
            by = pointer.position.x() - last.x()
            dragged = dragged or abs(pointer.position.x() - press.position.x()) > 3
            if dragged:
                context.canvas.zoom(1.01**by, press.position)
                last = pointer.position
        if not dragged:
            out = press.alt or press.right
            context.canvas.zoom(1 / 1.5 if out else 1.5, press.position)


class WipeDivider:
    """Drag to move the border between before and after; the canvas uses it where the divider is under the pointer."""

    name = "divider"
    cursor = Qt.CursorShape.SplitHCursor

    def hover(self, context: ToolContext, pointer: Pointer) -> Preview | None:
        """Nothing."""
        return None

    def stroke(self, context: ToolContext, press: Pointer) -> Stroke:
        """The divider follows the pointer until the release."""
        pointer = press
        while not pointer.released:
            context.state.set(replace(context.state.choices, wipe=pointer.x / context.session.grid))
            pointer = yield
