"""Timers of the window."""

from PySide6.QtCore import QObject, QTimer


def single_shot(parent: QObject, milliseconds: int, then: object) -> QTimer:
    """A timer that calls `then` once, `milliseconds` after each start."""
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(then)
    return timer
