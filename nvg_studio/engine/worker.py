"""The inside of the engine process: takes messages, drives a pipeline, answers with events.

torch is imported here only when a model is loaded. A second thread reads the pipe all the time, so that a cancel is
seen while the networks compute, and so that the process ends at once when the window's end of the pipe is gone.
"""

import gc
import os
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from itertools import takewhile
from multiprocessing.connection import Connection
from typing import Any

from nvg_studio import errors
from nvg_studio.engine.messages import Colour, Decode, Encode, Job, Load, Run, Started, Stop
from nvg_studio.engine.picture_cache import RenderingCache
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.granularity.structure_method import Halves, Pairs, of_kind
from nvg_studio.native_runtime import prepare_process, release_freed_memory
from nvg_studio.sampling.events import (
    Cancelled,
    CodeColours,
    Decoded,
    Done,
    Encoded,
    Event,
    Failed,
    ModelReady,
    Picture,
    StageDone,
)
from nvg_studio.sampling.settings import RunRequest

ENGINE_NICENESS = 5
IDLE_AFTER = 2.0
"""Seconds without a job after which freed memory is returned to the system."""
PICTURES = 32 * 2**20
"""Bytes of decoded pictures that are kept: those of some hundred stages of 256 pixels."""


class _Flag:
    """What a pipeline asks between network calls: whether its job was cancelled."""

    def __init__(self, stopped: set[int], job: int) -> None:
        self._stopped = stopped
        self._job = job

    def is_set(self) -> bool:
        """Whether the job is to stop."""
        return self._job in self._stopped


