"""What every tool shares: the pointer, and a stroke as a generator.

A tool's `stroke` is called with the press, runs to its first `yield`, and is sent every further pointer until the one
with `released` set; what it does after that is one undo step. Closing the generator cancels the stroke.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QPointF, Qt

from nvg_studio.editor.choices import EditorState
from nvg_studio.editor.session import Session
from nvg_studio.ui.canvas.layers import Preview


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


class Canvas(Protocol):
    """What a tool may do with the canvas."""

    def show_preview(self, preview: Preview | None) -> None:
        """Show what a stroke would do; None: nothing."""

    def pan(self, by: QPointF) -> None:
        """Move the view by widget pixels."""

    def zoom(self, factor: float, about: QPointF | None = None) -> None:
        """Zoom about a point of the widget; None: its centre."""


@dataclass(frozen=True)
class ToolContext:
    """What a tool may reach."""

    session: Session
    state: EditorState
    canvas: Canvas

    def cell(self, pointer: Pointer) -> int | None:
        """Index of the cell under the pointer; None outside the picture."""
        grid = self.session.grid
        x, y = int(pointer.x // 1), int(pointer.y // 1)
        return y * grid + x if 0 <= x < grid and 0 <= y < grid else None

    def cluster(self, pointer: Pointer) -> int | None:
        """The cluster of the active level under the pointer; None outside the picture."""
        cell = self.cell(pointer)
        return None if cell is None else int(self.session.labels(self.state.choices.level)[cell])


def activate_under(context: ToolContext, pointer: Pointer) -> None:
    """Make the cluster under the pointer the active one, if there is one."""
    cluster = context.cluster(pointer)
    if cluster is not None:
        context.state.activate(cluster)


Stroke = Generator[None, Pointer, None]


class Tool(Protocol):
    """One tool. `name` is the second half of its action's name."""

    name: str
    cursor: Qt.CursorShape

    def hover(self, context: ToolContext, pointer: Pointer) -> Preview | None:
        """What to show under the pointer while no button is down."""

    def stroke(self, context: ToolContext, press: Pointer) -> Stroke:
        """From press to release."""


@dataclass(frozen=True)
class NavigationTools:
    """The tools that the canvas uses by itself: with Space, on the divider, for the back of a pen."""

    pan: Tool
    divider: Tool
    pen_eraser: Tool
