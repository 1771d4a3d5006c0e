"""The session: the document, the engine and what goes on between them. Widgets show it and send it commands."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from nvg_studio.errors import NVGError
from nvg_studio.granularity import edits
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.project import document as documents
from nvg_studio.project.document import Document, Snapshot
from nvg_studio.sampling.engine import Engine
from nvg_studio.sampling.events import Encoded, Event, Failed, ModelReady, StageDone
from nvg_studio.sampling.settings import ModelInfo
from nvg_studio.ui import gestures
from nvg_studio.ui.engine_link import EngineLink
from nvg_studio.ui.jobs import Jobs
from nvg_studio.ui.messages import Kind, Notice
from nvg_studio.ui.renderings import Renderings
from nvg_studio.ui.runs import Result, Runs
from nvg_studio.ui.state import Choices, LockKind


@dataclass(frozen=True, eq=False)
class Opening:
    """A photo whose structure is being read: the engine's job, the square crop, and what to call it."""

    job: int
    crop: NDArray[np.uint8]
    title: str


class Session(QObject):
    """Holds document, engine, stage pictures, runs and files; the only place that replaces the document.

    Signals: `changed` (document, locks or history), `pictures_changed` (stage pictures), `model_changed`,
    `opening_changed`, `flashed` with bool [L] (cells that balancing moved), `said` with a `Notice`.
    """

    changed = Signal()
    pictures_changed = Signal()
    model_changed = Signal()
    opening_changed = Signal()
    flashed = Signal(object)
    said = Signal(object)

    def __init__(self, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.document: Document | None = None
        self.info: ModelInfo | None = None
        self.loading: str | None = None
        self.opening: Opening | None = None
        self.candidates: list[Result] = []
        self.path: Path | None = None
        self.name = ""
        self.exact_pixels = True
        self._saved: Snapshot | None = None
        self._load_job: int | None = None
        self.jobs = Jobs(self)
        self.link = EngineLink(engine, self)
        self.renderings = Renderings(self.link, self)
        self.runs = Runs(self.link, self)
        self.link.answered.connect(self._handle)
        self.renderings.ready.connect(self.pictures_changed)
        self.runs.said.connect(self.said)
        self.runs.finished.connect(self._run_finished)
        self.runs.stage_done.connect(self._keep_preview)

    def close(self) -> None:
        """End the engine and wait for the threads."""
        self.link.close()
        self.jobs.close()

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

    @property
    def lowest_changed(self) -> int | None:
        """The level from which the next run must start; None where nothing was edited since the last one."""
        snapshot = self.snapshot
        return None if snapshot is None else edits.first_changed_stage(snapshot.result, snapshot.sequence)

    @property
    def modified(self) -> bool:
        """Whether the document differs from its file."""
        return self.snapshot is not self._saved

    @property
    def fits_model(self) -> bool:
        """Whether the loaded model can run on the document."""
        return self.info is not None and (self.document is None or self.info.depth == self.sequence.depth)

    @property
    def can_run(self) -> bool:
        """Whether a run may start now."""
        return self.info is not None and self.fits_model and self.runs.running is None and self.opening is None

    @property
    def base(self) -> NDArray[np.uint8]:
        """The document's picture as of the last run (or the photo): uint8 [S, S, 3]."""
        assert self.document is not None
        return self.document.base

    # -- model ----------------------------------------------------------------------------------

    def load_model(self, folder: Path) -> None:
        """Load the model of a folder; until it is ready photos can be opened but not read."""
        if not (folder / "config.json").is_file():
            self.said.emit(
                Notice(f"There is no model in {folder}: choose another folder under Run, Choose model folder.")
            )
            self.model_changed.emit()
            return
        self.loading = folder.name
        self._load_job = self.link.load(str(folder))
        self.model_changed.emit()

    def _handle(self, event: Event) -> None:
        if isinstance(event, ModelReady):
            self.loading, self._load_job = None, None
            self.info = event.info
            self.renderings.set_model(event.info.fingerprint)
            self.model_changed.emit()
        elif isinstance(event, Failed) and event.job == self._load_job:
            self.loading, self._load_job = None, None
            self.said.emit(Notice(event.message, Kind.ERROR, event.details))
            self.model_changed.emit()
        elif self.opening is not None and event.job == self.opening.job:
            self._opened(event)
        self.renderings.handle(event)
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
            model = self.info.fingerprint if self.info is not None else ""
            title = f"Open {opening.title}"
            document = documents.open_photo(event.sequence, opening.crop, title, model)
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
        self.name, self.path = name, path
        self.candidates.clear()
        self._saved = self.snapshot if saved else None
        self.changed.emit()

    def mark_saved(self, document: Document, path: Path) -> None:
        """`document` is now what the file at `path` holds."""
        self.path, self.name = path, path.stem
        self._saved = document.snapshot
        self.changed.emit()

    def generate(self) -> None:
        """Make a new picture from nothing; it becomes the document when it is done."""
        if self.info is not None:
            blank = GranularitySequence.blank(self.info.cells, self.info.depth)
            self.runs.start(blank, 0, None, self.info, None)

    def run(self, stage: int | None = None) -> None:
        """Run from a stage (None: the lowest changed one, or 0) with the document's locks."""
        if self.document is None or self.info is None:
            return
        start = (self.lowest_changed or 0) if stage is None else stage
        self.runs.start(self.sequence, start, self.locks, self.info, self.snapshot)

    def _keep_preview(self, event: StageDone) -> None:
        if event.preview is not None:
            self.renderings.keep(event.sequence, event.stage, event.preview)

    def _run_finished(self, result: Result) -> None:
        if result.started is None:
            document = documents.from_result(result.request, result.sequence, result.picture)
            self.replace_document(document, "Untitled")
        elif result.started is self.snapshot:
            self._accept(result)
        elif self.document is not None:
            self.candidates.append(result)
            self.changed.emit()
            self.said.emit(Notice("The run is done, but you went on editing: its result waits in the history."))

    def accept_candidate(self, index: int) -> None:
        """Use a result that waited."""
        result = self.candidates[index]
        if self._accept(result):
            self.candidates.remove(result)
            self.changed.emit()

    def _accept(self, result: Result) -> bool:
        assert self.document is not None
        try:
            after = documents.accept_result(
                self.document, result.request, result.sequence, result.picture, self.exact_pixels
            )
        except NVGError as problem:
            self.said.emit(Notice(str(problem), Kind.WARNING))
            return False
        self._put(after)
        return True

    # -- history --------------------------------------------------------------------------------

    def undo(self) -> None:
        """One step back."""
        if self.document is not None:
            self._put(self.document.undo())

    def redo(self) -> None:
        """One step forward again."""
        if self.document is not None:
            self._put(self.document.redo())

    def visit(self, index: int) -> None:
        """Go to any step."""
        if self.document is not None:
            self._put(self.document.visit(index))

    def _put(self, document: Document) -> None:
        if document is not self.document:
            self.document = document
            self.changed.emit()

    # -- gestures -------------------------------------------------------------------------------

    def paint(self, cells: gestures.Mask, choices: Choices) -> None:
        """A brush stroke: one step."""
        change, forbidden = gestures.to_change(self.sequence, cells, choices, self.locks)
        if not change.any():
            self._explain(forbidden, choices)
            return
        title = f"Paint cluster {choices.cluster}, level {choices.level}"
        self._edit(lambda: gestures.painted(self.sequence, cells, choices, self.locks), title, change)

    def fill(self, source: int, choices: Choices) -> None:
        """A fill: one step."""
        cells = self.labels(choices.level) == source
        change, forbidden = gestures.to_change(self.sequence, cells, choices, self.locks)
        if not change.any():
            self._explain(forbidden, choices)
            return
        title = f"Fill cluster {source} with {choices.cluster}, level {choices.level}"
        self._edit(lambda: gestures.filled(self.sequence, source, choices, self.locks), title, change)

    def restore(self, cells: gestures.Mask, choices: Choices) -> None:
        """An eraser stroke: one step."""
        assert self.snapshot is not None
        result = self.snapshot.result
        if self.sequence == result:
            self.said.emit(Notice("Nothing was edited since the last run, so there is nothing to give back."))
            return
        self._edit(lambda: gestures.restored(self.sequence, result, cells, choices, self.locks), "Restore", cells)

    def balance(self, level: int) -> None:
        """Make the clusters of a level equal in size: one step."""
        self._edit(lambda: edits.balance(self.sequence, level, self.locks), f"Balance level {level}", None)

    def lock_cells(self, cells: gestures.Mask, choices: Choices) -> None:
        """Lock or unlock cells as the choices say: one step."""
        if choices.lock_kind is LockKind.LAYOUT and choices.level == 0 and not choices.unlocking:
            self.said.emit(Notice("Level 0 is one cluster and has no layout to lock: go to a finer level."))
            return
        verb = "Unlock" if choices.unlocking else f"Lock {choices.lock_kind}"
        count = int(cells.sum())
        self.set_locks(gestures.locked(self.locks, cells, choices), f"{verb}, {count} cell{'s' if count != 1 else ''}")

    def lock_cluster(self, choices: Choices, cluster: int, kind: LockKind | None) -> None:
        """Lock a whole cluster of the active level, or release it (None): one step."""
        cells = self.labels(choices.level) == cluster
        if kind is None:
            self.set_locks(self.locks.without(cells), f"Unlock cluster {cluster}, level {choices.level}")
            return
        after = gestures.locked(self.locks, cells, replace(choices, lock_kind=kind, unlocking=False))
        name = {LockKind.LAYOUT: "Lock layout of", LockKind.REGION: "Lock", LockKind.COARSE: "Keep coarse content of"}[
            kind
        ]
        self.set_locks(after, f"{name} cluster {cluster}, level {choices.level}")

    def set_locks(self, locks: Locks, title: str) -> None:
        """Have other locks: one step, unless nothing changes."""
        if self.document is not None and locks != self.locks:
            self._put(documents.with_locks(self.document, locks, title))

    def _edit(self, deed: Callable[[], GranularitySequence], title: str, stroke: gestures.Mask | None) -> None:
        before = self.sequence
        try:
            after = deed()
        except NVGError as problem:
            self.said.emit(Notice(str(problem), Kind.WARNING))
            return
        if after == before:
            self.said.emit(
                Notice("Nothing changed: the clusters stay equal in size. Switch Balanced off to paint freely.")
            )
            return
        assert self.document is not None
        self._put(documents.apply_edit(self.document, after, title))
        moved = edits.changed_cells(before, after, before.depth)
        others = moved if stroke is None else moved & ~stroke
        if others.any():
            self.flashed.emit(others)

    def _explain(self, forbidden: gestures.Mask, choices: Choices) -> None:
        """Say why a stroke changed nothing; one over the cluster's own cells needs no words."""
        if forbidden.any():
            text = gestures.refusal(self.sequence, forbidden, choices, self.locks)
            self.said.emit(Notice(text, Kind.WARNING))
