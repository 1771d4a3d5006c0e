"""The reference: a picture, a square crop of it, and the structure found there, to be applied to the document."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from nvg_studio.editor.background import Lane
from nvg_studio.editor.context import EditorContext
from nvg_studio.editor.documents.open_document import OpenDocument
from nvg_studio.editor.engine_client import EngineClient
from nvg_studio.editor.latest import LatestOnly, Request
from nvg_studio.editor.model_loader import ModelLoader
from nvg_studio.editor.notices import Kind, Notice, error_notice
from nvg_studio.editor.pictures.qimages import to_qimage
from nvg_studio.editor.reference.structure_source import (
    ENCODED,
    Area,
    FoundStructure,
    ReferenceChoices,
    Source,
    encoded,
    segmented,
)
from nvg_studio.editor.runs.generation import GenerationController
from nvg_studio.editor.timers import single_shot
from nvg_studio.errors import describe
from nvg_studio.granularity import edits
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.granularity.structure_method import HALVES, Halves
from nvg_studio.imaging import regions
from nvg_studio.imaging.crop import Picture, reduced, square_crop
from nvg_studio.imaging.label_maps import LabelMap, read_label_map
from nvg_studio.imaging.read import read_image
from nvg_studio.project import document as documents
from nvg_studio.project.document import Document, Layout
from nvg_studio.project.view import edited_cells
from nvg_studio.sampling.events import Encoded, Event, Failed

GRACE_MS = 150
CROP_SIDE = 1024
SHOWN_SIDE = 512
KEPT_SIDE = 2048
"""Longest side of the reference, which goes into the project file; its square is looked at in CROP_SIDE pixels."""

Mask = NDArray[np.bool_]
SearchKey = tuple[Source, int, regions.Box | None, int | None]
"""What the structure depends on besides the picture: source, number of regions, box, last level where it matters."""


def search_key(choices: ReferenceChoices, label_map: LabelMap | None) -> SearchKey:
    """The key of a search; two searches of the same picture with equal keys find the same structure.

    The last level matters for a label map with a tree alone: on another grid it gives the regions of that level.
    """
    tree = label_map is not None and label_map.depth is not None
    return choices.source, choices.count, choices.box, choices.levels if tree else None


class ReferenceController(QObject):
    """Finds the structure, on threads or in the engine, after every change of picture, crop or choices; `changed` then.

    `centre` is that of the square crop, as shares of the picture's sides.
    """

    changed = Signal()

    def __init__(
        self,
        context: EditorContext,
        engine: EngineClient,
        models: ModelLoader,
        generation: GenerationController,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._context, self._store, self._background = context, context.store, context.background
        self._engine, self._models, self._generation = engine, models, generation
        self.title = ""
        self.picture: Picture | None = None
        self.shown: QImage | None = None
        self.centre = (0.5, 0.5)
        self.map_name = ""
        self._map: LabelMap | None = None
        self.choices = ReferenceChoices()
        self.found: FoundStructure | None = None
        self.problem = ""
        self._picture_requested, self._map_requested, self._search_requested = LatestOnly(), LatestOnly(), LatestOnly()
        self._search: Request | None = None
        """The search for structure that a thread is working on."""
        self._job: int | None = None
        self._read: Callable[[Encoded], None] = lambda _: None
        """The callback for the answer to that job."""
        self._timer = single_shot(self, GRACE_MS, self._start_search)
        engine.event_received.connect(self._handle_event)
        models.changed.connect(self._schedule_search)
        context.store.replaced.connect(self._use_project_reference)

    @property
    def _document(self) -> Document | None:
        return self._store.version.document

    @property
    def busy(self) -> bool:
        """Whether the structure is being searched."""
        searching = self._search is not None and self._search.current
        return self._timer.isActive() or self._job is not None or searching

    def close(self) -> None:
        """Start no further search."""
        self._timer.stop()

    # -- picture and label map ------------------------------------------------------------------

    def open(self, path: Path) -> None:
        """Use a picture file."""
        self.use_picture(lambda: read_image(path), path.name)

    def use_picture(self, read: Callable[[], Picture], title: str) -> None:
        """Use a picture uint8 [H, W, 3], which `read` gives on a thread; the latest one that is asked for."""

        asked = self._store.version

        def work() -> tuple[Picture, QImage]:
            picture = reduced(read(), KEPT_SIDE)
            return picture, to_qimage(reduced(picture, SHOWN_SIDE))

        def done(pictures: tuple[Picture, QImage]) -> None:
            self.picture, self.shown = pictures
            self._store.set_reference(asked, self.picture)
            self.title, self.centre = title, (0.5, 0.5)
            self.choices = replace(self.choices, box=None)
            self._schedule_search()

        request = self._picture_requested.ask()
        self._background.start(work, request.only(done), request.only(self._report_error), Lane.FILES)

    def _use_project_reference(self, opened: OpenDocument) -> None:
        picture = opened.project.reference if opened.project is not None else None
        if picture is not None:
            self.use_picture(lambda: picture, "Reference of the project")

    def open_map(self, path: Path) -> None:
        """Use a label map or a mask from a file."""

        def done(label_map: LabelMap) -> None:
            self._map, self.map_name = label_map, path.name
            self.set_choices(replace(self.choices, source=Source.FILE))
            self._schedule_search()

        request = self._map_requested.ask()
        read = lambda: read_label_map(path)  # noqa: E731
        self._background.start(read, request.only(done), request.only(self._report_error), Lane.FILES)

    def move_crop(self, x: float, y: float) -> None:
        """Move the centre of the square crop (shares of the sides)."""
        self.centre = (x, y)
        self._schedule_search()

    def set_choices(self, choices: ReferenceChoices) -> None:
        """Replace the choices; the structure is searched again where it depends on what changed."""
        before, self.choices = self.choices, choices
        if search_key(before, self._map) != search_key(choices, self._map):
            self._schedule_search()
        self.changed.emit()

    # -- finding --------------------------------------------------------------------------------

    def _schedule_search(self) -> None:
        self._search_requested.ask()  # an answer to what was asked before is out of date
        self.found, self.problem = None, ""
        if self._job is not None:
            self._engine.cancel(self._job)
            self._job = None
        if self._can_search:
            self._timer.start()
        self.changed.emit()

    @property
    def _can_search(self) -> bool:
        if self._models.info is None:
            return False
        return self._map is not None if self.choices.source is Source.FILE else self.picture is not None

    def _start_search(self) -> None:
        picture, choices, centre, label_map = self.picture, self.choices, self.centre, self._map
        request = self._search = self._search_requested.ask()
        cells = self._cells

        def crop() -> Picture | None:
            if picture is None:
                return None
            height, width = picture.shape[:2]
            return square_crop(picture, (centre[0] * width, centre[1] * height), CROP_SIDE)

        def done(found: FoundStructure) -> None:
            self._search, self.found = None, found
            self.changed.emit()

        def encode(square: Picture | None) -> None:
            if square is not None:
                structure = HALVES if choices.source is Source.HALVES else None
                self._search, self._job = None, self._engine.encode(square, structure)

        def segment(brightness: NDArray[np.float32] | None) -> None:
            self._search = request
            fitting = brightness if brightness is not None and len(brightness) == cells else None
            work = lambda: segmented(choices, crop(), label_map, cells, fitting)  # noqa: E731
            self._background.start(work, request.only(done), request.only(self._handle_failure))

        def read(event: Encoded) -> None:
            if choices.source in ENCODED:
                self.found = encoded(event.sequence, self._halves or choices.source is Source.HALVES)
            else:
                segment(event.brightness)

        self._read = request.only(read)
        if choices.source in ENCODED or (self._halves and picture is not None):
            self._background.start(crop, request.only(encode), request.only(self._handle_failure))
        else:
            segment(None)

    def _handle_failure(self, problem: Exception) -> None:
        self._search = None
        self.problem = describe(problem).text
        self.changed.emit()

    def _handle_event(self, event: Event) -> None:
        if self._job is None or event.job != self._job:
            return
        self._job = None
        if isinstance(event, Encoded):
            self._read(event)
        elif isinstance(event, Failed):
            self.problem = event.message
        self.changed.emit()

    @property
    def _halves(self) -> bool:
        """Whether the model's own structures are halves: then children of any structure are numbered like theirs."""
        info = self._models.info
        return info is not None and isinstance(info.structure_method, Halves)

    @property
    def _cells(self) -> int:
        info = self._models.info
        if self._document is not None:
            return self._document.sequence.cells
        return info.cells if info is not None else 0

    # -- applying -------------------------------------------------------------------------------

    @property
    def levels(self) -> int:
        """The last level that would be applied."""
        return self.choices.levels if self.found is None else min(self.choices.levels, self.found.levels)

    @property
    def stages(self) -> int:
        """How many stages of content would be applied."""
        return self.choices.stages if self.found is not None and self.found.content else 0

    def preview(self, selected: Mask | None) -> GranularitySequence | None:
        """What the document's sequence would become; None while nothing is found, nothing fits, or there is no area.

        selected: cells bool [L] of the selected cluster.
        """
        whole = self.choices.area is Area.WHOLE
        area = None if whole else self._area(selected)
        if self.found is None or self.found.sequence.cells != self._cells or not (whole or area is not None):
            return None
        if self._document is None:
            return self.found.sequence
        return edits.transfer(
            self._document.sequence,
            self.found.sequence,
            (1, self.levels),
            area,
            self.stages,
            self._document.snapshot.locks,
            same_numbering=self._halves and self.found.like_halves,
        )

    def apply(self, selected: Mask | None, run: bool) -> None:
        """Apply the structure, as one step, and start a run if `run`."""
        if self.choices.area is not Area.WHOLE and self._area(selected) is None:
            what = "select a cluster" if self.choices.area is Area.SELECTED else "paint"
            text = f"There is no such area: {what} first, or choose the whole picture."
            self._context.notify(Notice(text, Kind.WARNING))
            return
        if self._document is None:
            self._generation.new_layout(self._generation.chosen_class, bands=False)
        after = self.preview(selected)
        document = self._document
        if after is None or document is None:
            return
        name = self.map_name if self.choices.source is Source.FILE else self.title
        title = f"Structure of {name}, level{'s 1 to ' + str(self.levels) if self.levels > 1 else ' 1'}"
        changed = documents.apply_layout(document, after, Layout(self.levels, self.stages), title)
        if changed is document:
            self._context.notify(Notice("The document has this structure already."))
        self._store.edit(changed)
        if self.picture is not None:
            self._store.set_reference(self._store.version, self.picture)
        if run:
            self._generation.run()

    def _area(self, selected: Mask | None) -> Mask | None:
        """The selected or the painted cells, bool [L]; None where there are none."""
        if self._document is None:
            return None
        snapshot = self._document.snapshot
        if self.choices.area is Area.SELECTED:
            return selected
        edited = edited_cells(snapshot.result, snapshot.sequence)
        return None if edited is None else edited[0]

    def _report_error(self, problem: Exception) -> None:
        self._context.notify(error_notice(problem))
