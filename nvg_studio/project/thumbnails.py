"""Small pictures of the steps of a history, and all of them as one picture for the project file."""

from collections.abc import Hashable, Mapping

import numpy as np

from nvg_studio.errors import PictureError
from nvg_studio.imaging.cells import cells_to_pixels
from nvg_studio.imaging.crop import resize
from nvg_studio.imaging.draw import structure_map
from nvg_studio.project.document import History, Picture, Snapshot
from nvg_studio.project.view import edited_cells

SIDE = 64
"""Pixels a side in a file. Rows are short enough that PNG packs a step that looks like the one before to nothing."""


def step_picture(snapshot: Snapshot, base: Picture, side: int = SIDE) -> Picture:
    """A step as uint8 [side, side, 3]: its base picture, edited cells in the colours of their clusters.

    A layout without content is shown whole, at the finest level that was laid out.
    """
    layout, edited = snapshot.layout, edited_cells(snapshot.result, snapshot.sequence)
    if snapshot.blank and layout is not None:
        return structure_map(snapshot.sequence.labels(layout.levels), layout.levels, side)
    small = resize(base, side)
    if edited is None:
        return small
    cells, stage = edited
    stage = stage if layout is None else max(stage, layout.levels)
    colours = structure_map(snapshot.sequence.labels(stage), stage, side)
    return np.where(cells_to_pixels(cells, side)[..., None], colours, small)


def draw_sheet(history: History, pictures: Mapping[str, Picture]) -> Picture:
    """All steps, one below the other: uint8 [steps * SIDE, SIDE, 3]; `pictures`: base pictures by key."""
    places: dict[Hashable, int] = {}
    small = {key: resize(pictures[key], SIDE) for key in {step.base for step in history.snapshots}}
    sheet = np.empty((len(history.snapshots), SIDE, SIDE, 3), np.uint8)
    for place, step in enumerate(history.snapshots):
        first = places.setdefault(appearance_key(step), place)
        sheet[place] = step_picture(step, small[step.base]) if first == place else sheet[first]
    return sheet.reshape(-1, SIDE, 3)


def cut_sheet(sheet: Picture, steps: int) -> tuple[Picture, ...]:
    """The inverse of `draw_sheet`: uint8 [SIDE, SIDE, 3] a step; PictureError where the sheet has another size."""
    if sheet.shape != (steps * SIDE, SIDE, 3):
        raise PictureError(f"The thumbnails of {steps} steps are a picture of {SIDE} x {steps * SIDE} pixels.")
    return tuple(sheet.reshape(steps, SIDE, SIDE, 3))


def appearance_key(snapshot: Snapshot) -> Hashable:
    """What the picture of a step depends on."""
    return snapshot.base, snapshot.sequence, snapshot.result, snapshot.layout
