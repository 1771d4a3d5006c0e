"""Runs: from settings and a document to a request, and from the engine's events to results. One works, others wait."""

import random
import time
from dataclasses import dataclass, field, replace
from typing import Any

from PySide6.QtCore import QObject, Signal

from nvg_studio.editor.engine_link import EngineLink
from nvg_studio.editor.open_document import DocumentVersion, OpenRequest
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.project.document import Snapshot
from nvg_studio.project.planning import Scope
from nvg_studio.sampling.events import Cancelled, Done, Event, Failed, Picture, StageDone
from nvg_studio.sampling.settings import MAX_SEED, GenerationSettings, ModelInfo, RunRequest
from nvg_studio.ui.estimate import StageTimes
from nvg_studio.ui.messages import Kind, Notice

SEEDS = 999_999
"""The largest seed that is rolled: more than anyone looks at, and short enough to read and to note down."""
MOST_VARIATIONS = 16
MOST_WAITING = 8


@dataclass(frozen=True, eq=False)
class Order:
    """A request with all its settings pinned, and the version of the document that it was asked for.

    `steps`: structure steps a stage, the model's default filled in. `opening`: set for a new picture, which no step of
    the document is the start of.
    """

    request: RunRequest
    asked: DocumentVersion
    steps: int = 1
    live: bool = False
    opening: OpenRequest | None = None

    @property
    def started(self) -> Snapshot | None:
        """The step that the run starts from; None for a new picture."""
        document = self.asked.document
        return None if self.opening is not None or document is None else document.snapshot


@dataclass(frozen=True, eq=False)
class Running:
    """A run under way; `sequence` and `previews` are those of its first picture.

    `rough`: the latest preview is the preview decoder's. `over`: the engine has answered, and the result is on its way
    into the document.
    """

    job: int
    order: Order
    since: float
    stage_since: float
    stage: int | None = None
    sequence: GranularitySequence | None = None
    previews: dict[int, Picture] = field(default_factory=dict)
    rough: bool = False
    over: bool = False

    @property
    def request(self) -> RunRequest:
        """What was asked for."""
        return self.order.request

    @property
    def started(self) -> Snapshot | None:
        """The step it was started from; None for a new picture."""
        return self.order.started


@dataclass(frozen=True, eq=False)
class Result:
    """What a run made: a sequence and a picture for each of its settings."""

    run: Running
    sequences: tuple[GranularitySequence, ...]
    pictures: tuple[Picture, ...]

    @property
    def order(self) -> Order:
        """What was asked for."""
        return self.run.order


