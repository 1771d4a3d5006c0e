"""From session and choices to the cards of the level strip."""

from dataclasses import dataclass

from PySide6.QtGui import QImage

from nvg_studio.editor.choices import Choices
from nvg_studio.editor.pictures.qimages import cells_image, to_qimage
from nvg_studio.editor.session import Session
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.project.card_states import card_states
from nvg_studio.project.document import Layout, Snapshot
from nvg_studio.project.view import edited_cells
from nvg_studio.sampling.events import Picture
from nvg_studio.ui.docks.level_strip import CardView
from nvg_studio.ui.docks.run_buttons import effect
from nvg_studio.ui.view_models.cluster_colours import cluster_colours


def cards(session: Session, choices: Choices, images: "ImageCache") -> list[CardView]:
    """One view for each stage."""
    return [_card(session, choices, images, stage) for stage in range(session.depth + 1)]


def _card(session: Session, choices: Choices, images: "ImageCache", stage: int) -> CardView:
    run, snapshot = session.run_queue.running, session.snapshot
    if run is not None and run.started_from is None:
        snapshot = None  # the run generates a new picture: the old one says nothing about its levels
    state, locks, sequence, picture = "empty", None, None, None
    if snapshot is not None:
        card = card_states(snapshot)[stage]
        state, sequence = str(card.state), snapshot.sequence
        locks = snapshot.locks if card.locked else None
        edited = edited_cells(snapshot.result, snapshot.sequence)
        if edited is not None and stage > edited[1]:
            state = "stale"  # also where balancing redistributed deeper bits
        picture = session.stage_pictures.picture_or_preview(snapshot.result if state == "stale" else sequence, stage)
        if snapshot.layout is not None:
            state = layout_state(snapshot.layout, stage)
        if snapshot.blank:
            picture = None
    if run is not None and run.started_from is snapshot and stage >= run.request.stage:
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
        can_run=session.can_run and snapshot is not None and _can_start_at(snapshot, stage),
        run_tip="" if snapshot is None else effect(snapshot, stage, session.run_queue.options.scope),
    )


def _can_start_at(snapshot: Snapshot, stage: int) -> bool:
    """A layout without content can only be run from where it ends."""
    return not snapshot.blank or snapshot.layout is None or stage == snapshot.layout.stages


def layout_state(layout: Layout, stage: int) -> str:
    """State of a card while a layout waits for its run: what is laid out is an edit, the rest will be generated."""
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
