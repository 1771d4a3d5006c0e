"""Results of runs that wait beside the history: variations to choose from, and those that came too late."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nvg_studio.errors import ProjectError
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.imaging.cells import spread
from nvg_studio.project.document import Document, Made, Picture, Snapshot, accept_result
from nvg_studio.sampling.settings import RunRequest

MOST_MADE = 64
"""Results that wait at the same time; beyond, the oldest without a star goes. Stars and new results always stay."""


def made_by(
    request: RunRequest, started: Snapshot | None, sequences: Sequence[GranularitySequence], pictures: Sequence[Picture]
) -> tuple[Made, ...]:
    """The results of a run, one for each of its settings; `pictures` uint8 [s, s, 3], frozen from now on."""
    for picture in pictures:
        picture.setflags(write=False)
    count = len(sequences)
    what = "New picture" if started is None else f"Run from level {request.stage}"
    titles = [what if count == 1 else f"{what}, variation {n + 1} of {count}" for n in range(count)]
    return tuple(
        Made(replace(request, settings=(settings,)), sequence, picture, started, title)
        for settings, sequence, picture, title in zip(request.settings, sequences, pictures, titles, strict=True)
    )


def with_made(document: Document, made: Sequence[Made]) -> Document:
    """Document with more results waiting; room for them is made by older ones without a star."""
    older = list(document.made)
    while len(older) + len(made) > MOST_MADE:
        oldest = next((one for one in older if not one.starred), None)
        if oldest is None:
            break
        older.remove(oldest)
    return replace(document, made=(*older, *made))


def without_made(document: Document, made: Made) -> Document:
    """Document without a result."""
    return replace(document, made=tuple(one for one in document.made if one is not made))


def only_starred(document: Document) -> Document:
    """Document with the starred results alone."""
    return replace(document, made=tuple(one for one in document.made if one.starred))


def star(document: Document, index: int) -> Document:
    """Document with the star of a waiting result given or taken away.

    Raises:
        ProjectError: MOST_MADE results have stars already.
    """
    made = list(document.made)
    if not made[index].starred and sum(one.starred for one in made) >= MOST_MADE:
        raise ProjectError(f"{MOST_MADE} results have stars already: take one away, or save and use some of them.")
    made[index] = replace(made[index], starred=not made[index].starred)
    return replace(document, made=tuple(made))


def step_of(document: Document, made: Made) -> int | None:
    """The step that a result was made from; None where history no longer has it, or for a picture from nothing."""
    if made.started is None:
        return None
    steps = document.history.snapshots
    return next((n for n in range(len(steps) - 1, -1, -1) if steps[n] is made.started), None)


def choose(document: Document, index: int, exact_pixels: bool = True) -> Document:
    """Document with a waiting result as a new step. A variation goes on waiting, so that others can be tried.

    Raises:
        LockError: the result changes cells that were locked after its run was started.
    """
    return accept(document, document.made[index], exact_pixels)


def accept(document: Document, made: Made, exact_pixels: bool = True) -> Document:
    """`choose` for a result that need not wait."""
    base = _base_for(document, made)
    held = 0 if made.started is None else made.started.held_levels
    return accept_result(document, made.request, made.sequence, made.picture, exact_pixels, made.title, base, held)


def _base_for(document: Document, made: Made) -> Picture | None:
    """The picture that the run was started on, for its soft edge, if its locked pixels are still the document's own."""
    started, locks = made.started, made.request.locks
    before = None if started is None else document.pictures.get(started.base)
    if before is None or locks is None or before.shape != document.base.shape:
        return None
    inside = spread(locks.region, len(before))
    return before if np.array_equal(before[inside], document.base[inside]) else None
