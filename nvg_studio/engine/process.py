"""The engine: networks in a process of their own, which receives jobs and answers with events.

The window polls; it never waits for the networks, and never imports torch. When the process ends, or a job does not
respond to its cancellation within two seconds, only that job fails: the process is started again, the model loaded
again, and the jobs that had not begun are carried out then.
"""

import itertools
import queue
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.context import SpawnContext
from types import ModuleType

from nvg_studio.engine.messages import Colour, Decode, Encode, Job, Load, Run, Started, Stop
from nvg_studio.engine.worker import ENGINE_NICENESS, serve
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.sampling.events import (
    LAST_EVENTS,
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
    Structure,
)
from nvg_studio.sampling.settings import RunRequest

PIPELINE = "nvg_studio.sampling.pipeline:NVGPipeline.from_pretrained"
KILL_AFTER = 2.0
"""Seconds that a job has to respond to its cancellation."""
LINGER = 0.5
"""Seconds that may pass between the end of a process and the end of its pipe."""


class _Link:
    """One engine process with the two threads that keep its pipe from ever making the window wait."""

    def __init__(self, context: SpawnContext, factory: str, niceness: int) -> None:
        self._connection, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, factory, niceness), name="nvg-engine", daemon=True)
        with _without_main_module():
            self.process.start()
        # Ours must be the only copy left, or the end of the process would not end the pipe.
        theirs.close()
        self._incoming: queue.SimpleQueue[Event | Started] = queue.SimpleQueue()
        self._outgoing: queue.SimpleQueue[Job | Stop | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="engine-reader", daemon=True)
        self._writer = threading.Thread(target=self._write, name="engine-writer", daemon=True)
        self._reader.start()
        self._writer.start()
        self._noticed: float | None = None

    def send(self, message: Job | Stop) -> None:
        """Pass a message to the writer thread."""
        self._outgoing.put(message)

    def received(self) -> list[Event | Started]:
        """What came in since the last call."""
        messages = []
        while not self._incoming.empty():
            messages.append(self._incoming.get_nowait())
        return messages

    def gone(self) -> bool:
        """Whether the process has ended and all its messages were received."""
        exited, silent = self.process.exitcode is not None, not self._reader.is_alive()
        if not exited and not silent:
            return False
        if exited and silent:
            return self._incoming.empty()
        # One of the two is late: a process stuck on its way out, or something else that holds its end of the pipe.
        self._noticed = self._noticed or time.monotonic()
        late = time.monotonic() - self._noticed > LINGER
        if late and not exited:
            self.process.kill()
        return late and exited

    def kill(self) -> None:
        """End the process, whatever it is doing; `clean_up` releases its resources."""
        self.process.kill()
        self._outgoing.put(None)

    def clean_up(self, timeout: float = 0.0) -> bool:
        """Clean up after a killed process; False while it is still on its way out."""
        for part in (self.process, self._reader, self._writer):
            part.join(timeout)
        if self.process.exitcode is None or self._reader.is_alive() or self._writer.is_alive():
            return False
        self._connection.close()
        self.process.close()
        return True

    def _read(self) -> None:
        try:
            while True:
                self._incoming.put(self._connection.recv())
        except (EOFError, OSError):
            return

    def _write(self) -> None:
        try:
            while (message := self._outgoing.get()) is not None:
                self._connection.send(message)
        except OSError:
            return


