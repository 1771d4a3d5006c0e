"""Where the structure of a reference comes from, as values and one pure function; no Qt."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from nvg_studio.granularity.hierarchy import BitArray, labels_to_bits
from nvg_studio.granularity.regions_tree import tree_from_regions
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.imaging import regions
from nvg_studio.imaging.crop import Picture, reduced
from nvg_studio.imaging.label_maps import LabelMap


class Source(StrEnum):
    """How the regions of a reference are found."""

    MODEL = "model"
    HALVES = "halves"
    SUPERPIXELS = "superpixels"
    COLOURS = "colours"
    BOX = "box"
    FILE = "file"


class Area(StrEnum):
    """Where in the document a structure goes."""

    WHOLE = "whole"
    SELECTED = "selected"
    PAINTED = "painted"


COUNTED = (Source.SUPERPIXELS, Source.COLOURS)
ENCODED = (Source.MODEL, Source.HALVES)
"""Found by the engine, which sees content too."""


@dataclass(frozen=True)
class ReferenceChoices:
    """How a reference is used.

    `count`: regions to look for, 2..256, where the source is counted; `box`: around the thing to cut out; `levels`: the
    last level to take, 1..K; `stages`: how many stages of content to take (where the engine has found the structure).
    """

    source: Source = Source.MODEL
    count: int = 8
    box: regions.Box | None = None
    levels: int = 4
    stages: int = 0
    area: Area = Area.WHOLE


@dataclass(frozen=True, eq=False)
class FoundStructure:
    """A structure: `levels` of it say something about the picture; `content`: whether its tokens do, too;
    `like_halves`: whether of two children the brighter one is child 1."""

    sequence: GranularitySequence
    levels: int
    regions: int
    content: bool
    like_halves: bool = False


def encoded(sequence: GranularitySequence, like_halves: bool) -> FoundStructure:
    """The structure that the engine sees in a picture."""
    return FoundStructure(sequence, sequence.depth, sequence.cells, True, like_halves)


def segmented(
    choices: ReferenceChoices,
    crop: Picture | None,
    label_map: LabelMap | None,
    cells: int,
    brightness: NDArray[np.float32] | None = None,
) -> FoundStructure:
    """The structure of a picture by any other source, as a tree over `cells` cells.

    Args:
        choices: the source, and what it needs.
        crop: uint8 [S, S, 3]; for a map from a file it may be missing: then regions are paired by their places alone.
        label_map: the map from a file; a tree over as many cells is taken as it is, of another one the chosen levels.
        brightness: float32 [cells], to number children by as halves are; None: as the regions are merged.

    Raises:
        PictureError: nothing is found in the box, or the count is out of range.
    """
    if choices.source is Source.FILE and label_map is not None and label_map.depth is not None:
        if label_map.labels.size == cells:
            return _without_content(
                labels_to_bits(label_map.labels.reshape(-1), label_map.depth), label_map.depth, cells
            )
    grey = np.full((regions.WORK_SIDE, regions.WORK_SIDE, 3), 128, np.uint8)
    work = grey if crop is None else reduced(crop, regions.WORK_SIDE)
    match choices.source:
        case Source.SUPERPIXELS:
            found = regions.superpixels(work, choices.count)
        case Source.COLOURS:
            found = regions.colour_regions(work, choices.count)
        case Source.BOX:
            found = regions.cut_out(work, choices.box or (0.1, 0.1, 0.9, 0.9))
        case _:
            assert label_map is not None  # a file is read before it is used
            found = label_map.at(choices.levels)
    grid = regions.to_cells(found, cells)
    bits = tree_from_regions(grid, regions.cell_features(work, cells), brightness)
    count = len(np.unique(grid))
    return _without_content(bits, max((count - 1).bit_length(), 1), count, brightness is not None)


def _without_content(bits: BitArray, levels: int, count: int, like_halves: bool = False) -> FoundStructure:
    """A structure without content."""
    tokens = np.zeros((bits.shape[1] + 1, len(bits)), np.int32)
    return FoundStructure(GranularitySequence(bits, tokens), levels, count, False, like_halves)
