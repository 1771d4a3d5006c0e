"""From session and choices to what the widgets show: canvas layers, cards, cluster rows. Nothing is changed here."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.imaging.draw import label_colours
from nvg_studio.project.card_states import card_states
from nvg_studio.project.document import Layout, Snapshot
from nvg_studio.project.view import edited_cells
from nvg_studio.sampling.events import Picture
from nvg_studio.ui.canvas.layers import Badge, Layers, badge_cell, lock_masks
from nvg_studio.ui.canvas.pyramid import Pyramid
from nvg_studio.ui.colours import cluster_colours
from nvg_studio.ui.gestures import Mask
from nvg_studio.ui.images import cells_image, rgb, to_qimage
from nvg_studio.ui.run_buttons import effect
from nvg_studio.ui.runs import Running
from nvg_studio.ui.session import Session
from nvg_studio.ui.shown import Recipe
from nvg_studio.ui.state import PAINTING, Choices, ViewMode
from nvg_studio.ui.strip import CardView

SIZED_LEVELS = range(1, 5)


def recipe(session: Session, choices: Choices) -> Recipe | None:
    """The picture that the canvas should show now; None where there is nothing to show."""
    if session.opening is not None:
        return Recipe(session.opening.crop)
    run = session.runs.running
    if run is not None and run.previews:
        preview = run.previews[max(run.previews)]
        if run.started is None:
            return Recipe(preview)
        if run.started is session.snapshot:
            return Recipe(session.base, preview, _exact(session))
    if session.document is None:
        return None
    if choices.level_picture:
        picture = session.renderings.picture(session.sequence, choices.level)
        if picture is not None:
            return Recipe(picture)
    return _document_recipe(session)


def _document_recipe(session: Session) -> Recipe:
    snapshot = session.snapshot
    assert snapshot is not None
    edited = edited_cells(snapshot.result, snapshot.sequence)
    if edited is None or snapshot.blank:
        return Recipe(session.base)
    cells, stage = edited
    decoded = session.renderings.picture(snapshot.sequence, stage)
    if decoded is None:
        return Recipe(session.base)
    return Recipe(session.base, decoded, ~cells | _exact(session))


def _exact(session: Session) -> NDArray[np.bool_]:
    region = session.locks.region
    return region if session.making.exact_pixels else np.zeros_like(region)


def wishes(session: Session, choices: Choices) -> list[tuple[GranularitySequence, int]]:
    """The stage pictures to have, the most urgent first. Those of the cards wait for a run: it needs the engine."""
    snapshot = session.snapshot
    if snapshot is None or snapshot.blank or session.info is None or not session.fits_model:
        return []
    edited = edited_cells(snapshot.result, snapshot.sequence)
    last = snapshot.sequence.depth if edited is None else edited[1]
    seen = [choices.level] if choices.level_picture else [] if edited is None else [last]
    working = session.runs.running is not None or session.live.waiting
    stages = seen if working else [*seen, choices.level, *range(last + 1)]
    wanted = [(snapshot.sequence, stage) for stage in dict.fromkeys(stages) if stage <= last]
    rest = () if working else range(last + 1, snapshot.result.depth + 1)
    return wanted + [(snapshot.result, stage) for stage in rest]


def before(session: Session, choices: Choices) -> Recipe | None:
    """The picture on the left of the divider; None where there is no divider."""
    if session.document is None or session.opening is not None or choices.view is not ViewMode.WIPE:
        return None
    return Recipe(session.before)


def layers(
    session: Session, choices: Choices, image: Pyramid | None, earlier: Pyramid | None, flash: Mask | None
) -> Layers | None:
    """The canvas of a document with its picture and the one before; None where there is none."""
    if session.document is None or session.opening is not None:
        return _bare_layers(session, image)
    locks = session.locks
    level = min(choices.level, session.depth)
    labels, note = session.labels(level), f"Picture of level {level}" if choices.level_picture else ""
    run = session.runs.running
    if run is not None and run.started is session.snapshot and run.sequence is not None and run.stage is not None:
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


def _run_note(run: Running, depth: int) -> str:
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
    run = session.runs.running
    note = "Reading the structure…"
    if session.opening is None and run is not None and run.stage is not None:
        note = _run_note(run, session.depth)
    grid = session.info.grid if session.info else 16
    blank = np.zeros(grid * grid, np.int64)
    return Layers(grid, image, blank, label_colours(0), note=note)


def cards(session: Session, choices: Choices, images: "ImageCache") -> list[CardView]:
    """One view for each stage."""
    return [_card(session, choices, images, stage) for stage in range(session.depth + 1)]


def _card(session: Session, choices: Choices, images: "ImageCache", stage: int) -> CardView:
    run, snapshot = session.runs.running, session.snapshot
    if run is not None and run.started is None:
        snapshot = None  # a new picture is on its way: nothing of the old one belongs to it
    state, locks, sequence, picture = "empty", None, None, None
    if snapshot is not None:
        card = card_states(snapshot)[stage]
        state, sequence = str(card.state), snapshot.sequence
        locks = snapshot.locks if card.locked else None
        edited = edited_cells(snapshot.result, snapshot.sequence)
        if edited is not None and stage > edited[1]:
            state = "stale"  # where balancing dealt deeper bits out anew, too
        picture = session.renderings.sketch(snapshot.result if state == "stale" else sequence, stage)
        if snapshot.layout is not None:
            state = laid_out(snapshot.layout, stage)
        if snapshot.blank:
            picture = None
    if run is not None and run.started is snapshot and stage >= run.request.stage:
        following = run.request.stage if run.stage is None else run.stage + 1
        state = "fresh" if stage < following else "working" if stage == following else "waiting"
        sequence = run.sequence if stage < following else sequence
        picture = run.previews.get(stage, picture)
    return CardView(
        stage,
        2**stage,
        state,
        None if locks is None or not stage else locks.bits[:, stage - 1],
        None if locks is None else locks.tokens[stage],
        None if sequence is None else images.structure(session, choices, sequence, stage),
        None if picture is None else images.picture(picture),
        active=stage == choices.level,
        can_run=session.can_run and snapshot is not None and _may_start(snapshot, stage),
        run_tip="" if snapshot is None else effect(snapshot, stage, session.runs.scope),
    )


def _may_start(snapshot: Snapshot, stage: int) -> bool:
    """A layout without content can only be run from where it ends."""
    return not snapshot.blank or snapshot.layout is None or stage == snapshot.layout.stages


def laid_out(layout: Layout, stage: int) -> str:
    """State of a card while a layout waits for its run: what is laid out is an edit, all else is made anew."""
    if stage < layout.stages:
        return "kept"
    return "edited" if 1 <= stage <= layout.levels else "stale"


@dataclass(eq=False)
class ImageCache:
    """QImages of what the cards show, so that unchanged cards cost nothing."""

    limit: int = 256

    def __post_init__(self) -> None:
        self._structures: dict[tuple[bytes, bytes], QImage] = {}
        self._pictures: dict[int, tuple[Picture, QImage]] = {}

    def structure(self, session: Session, choices: Choices, sequence: GranularitySequence, stage: int) -> QImage:
        """The structure map of a stage, one pixel per cell."""
        labels = sequence.labels(stage)
        colours = cluster_colours(session, choices, stage, labels)
        key = (labels.tobytes(), colours.tobytes())
        if key not in self._structures:
            if len(self._structures) > self.limit:
                self._structures.clear()
            self._structures[key] = cells_image(labels, colours, round(sequence.cells**0.5))
        return self._structures[key]

    def picture(self, picture: Picture) -> QImage:
        """A picture as QImage, known by its identity."""
        entry = self._pictures.get(id(picture))
        if entry is None or entry[0] is not picture:
            if len(self._pictures) > self.limit:
                self._pictures.clear()
            entry = (picture, to_qimage(picture))
            self._pictures[id(picture)] = entry
        return entry[1]


def conditions(session: Session, choices: Choices, locked_file: Path | None = None) -> set[str]:
    """The conditions of the action table that hold now; `locked_file`: a project that another window has open."""
    document = session.document
    running = session.runs.running is not None
    facts = {
        "model": session.info is not None,
        "busy": running,
        "idle": not running and session.opening is None,
        "document": document is not None,
        "runnable": document is not None and session.can_run,
        "foreign": session.foreign and not session.conversion.busy,
        "made": bool(session.making.made),
        "held": locked_file is not None,
        "undo": document is not None and document.can_undo,
        "redo": document is not None and document.can_redo,
        "selected": document is not None and bool(choices.selected),
        "one": document is not None and len(choices.selected) == 1,
        "sibling": document is not None and choices.level > 0,
        "two": document is not None and len(choices.selected) == 2,
        "content": document is not None and document.snapshot.layout is None,
        "decodable": session.info is not None and session.fits_model,
        "veiled": document is not None and bool(choices.only),
        "locked": document is not None and session.locks.any,
        "laid_out": document is not None and document.snapshot.held_levels > 0 and not document.snapshot.blank,
    }
    return {name for name, holds in facts.items() if holds} | {f"level{n}" for n in range(session.depth + 1)}


def model_line(session: Session) -> str:
    """How the model is doing, for the empty window."""
    if session.loading is not None:
        return f"Loading the model {session.loading}…"
    if session.info is None:
        return "No model is loaded yet. Choose one under Run, Models."
    if session.runs.running is not None:
        return "Generating…"
    classes = ", ".join(session.info.class_names[:5]).replace("_", " ")
    more = "…" if len(session.info.class_names) > 5 else ""
    known = f": {classes}{more}" if classes else ""
    return f"Model {session.info.name} is ready{known}"
