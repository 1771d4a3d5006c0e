"""The tools, one file each (select and pick, hand, zoom and divider, and the shapes share one)."""

from nvg_studio.ui.tools.base import Desk, Pointer, Stroke, Tool
from nvg_studio.ui.tools.brush import Brush
from nvg_studio.ui.tools.eraser import Eraser
from nvg_studio.ui.tools.fill import Fill
from nvg_studio.ui.tools.lock_brush import LockBrush
from nvg_studio.ui.tools.moving import Hand, Zoom
from nvg_studio.ui.tools.picking import Pick, Select
from nvg_studio.ui.tools.shapes import ellipse, lasso, rectangle

__all__ = ["Desk", "Pointer", "Stroke", "Tool", "make_tools"]


def make_tools() -> dict[str, Tool]:
    """A fresh set of tools by name."""
    painting: tuple[Tool, ...] = (Brush(), Eraser(), Fill(), lasso(), rectangle(), ellipse())
    tools = (Select(), *painting, Pick(), LockBrush(), Hand(), Zoom())
    return {tool.name: tool for tool in tools}
