"""Background work in lanes of their own threads: long tasks never delay what the window waits for."""

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

from nvg_studio.errors import NVGError

log = logging.getLogger(__name__)
Result = TypeVar("Result")
SHUTDOWN_TIMEOUT_S = 10.0
"""How long the program waits at its end for work whose results are not needed any more."""


class Lane(Enum):
    """Kinds of background work; each lane has threads of its own."""

    INTERACTIVE = "what the window shows next: pictures, thumbnails, structures"
    FILES = "files that are opened"
    SAVES = "files that the user saves; always done to the end"
    AUTOSAVE = "autosaves"
    LONG = "exports, downloads, conversions"


THREADS = {Lane.INTERACTIVE: 2, Lane.FILES: 2, Lane.SAVES: 4, Lane.AUTOSAVE: 1, Lane.LONG: 4}
FINISHED_LANES = (Lane.SAVES, Lane.AUTOSAVE)
"""Lanes whose work is done even if it had not begun when the program ends."""
AWAITED_LANES = (Lane.SAVES, Lane.LONG)
"""Lanes that the window waits for, visibly, before it closes."""


@dataclass(frozen=True, eq=False)
class Job(Generic[Result]):
    """Work for a thread, and the callbacks for its result.

    Attributes:
        work: runs on a thread; it is pure or touches only files, and sees no document but through its arguments.
        then: gets the result, on the GUI thread.
        failed: gets the exception instead.
        lane: whose threads do it.
        ended: called after `then` or `failed`, even if those raise: it gives back what was taken for the work.
        queue_key: jobs of a lane with the same key are done one after the other, in the order they were started.
        label: what the window says while it waits for the job before it closes.
        stop: set when the program ends before the work does.
    """

    work: Callable[[], Result]
    then: Callable[[Result], None]
    failed: Callable[[Exception], None]
    lane: Lane = Lane.INTERACTIVE
    ended: Callable[[], None] | None = None
    queue_key: str = ""
    label: str = ""
    stop: threading.Event | None = None

    def deliver(self, result: Result, error: Exception | None) -> None:
        """Call the callbacks with the result."""
        try:
            if error is None:
                self.then(result)
            else:
                self.failed(error)
        finally:
            if self.ended is not None:
                self.ended()


class BackgroundWork(QObject):
    """Runs jobs; callbacks are called on the GUI thread. `idle`: no job is left that a closing window waits for."""

    idle = Signal()
    _finished = Signal(int, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pools = {
            lane: ThreadPoolExecutor(count, thread_name_prefix=f"studio-{lane.name.lower()}")
            for lane, count in THREADS.items()
        }
        self._next = 0
        self._stopped = self._abandoned = False
        self._jobs: dict[int, Job[Any]] = {}
        self._futures: dict[Lane, set[Future[None]]] = {lane: set() for lane in Lane}
        self._queues: dict[tuple[Lane, str], deque[tuple[int, Job[Any]]]] = {}
        self._queues_lock = threading.Lock()
        self._finished.connect(self._finish, Qt.ConnectionType.QueuedConnection)

    @property
    def busy(self) -> bool:
        """Whether any job is not finished."""
        return bool(self._jobs)

    @property
    def awaited(self) -> tuple[str, ...]:
        """What a closing window waits for."""
        return tuple(job.label for job in self._jobs.values() if job.lane in AWAITED_LANES)

    def start(
        self,
        work: Callable[[], Result],
        then: Callable[[Result], None],
        failed: Callable[[Exception], None],
        lane: Lane = Lane.INTERACTIVE,
        *,
        ended: Callable[[], None] | None = None,
        queue_key: str = "",
        label: str = "",
        stop: threading.Event | None = None,
    ) -> None:
        """Run a `Job`, whose attributes these are. After `stop`: nothing."""
        if self._stopped:
            return
        job = Job(work, then, failed, lane, ended, queue_key, label, stop)
        self._next += 1
        self._jobs[self._next] = job
        if queue_key and self._enqueue(self._next, job):
            return
        self._futures[lane] = {future for future in self._futures[lane] if not future.done()}
        self._futures[lane].add(self._pools[lane].submit(self._run, self._next, job))

    def stop(self) -> None:
        """Start no further jobs, drop queued ones except for saves, and ignore the results."""
        if self._stopped:
            return
        self._stopped = True
        for job in self._jobs.values():
            if job.stop is not None:
                job.stop.set()
        self._jobs.clear()
        for lane, pool in self._pools.items():
            pool.shutdown(wait=False, cancel_futures=lane not in FINISHED_LANES)
            # A cancelled one never counts as done for `wait`.
            self._futures[lane] = {future for future in self._futures[lane] if not future.cancelled()}

    def abandon(self) -> None:
        """Do not wait for saves either: the disk does not respond, and the user chose not to wait."""
        self._abandoned = True

    def close(self) -> bool:
        """`stop`, and wait: for saves to their end, for the rest a while. False where a thread is still at work."""
        self.stop()
        begun = time.monotonic()
        for lane, futures in self._futures.items():
            rest = max(0.0, SHUTDOWN_TIMEOUT_S - (time.monotonic() - begun))
            wait(futures, None if lane in FINISHED_LANES and not self._abandoned else rest)
        ended = all(future.done() for futures in self._futures.values() for future in futures)
        for pool in self._pools.values() if ended else ():
            pool.shutdown(wait=True)
        return ended

    def _enqueue(self, number: int, job: Job[Any]) -> bool:
        """Queue a job behind one with the same key; False where there is none."""
        with self._queues_lock:
            queue = self._queues.setdefault((job.lane, job.queue_key), deque())
            queue.append((number, job))
            return len(queue) > 1

    def _run(self, number: int, job: Job[Any]) -> None:
        entry: tuple[int, Job[Any]] | None = (number, job)
        while entry is not None:
            self._perform(*entry)
            entry = self._next_in_queue(job) if job.queue_key else None

    def _next_in_queue(self, job: Job[Any]) -> tuple[int, Job[Any]] | None:
        """The next job with the same key, after one is done."""
        with self._queues_lock:
            queue = self._queues[job.lane, job.queue_key]
            queue.popleft()
            if queue:
                return queue[0]
            del self._queues[job.lane, job.queue_key]
            return None

    def _perform(self, number: int, job: Job[Any]) -> None:
        result, error = None, None
        try:
            result = job.work()
        except Exception as problem:  # whatever it is, it must reach the window, not be lost with the thread
            error = problem
            if not isinstance(problem, NVGError):
                log.exception("A job failed")
        with contextlib.suppress(RuntimeError):  # the window may be gone before an abandoned job
            self._finished.emit(number, result, error)

    def _finish(self, number: int, result: object, error: Exception | None) -> None:
        job = self._jobs.pop(number, None)
        if job is None:
            return
        try:
            job.deliver(result, error)
        finally:
            if job.lane in AWAITED_LANES and not self.awaited:
                self.idle.emit()
