"""Long work off the window's thread: reading, decoding, composing and saving pictures."""

import logging
import traceback
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal

from nvg_studio.errors import NVGError

log = logging.getLogger(__name__)


class _Signals(QObject):
    finished = Signal(int, object, object)


class _Job(QRunnable):
    def __init__(self, number: int, work: Callable[[], Any]) -> None:
        super().__init__()
        self.number = number
        self.work = work
        self.signals = _Signals()

    def run(self) -> None:
        try:
            result, error = self.work(), None
        except Exception as problem:
            result, error = None, problem
            if not isinstance(problem, NVGError):
                log.error("A job failed:\n%s", traceback.format_exc())
        self.signals.finished.emit(self.number, result, error)


class Jobs(QObject):
    """Runs functions on a thread pool; `then` and `failed` are called on the window's thread.

    Work must be pure or touch only files: it sees no widget and no document but through its arguments.
    """

    idle = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(2)
        self._next = 0
        self._waiting: dict[int, tuple[_Job, Callable[[Any], None], Callable[[Exception], None]]] = {}

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        return bool(self._waiting)

    def start(self, work: Callable[[], Any], then: Callable[[Any], None], failed: Callable[[Exception], None]) -> None:
        """Run `work` on a thread; its result goes to `then`, its exception to `failed`."""
        self._next += 1
        job = _Job(self._next, work)
        job.setAutoDelete(False)
        job.signals.finished.connect(self._finish)
        self._waiting[self._next] = (job, then, failed)
        self._pool.start(job)

    def close(self) -> None:
        """Wait for what is under way and forget its results."""
        self._waiting.clear()
        self._pool.waitForDone()

    def _finish(self, number: int, result: Any, error: Exception | None) -> None:
        entry = self._waiting.pop(number, None)
        if entry is None:
            return
        _, then, failed = entry
        if error is None:
            then(result)
        else:
            failed(error)
        if not self._waiting:
            self.idle.emit()
