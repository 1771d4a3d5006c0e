"""From session and choices to what the widgets show: canvas layers, cards, cluster rows. Nothing is changed here."""

import numpy as np
from numpy.typing import NDArray

from nvg_studio.editor.choices import PAINTING, Choices, ViewMode
from nvg_studio.editor.pictures.qimages import cells_image, rgb
from nvg_studio.editor.runs.run_queue import ActiveRun
from nvg_studio.editor.session import Session
from nvg_studio.editor.strokes import Mask
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.imaging.draw import label_colours
from nvg_studio.project.view import edited_cells
from nvg_studio.sampling.events import Picture
from nvg_studio.ui.canvas.composition import Composition
from nvg_studio.ui.canvas.layers import Badge, Layers, badge_cell, lock_masks
from nvg_studio.ui.canvas.pyramid import Pyramid
from nvg_studio.ui.view_models.cluster_colours import cluster_colours

SIZED_LEVELS = range(1, 5)


def composition(session: Session, choices: Choices) -> Composition | None:
    """The picture that the canvas should show now; None where there is nothing to show."""
    if session.pending_photo is not None:
        return Composition(session.pending_photo.crop)
    run = session.run_queue.running
    if run is not None and run.previews:
        preview = run.previews[max(run.previews)]
        if run.started_from is None:
            return Composition(preview)
        if run.started_from is session.snapshot:
            return Composition(session.base, preview, _exact_mask(session))
    if session.document is None:
        return None
    if choices.level_picture:
        picture = session.stage_pictures.picture(session.sequence, choices.level)
        if picture is not None:
            return Composition(picture)
    return _document_composition(session)


def _document_composition(session: Session) -> Composition:
    snapshot = session.snapshot
    assert snapshot is not None
    edited = edited_cells(snapshot.result, snapshot.sequence)
    if edited is None or snapshot.blank:
        return Composition(session.base)
    cells, stage = edited
    decoded = session.stage_pictures.picture(snapshot.sequence, stage)
    if decoded is None:
        return Composition(session.base)
    return Composition(session.base, decoded, ~cells | _exact_mask(session))


def _exact_mask(session: Session) -> NDArray[np.bool_]:
    region = session.locks.region
    return region if session.generation.exact_pixels else np.zeros_like(region)


def requested_pictures(session: Session, choices: Choices) -> list[tuple[GranularitySequence, int]]:
    """The stage pictures to have, the most urgent first. Those of the cards wait for a run: it needs the engine."""
    snapshot = session.snapshot
    if snapshot is None or snapshot.blank or session.info is None or not session.model_compatible:
        return []
    edited = edited_cells(snapshot.result, snapshot.sequence)
    last = snapshot.sequence.depth if edited is None else edited[1]
    seen = [choices.level] if choices.level_picture else [] if edited is None else [last]
    working = session.run_queue.running is not None or session.live_runs.waiting
    stages = seen if working else [*seen, choices.level, *range(last + 1)]
    requested = [(snapshot.sequence, stage) for stage in dict.fromkeys(stages) if stage <= last]
    rest = () if working else range(last + 1, snapshot.result.depth + 1)
    return requested + [(snapshot.result, stage) for stage in rest]


def comparison(session: Session, choices: Choices) -> Composition | None:
    """The picture on the left of the divider; None where there is no divider."""
    if session.document is None or session.pending_photo is not None or choices.view is not ViewMode.WIPE:
        return None
    return Composition(session.comparison_picture)


def layers(
    session: Session, choices: Choices, image: Pyramid | None, earlier: Pyramid | None, flash: Mask | None
) -> Layers | None:
    """The canvas of a document with its picture and the one before; None where there is none."""
    if session.document is None or session.pending_photo is not None:
        return _bare_layers(session, image)
    locks = session.locks
    level = min(choices.level, session.depth)
    labels, note = session.labels(level), f"Picture of level {level}" if choices.level_picture else ""
    run = session.run_queue.running
    if run is not None and run.started_from is session.snapshot and run.sequence is not None and run.stage is not None:
        note = _run_note(run, session.depth)
        if run.stage >= level:
            labels = run.sequence.labels(level)
    colours = cluster_colours(session, choices, level, labels)
    partly, region = lock_masks(locks)
    return Layers(
        grid=session.grid,
        picture=image,
        labels=labels,
        colours=colours,
        mode=choices.view,
        opacity=choices.opacity,
        layout_locked=partly,
        region_locked=region,
        selected=np.isin(labels, list(choices.selected)) if choices.selected else None,
        flash=flash,
        note=note,
        shown=np.isin(labels, list(choices.only)) if choices.only else None,
        badges=_sizes(labels, colours, locks) if _shows_sizes(choices) else (),
        cell_grid=choices.cell_grid,
        before=earlier,
        wipe=choices.wipe,
        cluster_picture=cells_image(labels, colours, session.grid),
    )


def _run_note(run: ActiveRun, depth: int) -> str:
    """How far a run is, and whether what is seen of it is the preview decoder's."""
    return f"{'Preview, level' if run.rough else 'Level'} {run.stage} of {depth}, run under way"


def _shows_sizes(choices: Choices) -> bool:
    """Sizes are shown while painting freely, on levels with few clusters, unless pictures are compared."""
    painting = choices.tool in PAINTING and choices.view is not ViewMode.WIPE
    return painting and not choices.balanced and choices.level in SIZED_LEVELS


def _sizes(labels: NDArray[np.int64], colours: Picture, locks: Locks) -> tuple[Badge, ...]:
    """The number of cells of every cluster."""
    present, counts = np.unique(labels, return_counts=True)
    return tuple(
        Badge(badge_cell(labels == cluster, locks), str(count), rgb(colours[cluster]))
        for cluster, count in zip(present, counts, strict=True)
    )


def _bare_layers(session: Session, image: Pyramid | None) -> Layers | None:
    """A photo being read, or a first picture being made: no structure yet."""
    if image is None:
        return None
    run = session.run_queue.running
    note = "Reading the structure…"
    if session.pending_photo is None and run is not None and run.stage is not None:
        note = _run_note(run, session.depth)
    grid = session.info.grid if session.info else 16
    blank = np.zeros(grid * grid, np.int64)
    return Layers(grid, image, blank, label_colours(0), note=note)
