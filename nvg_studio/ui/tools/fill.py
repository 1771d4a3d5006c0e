"""Fill: gives the whole cluster under the pointer to the cluster in hand."""

from PySide6.QtCore import Qt

from nvg_studio.ui.canvas.layers import Preview
from nvg_studio.ui.tools import previews
from nvg_studio.ui.tools.base import Desk, Pointer, Stroke


class Fill:
    """One click, one undo step."""

    name = "fill"
    cursor = Qt.CursorShape.CrossCursor

    def hover(self, desk: Desk, pointer: Pointer) -> Preview | None:
        """The cells that a click would change."""
        cluster = desk.cluster(pointer)
        if cluster is None:
            return None
        cells = desk.session.labels(desk.state.now.level) == cluster
        return previews.of_paint(desk, desk.state.now, cells)

    def stroke(self, desk: Desk, press: Pointer) -> Stroke:
        """Fill on release, so that Escape can still stop it."""
        choices, cluster = desk.state.now, desk.cluster(press)
        while not (yield).released:
            pass
        if cluster is not None:
            desk.session.editing.fill(cluster, choices)
