"""Runs: from settings and a document to a request, and from the engine's events to a result."""

import random
import time
from dataclasses import dataclass, field, replace

from PySide6.QtCore import QObject, Signal

from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.project.document import Snapshot
from nvg_studio.sampling.events import Cancelled, Done, Event, Failed, Picture, StageDone
from nvg_studio.sampling.settings import MAX_SEED, GenerationSettings, ModelInfo, RunRequest
from nvg_studio.ui.engine_link import EngineLink
from nvg_studio.ui.messages import Kind, Notice

SEEDS = min(MAX_SEED, 2**31 - 1)


@dataclass(frozen=True, eq=False)
class Running:
    """A run under way. `started` is the snapshot it was started from, None for a new picture."""

    job: int
    request: RunRequest
    started: Snapshot | None
    since: float
    stage: int | None = None
    sequence: GranularitySequence | None = None
    previews: dict[int, Picture] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Result:
    """What a run made; `started` as in `Running`."""

    request: RunRequest
    started: Snapshot | None
    sequence: GranularitySequence
    picture: Picture


class Runs(QObject):
    """One run at a time. `changed` while it goes on, `finished` with a `Result`, `said` with a `Notice`."""

    changed = Signal()
    settings_changed = Signal()
    finished = Signal(object)
    stage_done = Signal(object)
    said = Signal(object)

    def __init__(self, link: EngineLink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self.settings = GenerationSettings()
        self.keep_seed = True
        self.running: Running | None = None
        self.last_seconds: float | None = None

    def set_settings(self, settings: GenerationSettings) -> None:
        """Use other settings for the next runs."""
        if settings != self.settings:
            self.settings = settings
            self.settings_changed.emit()

    def set_keep_seed(self, keep: bool) -> None:
        """Keep the seed, or roll a new one for every run."""
        self.keep_seed = keep
        self.settings_changed.emit()

    def roll(self) -> None:
        """Take a new seed."""
        # A seed is a matter of taste, not of secrecy: the plain generator will do.
        self.set_settings(replace(self.settings, seed=random.randint(0, SEEDS)))

    def start(
        self, sequence: GranularitySequence, stage: int, locks: Locks | None, info: ModelInfo, started: Snapshot | None
    ) -> None:
        """Run from `stage`. The answer is `finished`, or a notice."""
        if not self.keep_seed:
            self.roll()
        held = locks if locks is not None and locks.any else None
        request = RunRequest(sequence, stage, held, (self.settings,), info.fingerprint)
        if started is not None and repeats(request, started):
            self.said.emit(Notice("Nothing has changed since the last run: roll the dice for another result."))
            return
        self.running = Running(self._link.run(request), request, started, time.monotonic())
        self.changed.emit()

    def cancel(self) -> None:
        """Stop the run; the document stays as it is."""
        if self.running is not None:
            self._link.cancel(self.running.job)

    def handle(self, event: Event) -> None:
        """Take an event of the run under way; others are not for here."""
        run = self.running
        if run is None or event.job != run.job:
            return
        if isinstance(event, StageDone):
            previews = run.previews if event.preview is None else run.previews | {event.stage: event.preview}
            self.running = replace(run, stage=event.stage, sequence=event.sequence, previews=previews)
            self.stage_done.emit(event)
        elif isinstance(event, Done):
            self.last_seconds = time.monotonic() - run.since
            self.running = None
            self.finished.emit(Result(run.request, run.started, event.sequences[0], event.pictures[0]))
        elif isinstance(event, Cancelled):
            self.running = None
            self.said.emit(Notice("The run was cancelled; nothing was changed."))
        elif isinstance(event, Failed):
            self.running = None
            self.said.emit(Notice(event.message, Kind.ERROR, event.details))
        self.changed.emit()


def repeats(request: RunRequest, snapshot: Snapshot) -> bool:
    """Whether `request` would make again what `snapshot` already holds.

    A run's result depends on what it keeps, not on what it replaces: the same start, settings and locks on the very
    result of the last run give that result again.
    """
    last = snapshot.request
    if last is None or snapshot.sequence != snapshot.result:
        return False
    return replace(last, sequence=request.sequence) == request
