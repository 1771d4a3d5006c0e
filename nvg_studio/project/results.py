"""Results of runs that wait beside the history: variations to choose from, and those that came too late."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nvg_studio.errors import ProjectError
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.imaging.cells import cells_to_pixels
from nvg_studio.project.document import Document, PendingResult, Picture, Snapshot, accept_result
from nvg_studio.sampling.settings import RunRequest

MAX_PENDING = 64
"""Results that wait at the same time; beyond, the oldest without a star goes. Stars and new results always stay."""


def results_of_run(
    request: RunRequest,
    started_from: Snapshot | None,
    sequences: Sequence[GranularitySequence],
    pictures: Sequence[Picture],
) -> tuple[PendingResult, ...]:
    """The results of a run, one for each of its settings; `pictures` uint8 [s, s, 3], frozen from now on."""
    for picture in pictures:
        picture.setflags(write=False)
    count = len(sequences)
    what = "New picture" if started_from is None else f"Run from level {request.stage}"
    titles = [what if count == 1 else f"{what}, variation {n + 1} of {count}" for n in range(count)]
    return tuple(
        PendingResult(replace(request, settings=(settings,)), sequence, picture, started_from, title)
        for settings, sequence, picture, title in zip(request.settings, sequences, pictures, titles, strict=True)
    )


def with_pending(document: Document, results: Sequence[PendingResult]) -> Document:
    """Document with more results waiting; room for them is made by older ones without a star."""
    older = list(document.pending_results)
    while len(older) + len(results) > MAX_PENDING:
        oldest = next((one for one in older if not one.starred), None)
        if oldest is None:
            break
        older.remove(oldest)
    return replace(document, pending_results=(*older, *results))


def without_pending(document: Document, result: PendingResult) -> Document:
    """Document without a result."""
    return replace(document, pending_results=tuple(one for one in document.pending_results if one is not result))


def only_starred(document: Document) -> Document:
    """Document with the starred results alone."""
    return replace(document, pending_results=tuple(one for one in document.pending_results if one.starred))


def toggle_star(document: Document, index: int) -> Document:
    """Document with the star of a waiting result given or taken away.

    Raises:
        ProjectError: MOST_MADE results have stars already.
    """
    results = list(document.pending_results)
    if not results[index].starred and sum(one.starred for one in results) >= MAX_PENDING:
        raise ProjectError(f"{MAX_PENDING} results have stars already: take one away, or save and use some of them.")
    results[index] = replace(results[index], starred=not results[index].starred)
    return replace(document, pending_results=tuple(results))


def step_of(document: Document, result: PendingResult) -> int | None:
    """The step that a result was made from; None where history no longer has it, or for a picture from nothing."""
    if result.started_from is None:
        return None
    steps = document.history.snapshots
    return next((n for n in range(len(steps) - 1, -1, -1) if steps[n] is result.started_from), None)


def apply_pending(document: Document, index: int, exact_pixels: bool = True) -> Document:
    """Document with a waiting result as a new step. A variation stays among the results, so that others can be tried.

    Raises:
        LockError: the result changes cells that were locked after its run was started.
    """
    return apply_result(document, document.pending_results[index], exact_pixels)


def apply_result(document: Document, result: PendingResult, exact_pixels: bool = True) -> Document:
    """`apply_pending` for a result that need not wait."""
    base = _base_for(document, result)
    held = 0 if result.started_from is None else result.started_from.held_levels
    return accept_result(
        document, result.request, result.sequence, result.picture, exact_pixels, result.title, base, held
    )


def _base_for(document: Document, result: PendingResult) -> Picture | None:
    """The picture that the run was started on, for its soft edge, if its locked pixels are still the document's own."""
    started, locks = result.started_from, result.request.locks
    before = None if started is None else document.pictures.get(started.base)
    if before is None or locks is None or before.shape != document.base.shape:
        return None
    inside = cells_to_pixels(locks.region, len(before))
    return before if np.array_equal(before[inside], document.base[inside]) else None
