"""The tools, one file each (select and pick, hand and zoom share one)."""

from nvg_studio.ui.tools.base import Desk, Pointer, Stroke, Tool
from nvg_studio.ui.tools.brush import Brush
from nvg_studio.ui.tools.eraser import Eraser
from nvg_studio.ui.tools.fill import Fill
from nvg_studio.ui.tools.lock_brush import LockBrush
from nvg_studio.ui.tools.moving import Hand, Zoom
from nvg_studio.ui.tools.picking import Pick, Select

__all__ = ["Desk", "Pointer", "Stroke", "Tool", "make_tools"]


def make_tools() -> dict[str, Tool]:
    """A fresh set of tools by name."""
    tools: tuple[Tool, ...] = (Select(), Brush(), Eraser(), Fill(), Pick(), LockBrush(), Hand(), Zoom())
    return {tool.name: tool for tool in tools}
