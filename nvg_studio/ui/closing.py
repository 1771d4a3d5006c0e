"""The end of a window: what must be finished is finished while the window is still there, and says so."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QProgressDialog, QWidget

from nvg_studio.editor.background import BackgroundWork
from nvg_studio.ui.exporting import Exporter


class Closing(QObject):
    """Waits for saves and for an export, which can be given up, then calls `close`."""

    def __init__(self, window: QWidget, work: BackgroundWork, exporter: Exporter, close: Callable[[], None]) -> None:
        super().__init__(window)
        self._window, self._work, self._exporter, self._close = window, work, exporter, close
        self._dialog: QProgressDialog | None = None
        self._begun = self._done = False

    def begin(self) -> None:
        """Close as soon as nothing has to be waited for."""
        if not self._begun:
            self._begun = True
            self._work.settled.connect(self._look, Qt.ConnectionType.QueuedConnection)
        self._look()

    def _look(self) -> None:
        if self._done:
            return
        export, waiting = self._exporter.running, self._work.awaited
        if export is not None:
            export.come_forward("Finishing the export before the window closes…")
            export.finished.connect(self._look, Qt.ConnectionType.QueuedConnection)
        elif waiting:
            self._show(waiting[0])
        else:
            self._end()

    def _show(self, what: str) -> None:
        if self._dialog is None:
            self._dialog = QProgressDialog("", "Close without waiting", 0, 0, self._window)
            self._dialog.setWindowTitle("Closing")
            self._dialog.setWindowModality(Qt.WindowModality.WindowModal)
            self._dialog.canceled.connect(self._give_up)
        self._dialog.setLabelText(f"{what}…")
        self._dialog.show()

    def _give_up(self) -> None:
        """The disk does not answer, and the person does not want to wait for it."""
        self._work.abandon()
        self._end()

    def _end(self) -> None:
        self._done = True
        if self._dialog is not None:
            self._dialog.canceled.disconnect(self._give_up)
            self._dialog.close()
            self._dialog.deleteLater()
        self._close()
