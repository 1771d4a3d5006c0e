"""Ctrl+C in the terminal, and the system's wish that the program ends, as signals of Qt."""

import contextlib
import signal
import socket

from PySide6.QtCore import QObject, QSocketNotifier, Signal

ENDING = (signal.SIGINT, signal.SIGTERM)


class Interrupts(QObject):
    """Emits `interrupted` for each SIGINT and SIGTERM.

    Python runs its own handlers only between two instructions, which a waiting event loop has none of. Its C handler
    writes to a socket at once, and that wakes the loop.
    """

    interrupted = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ours, self._pythons = socket.socketpair()
        for end in (self._ours, self._pythons):
            end.setblocking(False)
        self._notifier = QSocketNotifier(self._ours.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._woken)
        self._wakeup_before = signal.set_wakeup_fd(self._pythons.fileno())
        self._before = {number: signal.signal(number, lambda *_: None) for number in ENDING}

    def close(self) -> None:
        """Give the signals back."""
        signal.set_wakeup_fd(self._wakeup_before)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._notifier.setEnabled(False)
        for end in (self._ours, self._pythons):
            end.close()

    def _woken(self) -> None:
        received = b""
        with contextlib.suppress(BlockingIOError):
            received = self._ours.recv(64)
        for _ in range(sum(number in ENDING for number in received)):
            self.interrupted.emit()
