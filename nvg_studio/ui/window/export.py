"""Export from the window: ask what and where, have missing stages decoded, write on a thread that can be stopped."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QProgressDialog, QWidget

from nvg_studio.editor.background import Lane
from nvg_studio.editor.notices import Kind, Notice, error_notice
from nvg_studio.editor.session import Session
from nvg_studio.errors import Cancelled as Stopped
from nvg_studio.project.export.kinds import Format, LayerChoice
from nvg_studio.project.rendering import Rendering
from nvg_studio.sampling.events import LAST_EVENTS, Decoded, Event, Failed
from nvg_studio.ui.dialogs.export import FORMATS, ExportDialog
from nvg_studio.ui.dialogs.save_target import ask_save_path, confirm_replacing_in

PROGRESS_AFTER_MS = 400


class ExportJob(QObject):
    """One export under way. `finished` comes when its files are there, or it was cancelled."""

    finished = Signal()
    _progressed = Signal(int, int)

    def __init__(self, session: Session, kind: Format, choice: LayerChoice, target: Path, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._kind, self._choice, self._target = session, kind, choice, target
        self._project = session.to_project()
        self._stop = threading.Event()
        self._job: int | None = None
        self.progress = QProgressDialog("Exporting…", "Cancel", 0, 0, window)
        self.progress.setWindowTitle("Export")
        self.progress.setMinimumDuration(PROGRESS_AFTER_MS)
        self.progress.canceled.connect(self.stop)
        self._progressed.connect(self._show_progress, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        """Write at once, or ask the engine for the stages that are needed first."""
        from nvg_studio.project.export.export import stages_needed

        needed = stages_needed(self._project, self._kind, self._choice)
        if self._project.has_stages(needed):
            self._write()
            return
        session, snapshot = self._session, self._project.document.snapshot
        info = session.info
        if info is None or not session.model_compatible or not info.identity.owns(snapshot.tokenizer):
            name = self._project.model_name or "another model"
            self._finish(Notice(f"Cannot export: the stages of this step need the model {name}; load it.", Kind.ERROR))
            return
        session.engine_client.event_received.connect(self._handle_event)
        self._job = session.engine_client.decode(snapshot.sequence, needed)

    def show_progress(self, text: str) -> None:
        """Show the progress before everything else: the window cannot close before the export is done or given up."""
        self.progress.setLabelText(text)
        self.progress.setWindowModality(Qt.WindowModality.WindowModal)
        self.progress.show()

    def stop(self) -> None:
        """Cancel; nothing is written any more."""
        self._stop.set()
        if self._job is not None:
            self._session.engine_client.cancel(self._job)

    def _handle_event(self, event: Event) -> None:
        if event.job != self._job or not isinstance(event, LAST_EVENTS):
            return
        self._session.engine_client.event_received.disconnect(self._handle_event)
        self._job = None
        if isinstance(event, Decoded) and self._session.info is not None:
            known = self._project.current_rendering
            pictures = event.pictures if known is None else {**known.pictures, **event.pictures}
            model = self._session.info.identity.model
            rendering = Rendering.known(model, self._project.document.sequence, pictures)
            self._project = replace(self._project, rendering=rendering)
            self._write()
        elif isinstance(event, Failed):
            self._finish(Notice(event.message, Kind.ERROR, event.details))
        else:
            self._finish(Notice("The export was cancelled."))

    def _write(self) -> None:
        project, kind, choice, target = self._project, self._kind, self._choice, self._target

        def work() -> bool:
            from nvg_studio.project.export.export import export_to  # half a second to import
            from nvg_studio.project.export.picture import holds_work

            export_to(project, kind, choice, target, self._advance)
            return kind is not Format.PICTURE or holds_work(target.read_bytes())

        self._session.background.start(
            work,
            lambda whole: self._finish(Notice(f"Exported {target.name}.") if whole else _without_work(target)),
            self._report_error,
            Lane.LONG,
            label=f"Exporting {target.name}",
            stop=self._stop,
        )

    def _advance(self, done: int, total: int) -> None:
        """Called on the thread that writes."""
        if self._stop.is_set():
            raise Stopped("The export was cancelled.")
        self._progressed.emit(done, total)

    def _show_progress(self, done: int, total: int) -> None:
        self.progress.setMaximum(total)
        self.progress.setValue(min(done, total - 1))

    def _report_error(self, problem: Exception) -> None:
        if isinstance(problem, Stopped):
            self._finish(Notice(str(problem)))
        else:
            self._finish(error_notice(problem))

    def _finish(self, notice: Notice) -> None:
        self.progress.deleteLater()
        self._session.notified.emit(notice)
        self.finished.emit()
        self.deleteLater()


class ExportController:
    """Lets the user choose format and place, then exports; one at a time."""

    def __init__(self, session: Session, folder: Callable[[], str], window: QWidget) -> None:
        """`folder`: where file dialogs begin."""
        self._session, self._folder, self._window = session, folder, window
        self.running: ExportJob | None = None

    def ask(self) -> None:
        """Open the dialog."""
        session = self._session
        if session.document is None or self.running is not None:
            return
        first = session.stage_pictures.picture(session.sequence, 0)
        model_size = session.info.image_size if session.info is not None else None if first is None else len(first)
        dialog = ExportDialog(session.depth, len(session.document.base), model_size, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(self._choose_target)
        dialog.open()

    def save_picture(self) -> None:
        """Ask where to save the picture at its own size, with the work in it."""
        if self._session.document is not None and self.running is None:
            self._choose_target(Format.PICTURE, LayerChoice(groups=()))

    def _choose_target(self, kind: Format, choice: LayerChoice) -> None:
        from nvg_studio.project.export.export import ENDINGS

        if kind is Format.PNG:
            name = QFileDialog.getExistingDirectory(self._window, "Export into a folder", self._folder())
            if name:
                self._into_folder(choice, Path(name))
            return
        endings = ENDINGS[kind]
        kinds = f"{FORMATS[kind][0].split(' (')[0]} ({' '.join(f'*{ending}' for ending in endings)})"
        proposal = Path(self._folder()) / self._session.name
        target = ask_save_path(self._window, "Export", proposal, kinds, endings)
        if target is not None:
            self._start(kind, choice, target)

    def _into_folder(self, choice: LayerChoice, folder: Path) -> None:
        """Fill a folder, once it is known that nobody's files are replaced against their will."""
        from nvg_studio.project.export.png import taken_names

        def ask(taken: list[str]) -> None:
            if not taken or confirm_replacing_in(folder, taken, self._window):
                self._start(Format.PNG, choice, folder)

        self._session.background.start(
            lambda: taken_names(folder),
            ask,
            lambda problem: self._session.notified.emit(error_notice(problem)),
            Lane.FILES,
        )

    def _start(self, kind: Format, choice: LayerChoice, target: Path) -> None:
        if self._session.document is not None and self.running is None:
            self.running = ExportJob(self._session, kind, choice, target, self._window)
            self.running.finished.connect(self._clear)
            self.running.start()

    def _clear(self) -> None:
        self.running = None


def _without_work(target: Path) -> Notice:
    text = f"Exported {target.name} without the work, which is too large for a picture: save the project (Ctrl+S)."
    return Notice(text, Kind.WARNING)