class _Mailbox:
    """The waiting jobs, filled by a reader thread; answers go out under a lock, since both threads send."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._changed = threading.Condition()
        self._waiting: deque[Job] = deque()
        self.stopped: set[int] = set()
        threading.Thread(target=self._read, name="engine-mail", daemon=True).start()

    def take(self, when_idle: Callable[[], None]) -> Job:
        """The next job; waits for one, and calls `when_idle` once if none comes for `IDLE_AFTER`."""
        with self._changed:
            if self._changed.wait_for(lambda: self._waiting, IDLE_AFTER):
                return self._waiting.popleft()
        when_idle()
        with self._changed:
            self._changed.wait_for(lambda: self._waiting)
            return self._waiting.popleft()

    def take_decode(self) -> Decode | None:
        """The next decode job if one waits, before any run or encode, but not before another model is loaded."""
        with self._changed:
            same_model = takewhile(lambda job: not isinstance(job, Load), self._waiting)
            job = next((job for job in same_model if isinstance(job, Decode)), None)
            if job is not None:
                self._waiting.remove(job)
            return job

    def reply(self, answer: Event | Started) -> None:
        """Send an answer; the process ends if the pipe is closed."""
        try:
            with self._sending:
                self._connection.send(answer)
        except OSError:
            os._exit(0)

    def _read(self) -> None:
        while True:
            try:
                message = self._connection.recv()
            except (EOFError, OSError):
                # The window has ended. The main thread may be inside a network call, so the process exits directly.
                os._exit(0)
            if isinstance(message, Stop):
                self._stop(set(message.jobs))
            else:
                with self._changed:
                    self._waiting.append(message)
                    self._changed.notify()

    def _stop(self, jobs: set[int]) -> None:
        with self._changed:
            dropped = [job.job for job in self._waiting if job.job in jobs]
            self._waiting = deque(job for job in self._waiting if job.job not in jobs)
            # The others run now; numbers of finished jobs do no harm, as none is used twice.
            self.stopped.update(jobs.difference(dropped))
        for job in dropped:
            self.reply(Cancelled(job))


class _Worker:
    """Carries out jobs with a pipeline; every job ends with exactly one last event."""

    def __init__(self, mailbox: _Mailbox, factory: str) -> None:
        self._mailbox = mailbox
        self._factory = factory
        # Any: the pipeline needs torch, which this module must not import.
        self._pipeline: Any = None
        self._pictures = RenderingCache(PICTURES)

    def perform(self, job: Job) -> None:
        self._mailbox.reply(Started(job.job))
        try:
            answer = self._carry_out(job)
        except errors.Cancelled:
            answer = Cancelled(job.job)
        except Exception as error:
            where = self._pipeline.info.device if self._pipeline is not None else ""
            answer = Failed(job.job, errors.describe(error, where).text, traceback.format_exc())
        if isinstance(answer, Failed):
            _release_memory()
        self._mailbox.reply(answer)

    def _carry_out(self, job: Job) -> Event:
        match job:
            case Load():
                return self._load(job)
            case Run():
                return self._run(job)
            case Encode():
                return self._encode(job)
            case Decode():
                return self._decode(job)
            case Colour():
                return CodeColours(job.job, self._loaded().code_colours(job.path, cancel=self._flag(job)))
        raise TypeError(f"no such job: {job!r}")

    def _encode(self, job: Encode) -> Encoded:
        pipeline, structure = self._loaded(), job.structure
        if isinstance(structure, Pairs | Halves):
            structure = of_kind(structure, pipeline.info.structure_method)
        return Encoded(job.job, *pipeline.read(job.image, structure))

    def _load(self, job: Load) -> ModelReady:
        module, _, path = self._factory.partition(":")
        factory: Any = import_module(module)
        for name in path.split("."):
            factory = getattr(factory, name)
        pipeline = factory(job.folder, device=job.device, dtype=job.dtype)
        # Only now: a model that cannot be loaded leaves the one before in place.
        self._pipeline = pipeline
        return ModelReady(job.job, pipeline.info)

    def _run(self, job: Run) -> Done:
        request, pipeline = job.request, self._loaded()
        _check_fits(request, pipeline.info)

        def on_event(event: Event) -> None:
            if isinstance(event, StageDone):
                if event.preview is not None and not event.rough:
                    self._pictures.put(request.model, event.sequence, event.stage, event.preview)
                self._mailbox.reply(replace(event, job=job.job))
            while (decode := self._mailbox.take_decode()) is not None:
                self.perform(decode)

        sequences = pipeline.run_from_batch(
            request.sequence,
            stage=request.stage,
            settings=list(request.settings),
            locks=request.locks,
            on_event=on_event,
            cancel=self._flag(job),
        )
        return Done(job.job, tuple(sequences), tuple(self._draw(one, one.depth) for one in sequences))

    def _decode(self, job: Decode) -> Decoded:
        flag, pictures = self._flag(job), {}
        for stage in job.stages:
            if flag.is_set():
                raise errors.Cancelled("Drawing was stopped; nothing was changed.")
            pictures[stage] = self._draw(job.sequence, stage)
        return Decoded(job.job, pictures)

    def _draw(self, sequence: GranularitySequence, stage: int) -> Picture:
        """The picture of a stage; one that was drawn already is not drawn again."""
        pipeline = self._loaded()
        known = self._pictures.get(pipeline.info.identity.model, sequence, stage)
        if known is None:
            known = pipeline.decode(sequence, stage=stage)
            self._pictures.put(pipeline.info.identity.model, sequence, stage, known)
        return known

    def _flag(self, job: Job) -> _Flag:
        return _Flag(self._mailbox.stopped, job.job)

    def _loaded(self) -> Any:
        if self._pipeline is None:
            raise errors.EngineError("No model is loaded: open one first.")
        return self._pipeline


def _check_fits(request: RunRequest, info: Any) -> None:
    if request.model != info.identity.model:
        raise errors.EngineError(f"The run was asked of another model than {info.name}: load that model, or run again.")
    for name, asked, used in (("device", request.device, info.device), ("dtype", request.dtype, info.dtype)):
        if asked not in ("auto", used):
            raise errors.EngineError(f"The run asks for {name} {asked}, but the model uses {used}: load it so.")


def _release_memory() -> None:
    """Release the memory of a failed job; the next one may need it."""
    gc.collect()
    release_freed_memory()
    torch: Any = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()


def serve(connection: Connection, factory: str, niceness: int = ENGINE_NICENESS) -> None:
    """Main function of the engine process; ends only with the process.

    factory: "module:name" of what makes a pipeline from (folder, device=..., dtype=...).
    """
    # Ctrl+C in a terminal goes to the whole group; the window decides when its engine ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        # Where networks fill every core, the window must still answer at once: its longest wait halved on two cores.
        os.nice(niceness)
    prepare_process()
    mailbox = _Mailbox(connection)
    worker = _Worker(mailbox, factory)
    while True:
        worker.perform(mailbox.take(release_freed_memory))
