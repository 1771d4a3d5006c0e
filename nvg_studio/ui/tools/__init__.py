"""The tools, one file each (select and pick, hand, zoom and divider, and the shapes share one)."""

from nvg_studio.ui.canvas.tool import NavigationTools, Tool
from nvg_studio.ui.tools.brush import Brush
from nvg_studio.ui.tools.eraser import Eraser
from nvg_studio.ui.tools.fill import Fill
from nvg_studio.ui.tools.lock_brush import LockBrush
from nvg_studio.ui.tools.moving import PanTool, WipeDivider, ZoomTool
from nvg_studio.ui.tools.picking import Pick, Select
from nvg_studio.ui.tools.shapes import ellipse, lasso, rectangle

__all__ = ["make_navigation_tools", "make_tools"]


def make_tools() -> dict[str, Tool]:
    """A fresh set of tools by name."""
    painting: tuple[Tool, ...] = (Brush(), Eraser(), Fill(), lasso(), rectangle(), ellipse())
    tools = (Select(), *painting, Pick(), LockBrush(), PanTool(), ZoomTool())
    return {tool.name: tool for tool in tools}


def make_navigation_tools() -> NavigationTools:
    """The tools that the canvas uses by itself."""
    return NavigationTools(PanTool(), WipeDivider(), Eraser())
