"""The session: creates and connects the document store, the engine client and the controllers."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from nvg_studio.editor.background import BackgroundWork
from nvg_studio.editor.context import EditorContext
from nvg_studio.editor.conversion import Conversion
from nvg_studio.editor.document_editor import DocumentEditor
from nvg_studio.editor.document_view import DocumentView
from nvg_studio.editor.documents.open_document import OpenDocument, OpenRequest
from nvg_studio.editor.documents.photo_reader import PendingPhoto, PhotoReader
from nvg_studio.editor.documents.store import DocumentStore
from nvg_studio.editor.engine_client import EngineClient
from nvg_studio.editor.files.autosaver import Autosaver
from nvg_studio.editor.files.document_lock import DocumentLock
from nvg_studio.editor.files.user_settings import unsaved_folder
from nvg_studio.editor.model_loader import ModelLoader
from nvg_studio.editor.notices import Kind, Notice
from nvg_studio.editor.pictures.codebook_colours import CodebookColours
from nvg_studio.editor.pictures.stage_pictures import StagePictures
from nvg_studio.editor.runs.generation import GenerationController
from nvg_studio.editor.runs.live_runs import LiveRuns
from nvg_studio.editor.runs.run_queue import RunQueue
from nvg_studio.engine.protocol import Engine
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.granularity.structure_method import HALVES, StructureMethod
from nvg_studio.ids import UNKNOWN, TokenizerId
from nvg_studio.imaging.cells import cell_means
from nvg_studio.project.document import Document, Snapshot
from nvg_studio.project.project_lock import ProjectLocks
from nvg_studio.project.storage.project_file import Project
from nvg_studio.sampling.events import Event, ModelReady, Picture, StageDone
from nvg_studio.sampling.settings import ModelInfo


class Session(QObject):
    """The document store, the engine and the controllers of one window, and what widgets read from them.

    Signals: `changed` (document, locks or history), `pictures_changed` (stage pictures), `model_changed`,
    `pending_photo_changed`, `notified` with a `Notice`, `project_opened` with the `Project` that was opened,
    `device_refused` with the name of the device on which a model cannot be loaded and the `Failed` that says why. Which
    document is open is decided by `store`, edits of it are in `document_editor`, runs and their results in
    `generation`.
    """

    changed = Signal()
    pictures_changed = Signal()
    model_changed = Signal()
    pending_photo_changed = Signal()
    notified = Signal(object)
    project_opened = Signal(object)
    device_refused = Signal(str, object)

    def __init__(self, engine: Engine, unsaved: Path | None = None) -> None:
        """`unsaved`: where unsaved work is kept in case of a crash; None: the user's own folder."""
        super().__init__()
        self._cell_colours: tuple[str, Picture] | None = None
        self.photo_structure: StructureMethod | None = HALVES
        """How opened photos are clustered, whatever the model; None: by the model's own method."""
        self.store = DocumentStore(self)
        self.background = BackgroundWork(self)
        self.project_locks = ProjectLocks()
        self.context = EditorContext(
            self.store, self.background, self.project_locks, self.notified.emit, self.to_project
        )
        self.engine_client = EngineClient(engine, self)
        self.model_loader = ModelLoader(self.engine_client, self)
        self.photo_reader = PhotoReader(self.engine_client, self.store, self._tokenizer, self)
        self.conversion = Conversion(self.engine_client, self.store, self)
        self.stage_pictures = StagePictures(self.engine_client, self)
        self.codebook_colours = CodebookColours(self.engine_client, self)
        self.run_queue = RunQueue(self.engine_client, self)
        self.document_editor = DocumentEditor(self.context, self)
        self.generation = GenerationController(self.context, self.run_queue, self.model_loader, self)
        self.live_runs = LiveRuns(
            self.store, self.run_queue, lambda: self.can_run, lambda: self.generation.run(live=True), parent=self
        )
        self.autosaver = Autosaver(self.context, unsaved or unsaved_folder(), self)
        # In this order: runs of the last document stop before the path can change, and widgets see the final path.
        self.store.replaced.connect(self._handle_replaced)
        self.document_lock = DocumentLock(self.store, self.project_locks, self)
        self._connect()

    def _connect(self) -> None:
        self.store.changed.connect(self.changed)
        self.run_queue.options_changed.connect(lambda: self.store.set_settings(self.run_queue.options.settings))
        self.engine_client.event_received.connect(self._handle_event)
        self.model_loader.loaded.connect(self._handle_model)
        self.model_loader.changed.connect(self.model_changed)
        self.model_loader.device_refused.connect(self.device_refused)
        self.photo_reader.changed.connect(self.pending_photo_changed)
        self.stage_pictures.ready.connect(self.pictures_changed)
        self.run_queue.stage_done.connect(self._cache_preview)
        self.document_editor.edited.connect(self.live_runs.stroke)
        for source in (
            self.store,
            self.document_lock,
            self.model_loader,
            self.photo_reader,
            self.conversion,
            self.run_queue,
            self.codebook_colours,
        ):
            source.notified.connect(self.notified)

    def stop(self) -> None:
        """Ignore all further events: the window is closing."""
        self.live_runs.close()
        self.autosaver.stop()
        self.engine_client.stop()
        self.background.stop()

    def close(self) -> bool:
        """End the engine, wait for the threads, and release the files; False where a thread does not end."""
        self.stop()
        self.engine_client.close()
        ended = self.background.close()
        self.autosaver.close()
        self.project_locks.close()
        return ended

    # -- the document and the model ---------------------------------------------------------------

    @property
    def view(self) -> DocumentView:
        """The open document and the loaded model as they are now."""
        return DocumentView(self.store.current, self.model_loader.info)

    @property
    def document(self) -> Document | None:
        """The open document; None: there is none."""
        return self.view.document

    @property
    def name(self) -> str:
        """The document's name."""
        return self.view.name

    @property
    def path(self) -> Path | None:
        """The document's own file."""
        return self.view.path

    @property
    def info(self) -> ModelInfo | None:
        """The loaded model."""
        return self.model_loader.info

    @property
    def loading(self) -> str | None:
        """The model that is being loaded."""
        return self.model_loader.loading

    @property
    def pending_photo(self) -> PendingPhoto | None:
        """The photo whose structure is being read."""
        return self.photo_reader.pending

    @property
    def snapshot(self) -> Snapshot | None:
        """The current step of the document."""
        return self.view.snapshot

    @property
    def sequence(self) -> GranularitySequence:
        """The current sequence; there must be a document."""
        return self.view.sequence

    @property
    def locks(self) -> Locks:
        """The current locks; there must be a document."""
        return self.view.locks

    @property
    def depth(self) -> int:
        """K of the document, or of the model, or 8."""
        return self.view.depth

    @property
    def grid(self) -> int:
        """Cells per side of the document."""
        return self.view.grid

    def labels(self, level: int) -> NDArray[np.int64]:
        """Cluster of every cell at a level: int64 [L]."""
        return self.view.labels(level)

    def cluster_name(self, level: int, cluster: int) -> str:
        """The name that a cluster was given; "" for none."""
        return self.view.cluster_name(level, cluster)

    @property
    def lowest_changed_level(self) -> int | None:
        """The level from which the next run must start; None where nothing was edited since the last one."""
        return self.view.lowest_changed_level

    @property
    def modified(self) -> bool:
        """Whether the document differs from its file."""
        return self.view.modified

    @property
    def model_compatible(self) -> bool:
        """Whether the loaded model can run on the document."""
        return self.view.model_compatible

    @property
    def made_with_other_model(self) -> bool:
        """Whether the document's content is that of another tokenizer than the loaded model's."""
        return self.view.made_with_other_model

    @property
    def document_model_name(self) -> str:
        """The name of the model that the document was made with."""
        return self.view.document_model_name

    @property
    def base(self) -> Picture:
        """The document's picture as of the last run (or the photo): uint8 [S, S, 3]."""
        return self.view.base

    @property
    def can_run(self) -> bool:
        """Whether a run may be requested now; it waits while another one is running."""
        running = self.run_queue.running
        new_picture = running is not None and running.started_from is None
        return self.info is not None and self.model_compatible and self.pending_photo is None and not new_picture

    @property
    def cell_colours(self) -> Picture:
        """Mean colour of every cell of `base`: uint8 [L, 3]."""
        assert self.snapshot is not None
        if self._cell_colours is None or self._cell_colours[0] != self.snapshot.base:
            self._cell_colours = (self.snapshot.base, cell_means(self.base, self.grid))
        return self._cell_colours[1]

    @property
    def comparison_picture(self) -> Picture:
        """What to compare the picture on the canvas with: the last result; where the canvas shows that, the one before.

        The photo stands for the first result. uint8 [S, S, 3].
        """
        assert self.snapshot is not None
        shows_result = self.snapshot.sequence == self.snapshot.result and self.run_queue.running is None
        return self.view.previous_picture if shows_result else self.base

    # -- model and answers ----------------------------------------------------------------------

    def load_model(self, folder: Path, device: str = "auto", dtype: str = "auto") -> None:
        """Load the model of a folder; until it is ready photos can be opened but not read."""
        self.model_loader.load(folder, device, dtype)

    def _tokenizer(self) -> TokenizerId:
        return UNKNOWN if self.info is None else self.info.identity.tokenizer

    def _handle_event(self, event: Event) -> None:
        if isinstance(event, ModelReady) and self.info is not None and not self.made_with_other_model:
            self.store.set_model_name(self.info.name)
        for receiver in (
            self.model_loader,
            self.photo_reader,
            self.conversion,
            self.stage_pictures,
            self.codebook_colours,
            self.run_queue,
        ):
            receiver.handle_event(event)

    def _handle_model(self, info: ModelInfo) -> None:
        self.store.set_identity(info.identity)
        self.stage_pictures.set_model(info.identity)
        self._notify_model_mismatch()
        self.codebook_colours.clear()
        self.run_queue.use_model(info)

    # -- documents ------------------------------------------------------------------------------

    def read_photo(self, request: OpenRequest, crop: NDArray[np.uint8]) -> None:
        """Have the structure of a square crop uint8 [S, S, 3] read; then it becomes the document.

        A run of the document that is left for it is stopped, or the photo would have to wait for its end.
        """
        if self.info is None and self.loading is None:
            self.store.cancel_opening(request)
            self.notified.emit(
                Notice(
                    "No model is loaded, so the photo cannot be read: choose a model folder in the Run menu.",
                    Kind.WARNING,
                )
            )
            return
        self.run_queue.cancel_all()
        self.photo_reader.read(request, crop, self.photo_structure)

    def discard_unsaved(self) -> None:
        """The user discards what is unsaved: its runs stop at once."""
        self.run_queue.cancel_all()

    def _handle_replaced(self, opened: OpenDocument) -> None:
        """Another document is open: the runs of the last one stop."""
        self.run_queue.cancel_all()
        self.run_queue.set_settings(opened.settings)
        self.stage_pictures.stored = opened.project.rendering if opened.project is not None else None
        if opened.project is not None:
            self.project_opened.emit(opened.project)

    def to_project(self) -> Project:
        """The document as a project, with its known stage pictures; there must be a document."""
        return self.view.project(self.stage_pictures.rendering(self.sequence))

    def _notify_model_mismatch(self) -> None:
        if self.made_with_other_model:
            text = "which is not loaded: to run, choose it under Run, Models, or convert the picture to this model"
            self.notified.emit(
                Notice(f"This picture was made with {self.document_model_name}, {text}.", action="edit.convert")
            )

    def convert(self) -> None:
        """Encode the content of another model's document again with the loaded model, from its picture."""
        if self.info is not None and self.made_with_other_model:
            self.conversion.start(self.info)

    def _cache_preview(self, event: StageDone) -> None:
        if event.preview is not None:
            keep = self.stage_pictures.add_preview if event.rough else self.stage_pictures.add
            keep(event.sequence, event.stage, event.preview)
