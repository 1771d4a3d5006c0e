"""The session: the document, the engine and what goes on between them. Widgets show it and send it commands."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.ids import UNKNOWN, tokenizer_of
from nvg_studio.imaging.cells import cell_means
from nvg_studio.project import document as documents
from nvg_studio.project.document import Document, Made, Snapshot
from nvg_studio.project.holding import Holds
from nvg_studio.project.planning import edited_stage
from nvg_studio.project.renaming import document_with_current_ids, with_current_ids
from nvg_studio.project.rendering import Rendering
from nvg_studio.project.storage import Project
from nvg_studio.sampling.engine import Engine
from nvg_studio.sampling.events import Encoded, Event, Failed, ModelReady, Picture, StageDone
from nvg_studio.sampling.settings import ModelInfo
from nvg_studio.ui.code_colours import Codes
from nvg_studio.ui.editing import Editing
from nvg_studio.ui.engine_link import EngineLink
from nvg_studio.ui.jobs import Jobs
from nvg_studio.ui.keeping import Keeper
from nvg_studio.ui.live import LiveRuns
from nvg_studio.ui.making import Making
from nvg_studio.ui.messages import Kind, Notice
from nvg_studio.ui.renderings import Renderings
from nvg_studio.ui.runs import Runs
from nvg_studio.ui.settings import unsaved_folder

Work = tuple[Snapshot, tuple[Made, ...]]


@dataclass(frozen=True, eq=False)
class Opening:
    """A photo whose structure is being read: the engine's job, the square crop, and what to call it."""

    job: int
    crop: NDArray[np.uint8]
    title: str


