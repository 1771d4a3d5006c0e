"""The session: the document, the engine and what goes on between them. Widgets show it and send it commands."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from nvg_studio.editor.background import BackgroundWork
from nvg_studio.editor.context import EditorContext
from nvg_studio.editor.conversion import Conversion
from nvg_studio.editor.engine_link import EngineLink
from nvg_studio.editor.model_loader import ModelLoader
from nvg_studio.editor.notices import Kind, Notice
from nvg_studio.editor.open_document import OpenDocument, OpenRequest, Work
from nvg_studio.editor.photo_reader import Opening, PhotoReader
from nvg_studio.editor.store import DocumentStore
from nvg_studio.engine.process import Engine
from nvg_studio.errors import ProjectError
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.granularity.structure_method import HALVES, StructureMethod
from nvg_studio.ids import UNKNOWN, TokenizerId, tokenizer_of
from nvg_studio.imaging.cells import cell_means
from nvg_studio.project.document import Document, Snapshot
from nvg_studio.project.holding import Holds
from nvg_studio.project.planning import edited_stage
from nvg_studio.project.renaming import document_with_current_ids
from nvg_studio.project.rendering import Rendering
from nvg_studio.project.storage import Project
from nvg_studio.sampling.events import Event, ModelReady, Picture, StageDone
from nvg_studio.sampling.settings import ModelInfo
from nvg_studio.ui.code_colours import Codes
from nvg_studio.ui.editing import Editing
from nvg_studio.ui.keeping import Keeper
from nvg_studio.ui.live import LiveRuns
from nvg_studio.ui.making import Making
from nvg_studio.ui.renderings import Renderings
from nvg_studio.ui.runs import Runs
from nvg_studio.ui.settings import unsaved_folder


class Session(QObject):
    """The document store, the engine and the controllers, put together; what widgets ask about them.

    Signals: `changed` (document, locks or history), `pictures_changed` (stage pictures), `model_changed`,
    `opening_changed`, `stroke_done` after an edit by hand, `flashed` with bool [L] (cells that balancing moved),
    `said` with a `Notice`, `taken` with a `Project` that is worked on from now on, `device_refused` with the name of
    the device on which a model cannot be loaded and the `Failed` that says why. Which document is open is decided by
    `store`, what the hand does to it is in `editing`, runs and their results in `making`.
    """

    changed = Signal()
    pictures_changed = Signal()
    model_changed = Signal()
    opening_changed = Signal()
    stroke_done = Signal()
    flashed = Signal(object)
    said = Signal(object)
    taken = Signal(object)
    device_refused = Signal(str, object)

    def __init__(self, engine: Engine, unsaved: Path | None = None) -> None:
        """`unsaved`: where unsaved work is kept for the case that the program dies; None: the user's own folder."""
        super().__init__()
        self._cell_colours: tuple[str, Picture] | None = None
        self._held_path: Path | None = None
        self.photo_structure: StructureMethod | None = HALVES
        """How photos are clustered that are opened, whatever the model; None: as the model does."""
        self.store = DocumentStore(self)
        self.jobs = BackgroundWork(self)
        self.holds = Holds()
        self.context = EditorContext(self.store, self.jobs, self.holds, self.said.emit, self.project)
        self.link = EngineLink(engine, self)
        self.models = ModelLoader(self.link, self)
        self.photos = PhotoReader(self.link, self.store, self._tokenizer, self)
        self.conversion = Conversion(self.link, self.store, self)
        self.renderings = Renderings(self.link, self)
        self.codes = Codes(self.link, self)
        self.runs = Runs(self.link, self)
        self.editing = Editing(self)
        self.making = Making(self.context, self.runs, self.models, self)
        self.live = LiveRuns(
            self.store, self.runs, lambda: self.can_run, lambda: self.making.run(live=True), parent=self
        )
        self.keeper = Keeper(self.context, unsaved or unsaved_folder(), self)
        self._connect()

    def _connect(self) -> None:
        self.store.replaced.connect(self._replaced)
        self.store.changed.connect(self._document_changed)
        self.runs.settings_changed.connect(lambda: self.store.set_settings(self.runs.settings))
        self.link.answered.connect(self._handle)
        self.models.loaded.connect(self._model_loaded)
        self.models.changed.connect(self.model_changed)
        self.models.device_refused.connect(self.device_refused)
        self.photos.changed.connect(self.opening_changed)
        self.renderings.ready.connect(self.pictures_changed)
        self.runs.stage_done.connect(self._keep_preview)
        self.stroke_done.connect(self.live.stroke)
        for source in (self.store, self.models, self.photos, self.conversion, self.runs, self.codes):
            source.said.connect(self.said)

    def stop(self) -> None:
        """Take in nothing any more: whoever showed the session is going away."""
        self.live.close()
        self.keeper.stop()
        self.link.stop()
        self.jobs.stop()

    def close(self) -> bool:
        """End the engine, wait for the threads, and leave the files to others; False where a thread does not end."""
        self.stop()
        self.link.close()
        ended = self.jobs.close()
        self.keeper.close()
        self.holds.close()
        return ended

    # -- what there is --------------------------------------------------------------------------

    @property
    def document(self) -> Document | None:
        """The open document; None: there is none."""
        return None if self.store.current is None else self.store.current.document

    @property
    def name(self) -> str:
        """What the document is called."""
        return "" if self.store.current is None else self.store.current.name

    @property
    def path(self) -> Path | None:
        """The document's own file."""
        return None if self.store.current is None else self.store.current.path

    @property
    def info(self) -> ModelInfo | None:
        """The loaded model."""
        return self.models.info

    @property
    def loading(self) -> str | None:
        """The model that is being loaded."""
        return self.models.loading

    @property
    def opening(self) -> Opening | None:
        """The photo whose structure is being read."""
        return self.photos.opening

    @property
    def snapshot(self) -> Snapshot | None:
        """The current step of the document."""
        return None if self.document is None else self.document.snapshot

    @property
    def sequence(self) -> GranularitySequence:
        """The current sequence; there must be a document."""
        assert self.document is not None
        return self.document.snapshot.sequence

    @property
    def locks(self) -> Locks:
        """The current locks; there must be a document."""
        assert self.document is not None
        return self.document.snapshot.locks

    @property
    def depth(self) -> int:
        """K of the document, or of the model, or 8."""
        if self.document is not None:
            return self.sequence.depth
        return self.info.depth if self.info else 8

    @property
    def grid(self) -> int:
        """Cells per side of the document."""
        return round(self.sequence.cells**0.5)

    def labels(self, level: int) -> NDArray[np.int64]:
        """Cluster of every cell at a level: int64 [L]."""
        return self.sequence.labels(level)

    def cluster_name(self, level: int, cluster: int) -> str:
        """The name that a cluster was given; "" for none."""
        names = () if self.snapshot is None else self.snapshot.names
        return next((name for stage, number, name in names if (stage, number) == (level, cluster)), "")

    @property
    def lowest_changed(self) -> int | None:
        """The level from which the next run must start; None where nothing was edited since the last one."""
        return None if self.snapshot is None else edited_stage(self.snapshot)

    @property
    def work(self) -> Work | None:
        """What would be lost: the current step, and the results that wait beside the history."""
        return None if self.store.current is None else self.store.current.work

    @property
    def modified(self) -> bool:
        """Whether the document differs from its file."""
        return self.store.current is not None and self.store.current.modified

    @property
    def fits_model(self) -> bool:
        """Whether the loaded model can run on the document: its tokens mean something to its own model alone."""
        fits = self.info is not None and (self.document is None or self.info.depth == self.sequence.depth)
        return fits and not self.foreign

    @property
    def foreign(self) -> bool:
        """Whether the document's content was made with another model than the loaded one."""
        if self.snapshot is None or self.snapshot.blank or self.info is None:
            return False
        return not self.info.identity.owns(self.snapshot.tokenizer)

    @property
    def own_model(self) -> str:
        """The name of the model that a foreign document was made with."""
        return (self.store.current.model_name if self.store.current is not None else "") or "another model"

    @property
    def can_run(self) -> bool:
        """Whether a run may be asked for now; it waits where another one works."""
        running = self.runs.running
        new_picture = running is not None and running.started is None
        return self.info is not None and self.fits_model and self.opening is None and not new_picture

    @property
    def base(self) -> NDArray[np.uint8]:
        """The document's picture as of the last run (or the photo): uint8 [S, S, 3]."""
        assert self.document is not None
        return self.document.base

    @property
    def cell_colours(self) -> Picture:
        """Mean colour of every cell of `base`: uint8 [L, 3]."""
        assert self.snapshot is not None
        if self._cell_colours is None or self._cell_colours[0] != self.snapshot.base:
            self._cell_colours = (self.snapshot.base, cell_means(self.base, self.grid))
        return self._cell_colours[1]

    @property
    def before(self) -> Picture:
        """What to compare the picture on the canvas with: the last result; where that is what it shows, the one before.

        The photo stands for the first result. uint8 [S, S, 3].
        """
        assert self.document is not None and self.snapshot is not None
        snapshot, index = self.snapshot, self.document.index
        if snapshot.sequence != snapshot.result or self.runs.running is not None:
            return self.base
        earlier = reversed(self.document.history.snapshots[:index])
        key = next((step.base for step in earlier if step.base != snapshot.base), snapshot.base)
        return self.document.pictures[key]

    # -- model and answers ----------------------------------------------------------------------

    def load_model(self, folder: Path, device: str = "auto", dtype: str = "auto") -> None:
        """Load the model of a folder; until it is ready photos can be opened but not read."""
        self.models.load(folder, device, dtype)

    def _tokenizer(self) -> TokenizerId:
        return UNKNOWN if self.info is None else self.info.identity.tokenizer

    def _handle(self, event: Event) -> None:
        if isinstance(event, ModelReady) and self.info is not None and not self.foreign:
            self.store.set_model_name(self.info.name)
        for receiver in (self.models, self.photos, self.conversion, self.renderings, self.codes, self.runs):
            receiver.handle(event)

    def _model_loaded(self, info: ModelInfo) -> None:
        self.renderings.set_model(info.identity)
        self._say_foreign()
        self.codes.forget()
        self.runs.use_model(info)

    # -- documents ------------------------------------------------------------------------------

    def read_photo(self, request: OpenRequest, crop: NDArray[np.uint8]) -> None:
        """Have the structure of a square crop uint8 [S, S, 3] read; then it becomes the document.

        A run of the document that is left for it is stopped, or the photo would have to wait for its end.
        """
        if self.info is None and self.loading is None:
            self.store.let_go(request)
            self.said.emit(
                Notice(
                    "No model is loaded, so the photo cannot be read: choose a model folder in the Run menu.",
                    Kind.WARNING,
                )
            )
            return
        self.runs.leave()
        self.photos.read(request, crop, self.photo_structure)

    def discard(self) -> None:
        """The person does not want what is unsaved: its runs stop at once."""
        self.runs.leave()

    def _replaced(self, opened: OpenDocument) -> None:
        """Another document is open: nothing of the last one goes on."""
        self.runs.leave()
        self.runs.choose(settings=opened.settings)
        self.renderings.stored = opened.project.rendering if opened.project is not None else None
        self._hold_file()
        if opened.project is not None:
            self.taken.emit(opened.project)

    def _document_changed(self) -> None:
        if self.path != self._held_path:
            self._hold_file()
        self.changed.emit()

    def _hold_file(self) -> None:
        """Hold the document's own file, and no other."""
        self._held_path = path = self.path
        try:
            if path is not None:
                self.holds.begin(path)
        except ProjectError as problem:
            self._held_path = None
            self.store.forget_path()
            self.said.emit(Notice(f"{problem} This document has no file for now.", Kind.WARNING))
            return
        self.holds.keep(path)
        if path is not None:
            self.holds.end(path)

    def project(self) -> Project:
        """The document as a project, with what is known of its stage pictures; there must be a document."""
        assert self.document is not None
        sequence, info = self.sequence, self.info
        document = self.document if info is None else document_with_current_ids(self.document, info.identity)
        tokenizer = document.snapshot.tokenizer
        stages = {stage: self.renderings.picture(sequence, stage) for stage in range(sequence.depth + 1)}
        known = {stage: picture for stage, picture in stages.items() if picture is not None}
        model = self.renderings.model_of(sequence)
        rendering = None
        if model is not None and known and tokenizer in (UNKNOWN, tokenizer_of(model)):
            rendering = Rendering.known(model, sequence, known)
        opened = self.store.current
        assert opened is not None
        name = info.name if info is not None and info.identity.tokenizer == tokenizer else opened.model_name
        return Project(document, name, rendering, opened.reference, settings=opened.settings)

    def _say_foreign(self) -> None:
        if self.foreign:
            text = "which is not loaded: to run, choose it under Run, Models, or convert the picture to this model"
            self.said.emit(Notice(f"This picture was made with {self.own_model}, {text}.", offer="edit.convert"))

    def convert(self) -> None:
        """Make the content of a foreign document anew with the loaded model, from its picture."""
        if self.info is not None and self.foreign:
            self.conversion.start(self.info)

    def _keep_preview(self, event: StageDone) -> None:
        if event.preview is not None:
            keep = self.renderings.keep_sketch if event.rough else self.renderings.keep
            keep(event.sequence, event.stage, event.preview)

    # -- history --------------------------------------------------------------------------------

    def undo(self) -> None:
        """One step back."""
        if self.document is not None:
            self.put(self.document.undo())

    def redo(self) -> None:
        """One step forward again."""
        if self.document is not None:
            self.put(self.document.redo())

    def visit(self, index: int) -> None:
        """Go to any step."""
        if self.document is not None:
            self.put(self.document.visit(index))

    def put(self, document: Document) -> None:
        """Go on with another value of the open document, made by hand just now."""
        self.store.edit(document)
