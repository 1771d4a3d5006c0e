"""What the canvas draws, as values."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from nvg_studio.editor.choices import ViewMode
from nvg_studio.granularity.locks import Locks
from nvg_studio.ui.canvas.pyramid import Pyramid

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Badge:
    """A short text at the middle of cell `cell`; `colour` of its rim, RGB."""

    cell: int
    text: str
    colour: tuple[int, int, int]


def middle_cell(mask: Mask) -> int:
    """The cell of `mask` bool [L] (square, not empty) that is nearest to the mean of its cells."""
    rows, columns = np.divmod(np.flatnonzero(mask), round(len(mask) ** 0.5))
    nearest = ((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2).argmin()
    return int(np.flatnonzero(mask)[nearest])


def lock_masks(locks: Locks) -> tuple[Mask, Mask]:
    """The cells bool [L] that are locked in part, and those locked entirely; both show a padlock in their middle."""
    return ((locks.structure > 0) | (locks.content > 0)) & ~locks.region, locks.region


def badge_cell(mask: Mask, locks: Locks) -> int:
    """Position of the badge of the cells `mask` bool [L]: in their middle, but not on a padlock."""
    free = mask.copy()
    free[[middle_cell(held) for held in lock_masks(locks) if held.any()]] = False
    return middle_cell(free if free.any() else mask)


@dataclass(frozen=True, eq=False)
class Preview:
    """What a tool is about to do.

    `cells` bool [L] will change, to `colour`; `blocked` bool [L] would, but a lock or the parent's border forbids it;
    `circle`: centre x, y and diameter of the brush in cells; `path`: a line through points x, y in cells; `badges`:
    what clusters gain and lose; `note`: a few words at the lower edge of the picture.
    """

    cells: Mask | None = None
    blocked: Mask | None = None
    colour: tuple[int, int, int] = (255, 255, 255)
    circle: tuple[float, float, float] | None = None
    path: tuple[tuple[float, float], ...] = ()
    badges: tuple[Badge, ...] = ()
    note: str = ""


@dataclass(frozen=True, eq=False)
class Layers:
    """One state of the canvas.

    `grid`: cells per side; `labels` int64 [L] of the active level; `colours` uint8 [2**level, 3]; `layout_locked` and
    `region_locked` bool [L]; `selected` bool [L] or None; `flash` bool [L]: cells that just changed sides by balancing;
    `note`: a short text in the picture's corner; `shown` bool [L]: the other cells are veiled; `badges`: sizes of
    clusters; `cell_grid`: lines between cells where these are large; `before`: the picture on the left of the divider,
    which stands at `wipe` (0..1 of the picture's width).
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
    shown: Mask | None = None
    badges: tuple[Badge, ...] = ()
    cell_grid: bool = False
    before: Pyramid | None = None
    wipe: float = 0.5
    cluster_picture: QImage | None = field(default=None)
