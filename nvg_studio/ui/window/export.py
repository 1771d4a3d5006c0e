"""Export from the window: the dialogs that ask for format and place, and the progress dialog."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog, QProgressDialog, QWidget

from nvg_studio.editor.background import Lane
from nvg_studio.editor.files.export_job import ExportJob
from nvg_studio.editor.notices import error_notice
from nvg_studio.editor.session import Session
from nvg_studio.project.export.kinds import Format, LayerChoice
from nvg_studio.ui.dialogs.export import FORMATS, ExportDialog
from nvg_studio.ui.dialogs.save_target import ask_save_path, confirm_replacing_in
from nvg_studio.ui.qt.open_dialog import open_dialog

PROGRESS_AFTER_MS = 400


class ExportController(QObject):
    """Lets the user choose format and place, then exports; one export at a time. `parent` is the parent of its
    dialogs."""

    def __init__(self, session: Session, folder: Callable[[], str], parent: QWidget) -> None:
        """`folder`: where file dialogs begin."""
        super().__init__(parent)
        self._session, self._folder, self._parent = session, folder, parent
        self.running: ExportJob | None = None
        self.progress: QProgressDialog | None = None

    def ask(self) -> None:
        """Ask for the format, then for the place."""
        session = self._session
        if session.document is None or self.running is not None:
            return
        first = session.stage_pictures.picture(session.sequence, 0)
        model_size = session.info.image_size if session.info is not None else None if first is None else len(first)
        dialog = ExportDialog(session.depth, len(session.document.base), model_size, self._parent)
        dialog.chosen.connect(self._choose_target)
        open_dialog(dialog)

    def save_picture(self) -> None:
        """Ask where to save the picture at its own size, with the project in it."""
        if self._session.document is not None and self.running is None:
            self._choose_target(Format.PICTURE, LayerChoice(groups=()))

    def show_progress(self, text: str) -> None:
        """Show the progress of the running export at once, modal to the window."""
        if self.progress is not None:
            self.progress.setLabelText(text)
            self.progress.setWindowModality(Qt.WindowModality.WindowModal)
            self.progress.show()

    def _choose_target(self, kind: Format, choice: LayerChoice) -> None:
        from nvg_studio.project.export.export import ENDINGS

        if kind is Format.PNG:
            name = QFileDialog.getExistingDirectory(self._parent, "Export into a folder", self._folder())
            if name:
                self._export_into(choice, Path(name))
            return
        endings = ENDINGS[kind]
        kinds = f"{FORMATS[kind][0].split(' (')[0]} ({' '.join(f'*{ending}' for ending in endings)})"
        proposal = Path(self._folder()) / self._session.name
        target = ask_save_path(self._parent, "Export", proposal, kinds, endings)
        if target is not None:
            self._start(kind, choice, target)

    def _export_into(self, choice: LayerChoice, folder: Path) -> None:
        """Export into a folder, once the user has agreed to replace the files that are there."""
        from nvg_studio.project.export.png import taken_names

        def ask(taken: list[str]) -> None:
            if not taken or confirm_replacing_in(folder, taken, self._parent):
                self._start(Format.PNG, choice, folder)

        self._session.background.start(
            lambda: taken_names(folder),
            ask,
            lambda problem: self._session.notified.emit(error_notice(problem)),
            Lane.FILES,
        )

    def _start(self, kind: Format, choice: LayerChoice, target: Path) -> None:
        session = self._session
        if session.document is None or self.running is not None:
            return
        job = ExportJob(session.context, session.engine_client, session.model_loader, kind, choice, target, self)
        self.running, self.progress = job, self._make_progress(job)
        job.progressed.connect(self._show_parts)
        job.finished.connect(self._clear)
        job.start()

    def _make_progress(self, job: ExportJob) -> QProgressDialog:
        progress = QProgressDialog("Exporting…", "Cancel", 0, 0, self._parent)
        progress.setWindowTitle("Export")
        progress.setMinimumDuration(PROGRESS_AFTER_MS)
        progress.canceled.connect(job.stop)
        return progress

    def _show_parts(self, done: int, total: int) -> None:
        if self.progress is not None:
            self.progress.setMaximum(total)
            self.progress.setValue(min(done, total - 1))

    def _clear(self) -> None:
        if self.progress is not None:
            self.progress.deleteLater()
        self.running = self.progress = None
