"""Select/inspect and pick: a click on a cluster."""

from PySide6.QtCore import Qt

from nvg_studio.ui.canvas.layers import Preview
from nvg_studio.ui.tools.base import Desk, Pointer, Stroke, take_under


class Select:
    """Selects the cluster under the pointer and takes it in hand; a click outside the picture selects nothing.

    Shift or Ctrl adds clusters to the selection, or takes one out of it; the first one stays in hand.
    """

    name = "select"
    cursor = Qt.CursorShape.ArrowCursor

    def hover(self, desk: Desk, pointer: Pointer) -> Preview | None:
        """Nothing: the status bar names the cluster."""
        return None

    def stroke(self, desk: Desk, press: Pointer) -> Stroke:
        """Select at once; dragging goes on selecting."""
        more, before = press.shift or press.ctrl, desk.state.now.selected
        first, pointer = _under(desk, press), press
        while not pointer.released:
            here = _under(desk, pointer)
            if not more:
                desk.state.update(selected=here)
                take_under(desk, pointer)
            elif first <= before:
                desk.state.update(selected=desk.state.now.selected - here)
            else:
                desk.state.update(selected=desk.state.now.selected | here)
            pointer = yield


def _under(desk: Desk, pointer: Pointer) -> frozenset[int]:
    cluster = desk.cluster(pointer)
    return frozenset() if cluster is None else frozenset((cluster,))


class Pick:
    """Takes the cluster under the pointer in hand; with the right button as the other one."""

    name = "pick"
    cursor = Qt.CursorShape.PointingHandCursor

    def hover(self, desk: Desk, pointer: Pointer) -> Preview | None:
        """Nothing: the swatches show what is in hand."""
        return None

    def stroke(self, desk: Desk, press: Pointer) -> Stroke:
        """Take at once; dragging goes on taking."""
        pointer = press
        while not pointer.released:
            cluster = desk.cluster(pointer)
            if cluster is not None and press.right:
                desk.state.update(other=cluster)
            elif cluster is not None:
                desk.state.take(cluster)
            pointer = yield