@contextmanager
def _without_main_module() -> Iterator[None]:
    """Keep a process started inside from importing the program's main module again.

    That would import Qt there: time, memory, and on Windows a torch that does not load after it.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


class ProcessEngine:
    """The engine in one spawned process (see `Engine` for the calls).

    Args:
        factory: "module:name" of what makes a pipeline from (folder, device=..., dtype=...), imported in that process.
        niceness: by how much the process gives way to others, where the system knows such a thing.
    """

    def __init__(self, factory: str = PIPELINE, niceness: int = ENGINE_NICENESS) -> None:
        self._factory, self._niceness = factory, niceness
        self._context = get_context("spawn")
        self._numbers = itertools.count(1)
        self._link: _Link | None = None
        self._dying: list[_Link] = []
        self._model: Load | None = None
        self._pending: dict[int, Job] = {}
        self._started: set[int] = set()
        self._stopped: dict[int, float] = {}

    @property
    def pid(self) -> int | None:
        """The number of the engine process, if there is one."""
        return self._link.process.pid if self._link is not None else None

    def load(self, folder: str, device: str = "auto", dtype: str = "auto") -> int:
        return self._ask(Load(next(self._numbers), folder, device, dtype))

    def run(self, request: RunRequest) -> int:
        return self._ask(Run(next(self._numbers), request))

    def encode(self, image: Picture, structure: Structure | None = None) -> int:
        return self._ask(Encode(next(self._numbers), image, structure))

    def decode(self, sequence: GranularitySequence, stages: tuple[int, ...]) -> int:
        return self._ask(Decode(next(self._numbers), sequence, stages))

    def colours(self, path: tuple[int, ...]) -> int:
        return self._ask(Colour(next(self._numbers), path))

    def cancel(self, job: int | None = None) -> None:
        now = time.monotonic()
        jobs = [n for n in self._pending if job in (None, n) and n not in self._stopped]
        self._stopped.update((n, now) for n in jobs)
        if self._link is not None and jobs:
            self._link.send(Stop(tuple(jobs)))

    def poll(self) -> list[Event]:
        self._dying = [link for link in self._dying if not link.clean_up()]
        if self._link is None:
            return []
        events: list[Event] = []
        for message in self._link.received():
            if isinstance(message, Started):
                self._started.add(message.job)
            else:
                events.extend(self._note(message))
        if self._link.gone():
            events.extend(self._recover(_exit_message(self._link.process.exitcode)))
        elif any(map(self._is_overdue, self._started)):
            events.extend(self._recover("The engine had to be started again to stop another job: run this once more."))
        return events

    def close(self) -> None:
        if self._link is not None:
            self._link.kill()
            self._dying.append(self._link)
        for link in self._dying:
            link.clean_up(timeout=5.0)
        self._link, self._dying = None, []
        self._pending.clear()

    def _ask(self, job: Job) -> int:
        if self._link is None:
            self._link = _Link(self._context, self._factory, self._niceness)
        self._pending[job.job] = job
        self._link.send(job)
        return job.job

    def _note(self, event: Event) -> list[Event]:
        """Update the pending jobs; the events that are passed on to the window."""
        asked = self._pending.get(event.job)
        if asked is None:
            return []
        stopped = event.job in self._stopped
        if isinstance(event, LAST_EVENTS):
            self._forget(event.job)
        if isinstance(event, ModelReady) and isinstance(asked, Load):
            self._model = asked
        elif asked is self._model and isinstance(event, Failed | Cancelled):
            self._model = None
        if stopped and isinstance(event, StageDone):
            return []
        if stopped and isinstance(event, Done | Encoded | Decoded | CodeColours):
            return [Cancelled(event.job)]
        return [event]

    def _is_overdue(self, job: int) -> bool:
        return job in self._stopped and time.monotonic() - self._stopped[job] > KILL_AFTER

    def _recover(self, why: str) -> list[Event]:
        """End the process; its jobs fail, and a new one gets the model and the jobs that had not begun."""
        assert self._link is not None
        self._link.kill()
        self._dying.append(self._link)
        self._link = None
        # With nothing begun, the process cannot even start: then all fail, or this would go on for ever.
        lost = [job for job in self._pending if job in self._started] or list(self._pending)
        events: list[Event] = [Cancelled(job) if job in self._stopped else Failed(job, why, "") for job in lost]
        for job in lost:
            self._forget(job)
        model = [self._model] if self._model is not None and self._model.job not in lost else []
        self._model = model[0] if model else None
        waiting, self._pending = [*model, *self._pending.values()], {}
        for message in waiting:
            self._ask(message)
        self._stop_again()
        return events

    def _stop_again(self) -> None:
        """Tell a new process which of its jobs were cancelled; their two seconds start again."""
        self._stopped = dict.fromkeys(self._stopped, time.monotonic())
        if self._link is not None and self._stopped:
            self._link.send(Stop(tuple(self._stopped)))

    def _forget(self, job: int) -> None:
        self._pending.pop(job, None)
        self._started.discard(job)
        self._stopped.pop(job, None)


def _exit_message(exitcode: int | None) -> str:
    how = "was killed, perhaps for lack of memory" if exitcode == -9 else f"died (exit code {exitcode})"
    return f"The engine process {how}; it was started again and nothing was changed: run once more."