class Session(QObject):
    """Holds document, engine, stage pictures, runs and files; the only place that replaces the document.

    Signals: `changed` (document, locks or history), `pictures_changed` (stage pictures), `model_changed`,
    `opening_changed`, `stroke_done` after an edit by hand, `flashed` with bool [L] (cells that balancing moved),
    `said` with a `Notice`, `taken` with a `Project` that is worked on from now on, `device_refused` with the name of
    the device on which a model cannot be loaded and the `Failed` that says why. What the hand does to the document is
    in `editing`, runs and their results in `making`.
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
        self.document: Document | None = None
        self.info: ModelInfo | None = None
        self.loading: str | None = None
        self.opening: Opening | None = None
        self.path: Path | None = None
        self.held: Path | None = None
        """A project that was not opened because another window has it open."""
        self.name = ""
        self.model_name = ""
        self.exact_pixels = True
        self.reference: Picture | None = None
        self.holds = Holds()
        self._saved: Work | None = None
        self._cell_colours: tuple[str, Picture] | None = None
        self._load_job: int | None = None
        self._load_device = "auto"
        self.jobs = Jobs(self)
        self.link = EngineLink(engine, self)
        self.renderings = Renderings(self.link, self)
        self.codes = Codes(self.link, self)
        self.runs = Runs(self.link, self)
        self.editing = Editing(self)
        self.making = Making(self)
        self.live = LiveRuns(self)
        self.keeper = Keeper(self, unsaved or unsaved_folder())
        self.link.answered.connect(self._handle)
        self.renderings.ready.connect(self.pictures_changed)
        self.runs.said.connect(self.said)
        self.codes.said.connect(self.said)
        self.runs.stage_done.connect(self._keep_preview)

    def stop(self) -> None:
        """Take in nothing any more: whoever showed the session is going away."""
        self.live.close()
        self.keeper.stop()
        self.link.stop()
        self.jobs.stop()

    def close(self) -> None:
        """End the engine, wait for the threads, and leave the files to others."""
        self.stop()
        self.link.close()
        self.jobs.close()
        self.keeper.close()
        self.holds.close()

    # -- what there is --------------------------------------------------------------------------

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
        return None if self.document is None else (self.document.snapshot, self.document.made)

    @property
    def modified(self) -> bool:
        """Whether the document differs from its file."""
        return self.work != self._saved

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
        return self.model_name or "another model"

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

    # -- model ----------------------------------------------------------------------------------

    def load_model(self, folder: Path, device: str = "auto", dtype: str = "auto") -> None:
        """Load the model of a folder; until it is ready photos can be opened but not read."""
        if not (folder / "config.json").is_file():
            self.said.emit(Notice(f"There is no model in {folder}: choose another one under Run, Models."))
            self.model_changed.emit()
            return
        self.loading, self._load_device = folder.name, device
        self._load_job = self.link.load(str(folder), device, dtype)
        self.model_changed.emit()

    def _handle(self, event: Event) -> None:
        if isinstance(event, ModelReady):
            if event.job == self._load_job:  # and not one that was asked for before it
                self.loading, self._load_job = None, None
            if self.info is not None and not self.foreign:
                self.model_name = self.info.name
            self.info = event.info
            self.renderings.set_model(event.info.identity)
            self._say_foreign()
            self.codes.forget()
            self.runs.use_model(event.info)
            self.model_changed.emit()
        elif isinstance(event, Failed) and event.job == self._load_job:
            self.loading, self._load_job = None, None
            if self._load_device == "auto":
                self.said.emit(Notice(event.message, Kind.ERROR, event.details))
            else:
                self.device_refused.emit(self._load_device, event)
            self.model_changed.emit()
        elif self.opening is not None and event.job == self.opening.job:
            self._opened(event)
        self.renderings.handle(event)
        self.codes.handle(event)
        self.runs.handle(event)

    # -- photos and runs ------------------------------------------------------------------------

    def read_photo(self, crop: NDArray[np.uint8], title: str) -> None:
        """Have the structure of a square crop uint8 [S, S, 3] read; then it becomes the document."""
        if self.info is None and self.loading is None:
            self.said.emit(
                Notice(
                    "No model is loaded, so the photo cannot be read: choose a model folder in the Run menu.",
                    Kind.WARNING,
                )
            )
            return
        self.drop_opening()
        self.opening = Opening(self.link.encode(crop), crop, title)
        self.opening_changed.emit()

    def drop_opening(self) -> None:
        """Stop reading a photo that is being opened."""
        if self.opening is not None:
            job, self.opening = self.opening.job, None
            self.link.cancel(job)
            self.opening_changed.emit()

    def _opened(self, event: Event) -> None:
        opening = self.opening
        assert opening is not None
        self.opening = None
        if isinstance(event, Encoded):
            tokenizer = self.info.identity.tokenizer if self.info is not None else UNKNOWN
            title = f"Open {opening.title}"
            document = documents.open_photo(event.sequence, opening.crop, title, tokenizer)
            self.replace_document(document, Path(opening.title).stem, saved=True)
        elif isinstance(event, Failed):
            self.said.emit(Notice(event.message, Kind.ERROR, event.details))
        self.opening_changed.emit()

    def replace_document(self, document: Document, name: str, path: Path | None = None, saved: bool = False) -> None:
        """Work on another document from now on; a run for the old one is stopped.

        `saved`: nothing of it would be lost yet (a photo as it was opened, a project as it is in its file).
        """
        self.runs.cancel()
        self.document = document
        self.name, self.path, self.held = name, path, None
        self._saved = self.work if saved else None
        self.holds.keep(path)
        self.changed.emit()

    def mark_saved(self, document: Document, path: Path) -> None:
        """`document` is now what the file at `path` holds."""
        self.path, self.name = path, path.stem
        self._saved = (document.snapshot, document.made)
        self.holds.keep(path)
        self.changed.emit()

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
        name = info.name if info is not None and info.identity.tokenizer == tokenizer else self.model_name
        return Project(document, name, rendering, self.reference)

    def take(self, project: Project, name: str, path: Path | None, saved: bool) -> None:
        """Go on with a project; arguments as for `replace_document`."""
        self.drop_opening()
        if self.info is not None:
            project = with_current_ids(project, self.info.identity)
        self.renderings.stored, self.model_name = project.rendering, project.model_name
        if project.reference is not None:
            self.reference = project.reference
        self.taken.emit(project)
        self.replace_document(project.document, name, path, saved)
        self._say_foreign()

    def _say_foreign(self) -> None:
        if self.foreign:
            text = "which is not loaded: look, save and export, but choose it under Run, Models before you run"
            self.said.emit(Notice(f"This picture was made with {self.own_model}, {text}."))

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
        """Go on with another value of the same document: a step of its history, or results beside it."""
        if document is not self.document:
            self.document = document
            self.changed.emit()
