"""Long work off the window's thread: reading, decoding, composing and saving pictures."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from nvg_studio.errors import NVGError

log = logging.getLogger(__name__)


class Jobs(QObject):
    """Runs functions on two threads; `then` and `failed` are called on the window's thread.

    Work must be pure or touch only files: it sees no widget, and no document but through its arguments.
    """

    _answered = Signal(int, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="studio-job")
        self._next = 0
        self._closed = False
        self._waiting: dict[int, tuple[Callable[[Any], None], Callable[[Exception], None]]] = {}
        self._answered.connect(self._finish, Qt.ConnectionType.QueuedConnection)

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        return bool(self._waiting)

    def start(self, work: Callable[[], Any], then: Callable[[Any], None], failed: Callable[[Exception], None]) -> None:
        """Run `work` on a thread; its result goes to `then`, its exception to `failed`. After `stop`: nothing."""
        if self._closed:
            return
        self._next += 1
        self._waiting[self._next] = (then, failed)
        self._threads.submit(self._work, self._next, work)

    def stop(self) -> None:
        """Start nothing any more, and forget the results of what is under way."""
        self._closed = True
        self._waiting.clear()

    def close(self) -> None:
        """`stop`, and wait for what is under way: a file is written to its end."""
        self.stop()
        self._threads.shutdown(wait=True)

    def _work(self, number: int, work: Callable[[], Any]) -> None:
        result, error = None, None
        try:
            result = work()
        except Exception as problem:  # whatever it is, it must reach the window, not vanish with the thread
            error = problem
            if not isinstance(problem, NVGError):
                log.exception("A job failed")
        self._answered.emit(number, result, error)

    def _finish(self, number: int, result: Any, error: Exception | None) -> None:
        entry = self._waiting.pop(number, None)
        if entry is None:
            return
        then, failed = entry
        if error is None:
            then(result)
        else:
            failed(error)
