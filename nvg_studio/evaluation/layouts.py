"""Layouts that a model is to follow: drawn shapes, or structures of photos."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nvg_studio.granularity import edits
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.sampling.pipeline import NVGPipeline

Mask = NDArray[np.bool_]
PHOTO_LEVELS = 4


@dataclass(frozen=True)
class Layout:
    """A structure to hold: the first `levels` levels of `sequence`; `figure`: the child of the root that is painted."""

    name: str
    sequence: GranularitySequence
    levels: int
    figure: int = 1

    @property
    def locks(self) -> Locks:
        """The locks that hold it on every cell."""
        everything = np.ones(self.sequence.cells, np.bool_)
        return Locks.none(self.sequence.cells, self.sequence.depth).with_structure(everything, self.levels)


def painted_layout(name: str, mask: Mask, figure: int = 1) -> Layout:
    """Figure and ground, as painted on a blank document: bool [grid, grid], True is the figure, cluster `figure`."""
    blank = GranularitySequence.blank(mask.size, mask.size.bit_length() - 1)
    ground = edits.paint(blank, np.ones(mask.size, np.bool_), level=1, cluster=1 - figure, inside_parent=False)
    filled = edits.paint(ground, mask.reshape(-1), level=1, cluster=figure, inside_parent=False)
    return Layout(name, filled, 1, figure)


def simple_layouts(grid: int, figure: int = 1) -> list[Layout]:
    """Three plain layouts: one disc (30 % of the cells), two small ones (15 %), a horizon (70 % ground)."""
    return [
        painted_layout("disc, 30 %", disc(grid, 0.45, 0.5, 0.30), figure),
        painted_layout("two discs, 15 %", disc(grid, 0.35, 0.3, 0.075) | disc(grid, 0.6, 0.7, 0.075), figure),
        painted_layout("horizon, 70 %", np.indices((grid, grid))[0] + 0.5 > 0.3 * grid, figure),
    ]


def disc(grid: int, y: float, x: float, share: float) -> Mask:
    """The given share of the cells, those nearest to a point (0..1 from top and left): bool [grid, grid]."""
    row, column = (np.indices((grid, grid)) + 0.5) / grid
    distance = np.hypot(row - y, column - x)
    return np.asarray(distance <= np.sort(distance, axis=None)[round(share * grid * grid) - 1])


def from_photo(pipeline: NVGPipeline, name: str, photo: NDArray[np.uint8]) -> Layout:
    """The first levels of a photo's structure; the photo is uint8 [H, W, 3]."""
    return Layout(name, pipeline.encode(photo), PHOTO_LEVELS)
