"""The run queue: from options and a document to a request, and from engine events to results.

One run is active, the others wait.
"""

import random
import time
from dataclasses import dataclass, field, replace

from PySide6.QtCore import QObject, Signal

from nvg_studio.editor.documents.open_document import DocumentVersion, OpenRequest
from nvg_studio.editor.engine_client import EngineClient
from nvg_studio.editor.notices import Kind, Notice
from nvg_studio.editor.runs.estimate import StageTimes
from nvg_studio.editor.runs.run_options import (
    RunOptions,
    fitting,
    is_repeat,
    structure_steps_of,
    with_consecutive_seeds,
)
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.project.document import Snapshot
from nvg_studio.sampling.events import Cancelled, Done, Event, Failed, Picture, StageDone
from nvg_studio.sampling.settings import GenerationSettings, ModelInfo, RunRequest

MAX_ROLLED_SEED = 999_999
"""The largest random seed: short enough to read and to note down."""
MAX_WAITING = 8


@dataclass(frozen=True, eq=False)
class QueuedRun:
    """A request with all its settings fixed, and the version of the document that it is for.

    `structure_steps`: structure steps a stage, the model's default filled in. `opening`: set for a new picture, which
    no step of the document is the start of.
    """

    request: RunRequest
    version: DocumentVersion
    structure_steps: int = 1
    live: bool = False
    opening: OpenRequest | None = None

    @property
    def started_from(self) -> Snapshot | None:
        """The step that the run starts from; None for a new picture."""
        document = self.version.document
        return None if self.opening is not None or document is None else document.snapshot


@dataclass(frozen=True, eq=False)
class ActiveRun:
    """The run that is active; `sequence` and `previews` are those of its first picture.

    `rough`: the latest preview is the preview decoder's. `committing`: the engine has answered, and the result is on
    its way into the document.
    """

    job: int
    queued: QueuedRun
    started_at: float
    stage_started_at: float
    stage: int | None = None
    sequence: GranularitySequence | None = None
    previews: dict[int, Picture] = field(default_factory=dict)
    rough: bool = False
    committing: bool = False

    @property
    def request(self) -> RunRequest:
        """The request."""
        return self.queued.request

    @property
    def started_from(self) -> Snapshot | None:
        """The step it was started from; None for a new picture."""
        return self.queued.started_from


@dataclass(frozen=True, eq=False)
class RunResult:
    """The result of a run: a sequence and a picture for each of its settings."""

    run: ActiveRun
    sequences: tuple[GranularitySequence, ...]
    pictures: tuple[Picture, ...]

    @property
    def queued(self) -> QueuedRun:
        """The request."""
        return self.run.queued


