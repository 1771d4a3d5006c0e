"""The picture of a document as it is now: the base picture, and the coarse picture where something was edited."""

import numpy as np
from numpy.typing import NDArray

from nvg_studio.errors import PictureError
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.imaging.compose import compose
from nvg_studio.project.document import Document, Picture, Snapshot
from nvg_studio.project.rendering import Rendering


def edited_cells(before: GranularitySequence, after: GranularitySequence) -> tuple[NDArray[np.bool_], int] | None:
    """Cells bool [L] that differ from the last result, and the deepest stage whose content was edited; None if none."""
    stages = np.flatnonzero((before.token_map != after.token_map).any(axis=1))
    levels = np.flatnonzero((before.bits != after.bits).any(axis=0)) + 1
    if not stages.size and not levels.size:
        return None
    deepest = int(stages[-1]) if stages.size else int(levels[0])
    cells = (before.token_map != after.token_map).any(axis=0) | (before.bits != after.bits)[:, :deepest].any(axis=1)
    return np.asarray(cells), deepest


def stage_in_view(snapshot: Snapshot) -> int | None:
    """The stage whose picture is seen where something was edited; None where the base picture is all that is seen."""
    edited = edited_cells(snapshot.result, snapshot.sequence)
    return None if edited is None or snapshot.blank else edited[1]


def current_view(document: Document, rendering: Rendering | None) -> Picture:
    """What the window shows with exact pixels on: uint8 [S, S, 3] at the base picture's resolution.

    Where every cell was edited nothing of the base is left, and it is the rendering's resolution. Of the rendering the
    stage in view is needed; PictureError where it is not known.
    """
    snapshot = document.snapshot
    edited, stage = edited_cells(snapshot.result, snapshot.sequence), stage_in_view(snapshot)
    if edited is None or stage is None:
        return document.base
    if rendering is None or stage not in rendering.pictures:
        raise PictureError(f"The picture of stage {stage} is needed, but was not decoded.")
    return compose(document.base, rendering.pictures[stage], ~edited[0] | snapshot.locks.region)
