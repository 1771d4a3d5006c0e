"""Closes the window once files that are being written are complete, with a progress dialog until then."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QProgressDialog, QWidget

from nvg_studio.editor.background import BackgroundWork
from nvg_studio.ui.window.export import ExportController


class ClosingController(QObject):
    """Waits for saves and for an export, which can be given up, then closes the window.

    `ready`: the window may close. `work_stays`: unsaved work is left for the next start.
    """

    def __init__(
        self, window: QWidget, work: BackgroundWork, exporter: ExportController, stop_downloads: Callable[[], None]
    ) -> None:
        super().__init__(window)
        self._window, self._work, self._exporter = window, work, exporter
        self._stop_downloads = stop_downloads
        self._dialog: QProgressDialog | None = None
        self._started = self._asking = False
        self.ready = self.work_stays = False

    def start(self) -> None:
        """Close as soon as saves and exports are complete; there is no question about unsaved changes."""
        if not self._started:
            self._started = True
            self._stop_downloads()
            self._work.idle.connect(self._check, Qt.ConnectionType.QueuedConnection)
        QTimer.singleShot(0, self._check)

    def interrupt(self) -> None:
        """Ctrl+C in the terminal: the close button.

        While the window asks about unsaved work, a second one ends the program and leaves the work for the next start.
        """
        if not self._asking:
            self._asking = True
            self._window.close()
            self._asking = False
            return
        self.work_stays = True
        while (dialog := QApplication.activeModalWidget()) is not None and dialog.close():
            pass
        self.start()

    def _check(self) -> None:
        if self.ready:
            return
        export, waiting = self._exporter.running, self._work.awaited
        if export is not None:
            self._exporter.show_progress("Finishing the export before the window closes…")
            export.finished.connect(self._check, Qt.ConnectionType.QueuedConnection)
        elif waiting:
            self._show(waiting[0])
        else:
            self._end()

    def _show(self, what: str) -> None:
        if self._dialog is None:
            self._dialog = QProgressDialog("", "Close without waiting", 0, 0, self._window)
            self._dialog.setObjectName("closing")
            self._dialog.setWindowTitle("Closing")
            self._dialog.setWindowModality(Qt.WindowModality.WindowModal)
            self._dialog.canceled.connect(self._abandon)
        self._dialog.setLabelText(f"{what}…")
        self._dialog.show()

    def _abandon(self) -> None:
        """The disk does not answer, and the user does not want to wait for it."""
        self._work.abandon()
        self._end()

    def _end(self) -> None:
        self.ready = True
        if self._dialog is not None:
            self._dialog.canceled.disconnect(self._abandon)
            self._dialog.close()
            self._dialog.deleteLater()
        self._window.close()