class RunQueue(QObject):
    """The active run and those that wait for it. The settings of a run are fixed when it is requested.

    Signals: `changed` while there are runs, `options_changed`, `finished` with a `RunResult`, `stage_done` with the
    engine's event, `notified` with a `Notice`.
    """

    changed = Signal()
    options_changed = Signal()
    finished = Signal(object)
    stage_done = Signal(object)
    notified = Signal(object)

    def __init__(self, link: EngineClient, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self.options = RunOptions()
        self.running: ActiveRun | None = None
        self.waiting: tuple[QueuedRun, ...] = ()
        self.times = StageTimes()
        self.last_seconds: float | None = None
        self._model: ModelInfo | None = None

    def set_options(self, options: RunOptions) -> None:
        """Set the options of the runs from now on."""
        if options != self.options:
            self.options = options
            self.options_changed.emit()

    def set_settings(self, settings: GenerationSettings) -> None:
        """Set the settings alone of the runs from now on."""
        self.set_options(replace(self.options, settings=settings))

    def toggle_live(self) -> None:
        """Switch live runs on or off."""
        self.set_options(replace(self.options, live=not self.options.live))

    def randomize_seed(self) -> None:
        """Choose a random seed."""
        # No secret depends on a seed: the plain generator will do.
        self.set_settings(replace(self.options.settings, seed=random.randint(0, MAX_ROLLED_SEED)))

    def use_model(self, info: ModelInfo) -> None:
        """Adapt to a model that was loaded: forget the measured times, and fit the settings to it.

        The class becomes the one of the same name, where the model has it. What was set for another model is reset to
        this model's defaults; the seed is kept.
        """
        self.times, self.last_seconds = StageTimes(), None
        before, self._model = self._model, info
        self.set_settings(fitting(self.options.settings, before, info))

    def take_settings(self, request: RunRequest, info: ModelInfo) -> None:
        """Use the settings of an earlier run; of a run of another model the seed alone."""
        settings = request.settings[0]
        if info.identity.current_model(request.model) == info.identity.model:
            settings = settings.relative_to(info.defaults)
        else:
            settings = replace(self.options.settings, seed=settings.seed)
        self.set_options(replace(self.options, settings=settings, keep_seed=True))

    def start(
        self,
        sequence: GranularitySequence,
        stage: int,
        locks: Locks | None,
        info: ModelInfo,
        version: DocumentVersion,
        live: bool = False,
        opening: OpenRequest | None = None,
    ) -> None:
        """Run from `stage` on document `version`, after the runs before it; answered by `finished` or a notice."""
        if not self.options.keep_seed:
            self.randomize_seed()
        options = self.options
        held = locks if locks is not None and locks.any else None
        settings = with_consecutive_seeds(options.settings.resolved(info.defaults), 1 if live else options.variations)
        request = RunRequest(sequence, stage, held, settings, info.identity.model)
        queued = QueuedRun(request, version, structure_steps_of(options.settings, info), live, opening)
        reason = self._rejection(queued)
        if reason:
            if not live:
                self.notified.emit(Notice(reason))
            return
        if self.running is None:
            self._start_run(queued)
        else:
            self.waiting = (*self.waiting, queued)
        self.changed.emit()

    def cancel(self) -> None:
        """Stop the active run and clear the queue; the document does not change."""
        self.waiting = ()
        self.cancel_running()

    def cancel_running(self) -> None:
        """Stop the active run; those in the queue are started."""
        run = self.running
        if run is None:
            return
        if run.committing:
            self.end_commit(run)
            self._notify_cancelled(run)
        else:
            self._link.cancel(run.job)

    def cancel_all(self) -> None:
        """Another document replaces this one: stop its runs, and ignore their further events."""
        run = self.running
        self.cancel()
        if run is not None and self.running is run:
            self.running = None
            self._notify_cancelled(run)
            self.changed.emit()

    def begin_commit(self, run: ActiveRun) -> ActiveRun:
        """Keep a finished run active until its result is in the document, which ends with `end_commit`."""
        self.running = replace(run, committing=True)
        return self.running

    def is_committing(self, run: ActiveRun) -> bool:
        """Whether a run whose result is being committed was not cancelled."""
        return self.running is not None and self.running.job == run.job

    def end_commit(self, run: ActiveRun) -> None:
        """End the commit of a run and start the next; nothing where it was cancelled meanwhile."""
        if self.is_committing(run):
            self.running = None
            self._start_next()
            self.changed.emit()

    def handle_event(self, event: Event) -> None:
        """Handle an event of the active run; other events are ignored."""
        run = self.running
        if run is None or event.job != run.job:
            return
        if isinstance(event, StageDone):
            self._handle_stage(run, event)
        else:
            self._end(run, event)
        self.changed.emit()

    def _end(self, run: ActiveRun, event: Event) -> None:
        """Handle the last event of a run; the next run starts even where a receiver fails."""
        self.running = None
        try:
            if isinstance(event, Done):
                self.last_seconds = time.monotonic() - run.started_at
                self.finished.emit(RunResult(run, event.sequences, event.pictures))
            elif isinstance(event, Cancelled):
                self._notify_cancelled(run)
            elif isinstance(event, Failed):
                self.notified.emit(Notice(event.message, Kind.ERROR, event.details))
        finally:
            self._start_next()

    def _notify_cancelled(self, run: ActiveRun) -> None:
        if not run.queued.live:
            self.notified.emit(Notice("The run was cancelled; nothing was changed."))

    def _handle_stage(self, run: ActiveRun, event: StageDone) -> None:
        if event.item == 0:
            now, count = time.monotonic(), len(run.request.settings)
            self.times = self.times.measured(event.stage, run.queued.structure_steps, now - run.stage_started_at, count)
            self.running = replace(run, stage=event.stage, sequence=event.sequence, stage_started_at=now)
            if event.preview is not None:
                previews = run.previews | {event.stage: event.preview}
                self.running = replace(self.running, previews=previews, rough=event.rough)
        self.stage_done.emit(event)

    def _rejection(self, queued: QueuedRun) -> str:
        """Why a run is not started; "" where it is."""
        if queued.started_from is not None and is_repeat(queued.request, queued.started_from):
            return "Nothing has changed since the last run: choose another seed for another result."
        earlier = [*self.waiting] if self.running is None else [self.running.queued, *self.waiting]
        if any(other.request == queued.request for other in earlier):
            return "The same run is active or waiting already."
        if len(self.waiting) >= MAX_WAITING:
            return f"{MAX_WAITING} runs are waiting already: let some finish, or cancel them."
        return ""

    def _start_run(self, queued: QueuedRun) -> None:
        now = time.monotonic()
        self.running = ActiveRun(self._link.run(queued.request), queued, now, now)

    def _start_next(self) -> None:
        if self.running is None and self.waiting:
            queued, *others = self.waiting
            self.waiting = tuple(others)
            self._start_run(queued)