class Runs(QObject):
    """The run under way and those that wait for it. Settings are pinned when a run is asked for.

    Signals: `changed` while runs go on, `settings_changed`, `finished` with a `Result`, `stage_done` with the engine's
    event, `said` with a `Notice`.
    """

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
        self.variations = 1
        self.scope: Scope | None = None
        self.live = False
        self.running: Running | None = None
        self.waiting: tuple[Order, ...] = ()
        self.times = StageTimes()
        self.last_seconds: float | None = None
        self._model: ModelInfo | None = None

    def choose(self, **values: Any) -> None:
        """Set any of settings, keep_seed, variations, scope and live for the runs from now on."""
        if any(getattr(self, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(self, name, value)
            self.settings_changed.emit()

    def roll(self) -> None:
        """Take a new seed."""
        # A seed is a matter of taste, not of secrecy: the plain generator will do.
        self.choose(settings=replace(self.settings, seed=random.randint(0, SEEDS)))

    def use_model(self, info: ModelInfo) -> None:
        """Go on with a model that was loaded: what was measured says nothing any more, settings are made to fit.

        The class is the one of the same name, where the model has it. What was set for another model gives way to this
        model's own; the seed stays.
        """
        self.times, self.last_seconds = StageTimes(), None
        before, self._model = self._model, info
        self.choose(settings=fitting(self.settings, before, info))

    def take_settings(self, request: RunRequest, info: ModelInfo) -> None:
        """Use the settings of an earlier run, of one by another model the seed alone."""
        settings = request.settings[0]
        if info.identity.current_model(request.model) == info.identity.model:
            settings = settings.relative_to(info.defaults)
        else:
            settings = replace(self.settings, seed=settings.seed)
        self.choose(settings=settings, keep_seed=True)

    def start(
        self,
        sequence: GranularitySequence,
        stage: int,
        locks: Locks | None,
        info: ModelInfo,
        asked: DocumentVersion,
        live: bool = False,
        opening: OpenRequest | None = None,
    ) -> None:
        """Run from `stage`, now or after those that are asked for already. The answer is `finished`, or a notice."""
        if not self.keep_seed:
            self.roll()
        held = locks if locks is not None and locks.any else None
        settings = seeded(self.settings.resolved(info.defaults), 1 if live else self.variations)
        request = RunRequest(sequence, stage, held, settings, info.identity.model)
        order = Order(request, asked, steps_of(self.settings, info), live, opening)
        refusal = self._refusal(order)
        if refusal:
            if not live:
                self.said.emit(Notice(refusal))
            return
        if self.running is None:
            self._begin(order)
        else:
            self.waiting = (*self.waiting, order)
        self.changed.emit()

    def cancel(self) -> None:
        """Stop the run, and forget those that wait; the document stays as it is."""
        self.waiting = ()
        self.cancel_running()

    def cancel_running(self) -> None:
        """Stop the run under way alone; those that wait go on."""
        run = self.running
        if run is None:
            return
        if run.over:
            self.release(run)
            self._say_cancelled(run)
        else:
            self._link.cancel(run.job)

    def leave(self) -> None:
        """The document is left for another one: its runs are stopped, and whatever they still answer is not wanted."""
        run = self.running
        self.cancel()
        if run is not None and self.running is run:
            self.running = None
            self._say_cancelled(run)
            self.changed.emit()

    def hold(self, run: Running) -> Running:
        """Let a run that has just finished count as under way until its result is `release`d into the document."""
        self.running = replace(run, over=True)
        return self.running

    def is_held(self, run: Running) -> bool:
        """Whether the result of a run that is held is still wanted."""
        return self.running is not None and self.running.job == run.job

    def release(self, run: Running) -> None:
        """End a run that was held and begin the next; nothing where it was cancelled meanwhile."""
        if self.is_held(run):
            self.running = None
            self._next()
            self.changed.emit()

    def handle(self, event: Event) -> None:
        """Take an event of the run under way; others are not for here."""
        run = self.running
        if run is None or event.job != run.job:
            return
        if isinstance(event, StageDone):
            self._stage(run, event)
        else:
            self._end(run, event)
        self.changed.emit()

    def _end(self, run: Running, event: Event) -> None:
        """The last event of a run; whatever fails in its wake, the next run begins."""
        self.running = None
        try:
            if isinstance(event, Done):
                self.last_seconds = time.monotonic() - run.since
                self.finished.emit(Result(run, event.sequences, event.pictures))
            elif isinstance(event, Cancelled):
                self._say_cancelled(run)
            elif isinstance(event, Failed):
                self.said.emit(Notice(event.message, Kind.ERROR, event.details))
        finally:
            self._next()

    def _say_cancelled(self, run: Running) -> None:
        if not run.order.live:
            self.said.emit(Notice("The run was cancelled; nothing was changed."))

    def _stage(self, run: Running, event: StageDone) -> None:
        if event.item == 0:
            now, count = time.monotonic(), len(run.request.settings)
            self.times = self.times.measured(event.stage, run.order.steps, now - run.stage_since, count)
            self.running = replace(run, stage=event.stage, sequence=event.sequence, stage_since=now)
            if event.preview is not None:
                previews = run.previews | {event.stage: event.preview}
                self.running = replace(self.running, previews=previews, rough=event.rough)
        self.stage_done.emit(event)

    def _refusal(self, order: Order) -> str:
        """Why a run is not worth starting; empty where it is."""
        if order.started is not None and repeats(order.request, order.started):
            return "Nothing has changed since the last run: roll the dice for another result."
        asked = [*self.waiting] if self.running is None else [self.running.order, *self.waiting]
        if any(other.request == order.request for other in asked):
            return "This very run is under way already."
        if len(self.waiting) >= MOST_WAITING:
            return f"{MOST_WAITING} runs are waiting already: let some finish, or cancel them."
        return ""

    def _begin(self, order: Order) -> None:
        now = time.monotonic()
        self.running = Running(self._link.run(order.request), order, now, now)

    def _next(self) -> None:
        if self.running is None and self.waiting:
            order, *others = self.waiting
            self.waiting = tuple(others)
            self._begin(order)


def steps_of(settings: GenerationSettings, info: ModelInfo) -> int:
    """Structure steps a stage, the model's default filled in."""
    return settings.resolved(info.defaults).structure_steps or 1


def fitting(settings: GenerationSettings, before: ModelInfo | None, info: ModelInfo) -> GenerationSettings:
    """The settings that were made for the model `before` (None: for none), for another one."""
    if before is None:
        known = settings.class_id is not None and settings.class_id < len(info.class_names)
        return replace(settings, class_id=settings.class_id if known else None)
    class_id = settings.class_id
    if class_id is not None:
        class_id = info.class_like(before.class_names[class_id]) if class_id < len(before.class_names) else None
    if before.identity.model == info.identity.model:
        return replace(settings, class_id=class_id)
    return GenerationSettings(class_id=class_id, seed=settings.seed)


def seeded(settings: GenerationSettings, count: int) -> tuple[GenerationSettings, ...]:
    """`count` settings that differ in their seeds, which follow one another."""
    return tuple(replace(settings, seed=(settings.seed + n) % (MAX_SEED + 1)) for n in range(count))


def repeats(request: RunRequest, snapshot: Snapshot) -> bool:
    """Whether `request` would make again what `snapshot` already holds.

    A run's result depends on what it keeps, not on what it replaces: the same start, settings and locks on the very
    result of the last run give that result again.
    """
    last = snapshot.request
    if last is None or snapshot.sequence != snapshot.result:
        return False
    return replace(last, sequence=request.sequence) == request
