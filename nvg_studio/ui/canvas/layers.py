"""What the canvas draws, as values."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from nvg_studio.ui.canvas.pyramid import Pyramid
from nvg_studio.ui.state import ViewMode

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Preview:
    """What a tool is about to do.

    `cells` bool [L] will change, to `colour`; `blocked` bool [L] would, but a lock or the parent's border forbids it;
    `circle`: centre x, y and diameter of the brush in cells; `line`: from x, y to x, y in cells.
    """

    cells: Mask | None = None
    blocked: Mask | None = None
    colour: tuple[int, int, int] = (255, 255, 255)
    circle: tuple[float, float, float] | None = None
    line: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, eq=False)
class Layers:
    """One state of the canvas.

    `grid`: cells per side; `labels` int64 [L] of the active level; `colours` uint8 [2**level, 3]; `layout_locked` and
    `region_locked` bool [L]; `selected` bool [L] or None; `flash` bool [L]: cells that just changed sides by balancing;
    `note`: a short text in the picture's corner.
    """

    grid: int
    picture: Pyramid | None
    labels: NDArray[np.int64]
    colours: NDArray[np.uint8]
    mode: ViewMode = ViewMode.PICTURE
    opacity: float = 0.5
    layout_locked: Mask | None = None
    region_locked: Mask | None = None
    selected: Mask | None = None
    flash: Mask | None = None
    note: str = ""
    cluster_picture: QImage | None = field(default=None)
