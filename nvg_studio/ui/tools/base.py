"""What every tool shares: the pointer, and a stroke as a generator.

A tool's `stroke` is called with the press, runs to its first `yield`, and is sent every further pointer until the one
with `released` set; what it does after that is one undo step. Closing the generator cancels the stroke.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QPointF, Qt

from nvg_studio.ui.canvas.layers import Preview
from nvg_studio.ui.state import EditorState

if TYPE_CHECKING:
    from nvg_studio.ui.canvas.view import CanvasView
    from nvg_studio.ui.session import Session


@dataclass(frozen=True)
class Pointer:
    """Mouse or pen at one moment: `x`, `y` in cells, `position` in widget pixels, `pressure` 0..1 (1 for a mouse)."""

    x: float
    y: float
    position: QPointF
    right: bool = False
    shift: bool = False
    ctrl: bool = False
    alt: bool = False
    pressure: float = 1.0
    released: bool = False


@dataclass(frozen=True)
class Desk:
    """What a tool may reach."""

    session: "Session"
    state: EditorState
    canvas: "CanvasView"

    def cell(self, pointer: Pointer) -> int | None:
        """Index of the cell under the pointer; None outside the picture."""
        grid = self.session.grid
        x, y = int(pointer.x // 1), int(pointer.y // 1)
        return y * grid + x if 0 <= x < grid and 0 <= y < grid else None

    def cluster(self, pointer: Pointer) -> int | None:
        """The cluster of the active level under the pointer; None outside the picture."""
        cell = self.cell(pointer)
        return None if cell is None else int(self.session.labels(self.state.now.level)[cell])


def take_under(desk: Desk, pointer: Pointer) -> None:
    """Take the cluster under the pointer in hand, if there is one."""
    cluster = desk.cluster(pointer)
    if cluster is not None:
        desk.state.take(cluster)


Stroke = Generator[None, Pointer, None]


class Tool(Protocol):
    """One tool. `name` is the second half of its action's name."""

    name: str
    cursor: Qt.CursorShape

    def hover(self, desk: Desk, pointer: Pointer) -> Preview | None:
        """What to show under the pointer while no button is down."""

    def stroke(self, desk: Desk, press: Pointer) -> Stroke:
        """From press to release."""
