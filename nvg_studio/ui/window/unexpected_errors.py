"""Uncaught exceptions, wherever they were raised: into the log, and to the user."""

import sys
import threading
import traceback
from collections.abc import Callable
from types import TracebackType

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from nvg_studio.ui.dialogs.error import ErrorDialog

MAX_SHOWN = 20
"""Errors that are shown; one that comes back with every event must not fill the memory. The log has them all."""
Hook = Callable[[type[BaseException], BaseException, TracebackType | None], object]


class UnexpectedErrors(QObject):
    """Shows what reaches `sys.excepthook` (Qt's callbacks do) and `threading.excepthook`, after the hook before it."""

    _raised = Signal(str)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._count = 0
        self._before: tuple[Hook, Callable[[threading.ExceptHookArgs], object]] | None = None
        self._raised.connect(self._show, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        """Take over from the hooks that are there."""
        self._before = sys.excepthook, threading.excepthook
        sys.excepthook, threading.excepthook = self._handle, self._handle_in_thread

    def remove(self) -> None:
        """Put the hooks of before back."""
        if self._before is not None:
            sys.excepthook, threading.excepthook = self._before
            self._before = None

    def _handle(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if self._before is not None:
            self._before[0](kind, error, trace)
        if issubclass(kind, Exception):
            self._raised.emit("".join(traceback.format_exception(kind, error, trace)))

    def _handle_in_thread(self, arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            self._handle(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)

    def _show(self, details: str) -> None:
        self._count += 1
        if self._count > MAX_SHOWN:
            return
        dialog = self._window.findChild(ErrorDialog)
        if dialog is None:
            dialog = ErrorDialog(self._window)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            self._count = 1
        dialog.add(details)
        dialog.show()
