"""Select/inspect and pick: a click on a cluster."""

from dataclasses import replace

from PySide6.QtCore import Qt

from nvg_studio.ui.canvas.layers import Preview
from nvg_studio.ui.canvas.tool import Pointer, Stroke, ToolContext, activate_under


class Select:
    """Selects and activates the cluster under the pointer; a click outside the picture selects nothing.

    Shift or Ctrl adds clusters to the selection, or removes one; the first one stays active.
    """

    name = "select"
    cursor = Qt.CursorShape.ArrowCursor

    def hover(self, context: ToolContext, pointer: Pointer) -> Preview | None:
        """Nothing: the status bar names the cluster."""
        return None

    def stroke(self, context: ToolContext, press: Pointer) -> Stroke:
        """Select at once, and while dragging."""
        more, before = press.shift or press.ctrl, context.state.choices.selected
        first, pointer = _under(context, press), press
        while not pointer.released:
            here = _under(context, pointer)
            if not more:
                context.state.set(replace(context.state.choices, selected=here))
                activate_under(context, pointer)
            elif first <= before:
                context.state.set(replace(context.state.choices, selected=context.state.choices.selected - here))
            else:
                context.state.set(replace(context.state.choices, selected=context.state.choices.selected | here))
            pointer = yield


def _under(context: ToolContext, pointer: Pointer) -> frozenset[int]:
    cluster = context.cluster(pointer)
    return frozenset() if cluster is None else frozenset((cluster,))


class Pick:
    """Makes the cluster under the pointer the active one; with the right button as the other one."""

    name = "pick"
    cursor = Qt.CursorShape.PointingHandCursor

    def hover(self, context: ToolContext, pointer: Pointer) -> Preview | None:
        """Nothing: the swatches show the active clusters."""
        return None

    def stroke(self, context: ToolContext, press: Pointer) -> Stroke:
        """Activate at once, and while dragging."""
        pointer = press
        while not pointer.released:
            cluster = context.cluster(pointer)
            if cluster is not None and press.right:
                context.state.set(replace(context.state.choices, other=cluster))
            elif cluster is not None:
                context.state.activate(cluster)
            pointer = yield
