"""What dead programs left unsaved is offered once, when the window is there."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt

from nvg_studio.errors import ProjectError
from nvg_studio.project.autosave import Recovery, recoverable
from nvg_studio.project.storage import Project
from nvg_studio.ui.dialogs.recovery import RecoveryDialog
from nvg_studio.ui.messages import Kind, Notice

if TYPE_CHECKING:
    from nvg_studio.ui.window import MainWindow


class Recovering(QObject):
    """Looks for unsaved work and asks what to do with it. What is not decided stays where it is."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window, self._session = window, window.session
        self._undecided: list[Recovery] = []

    def offer(self) -> None:
        """Ask, if there is anything; looking for it happens on a thread."""
        folder = self._session.keeper.folder
        self._session.jobs.start(lambda: recoverable(folder), self._ask, self._refuse)

    def close(self) -> None:
        """Leave what is undecided for another time."""
        for recovery in self._undecided:
            recovery.close()
        self._undecided = []

    def _ask(self, found: list[Recovery]) -> None:
        if not found:
            return
        self._undecided = found
        dialog = RecoveryDialog(found, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.recover_asked.connect(self._recover)
        dialog.discard_asked.connect(self._discard)
        dialog.finished.connect(self.close)
        dialog.open()

    def _discard(self, recovery: Recovery) -> None:
        self._undecided.remove(recovery)
        recovery.discard()

    def _recover(self, recovery: Recovery) -> None:
        self._undecided.remove(recovery)

        def failed(problem: Exception) -> None:
            recovery.close()
            self._refuse(problem)

        def load() -> None:
            self._session.jobs.start(recovery.load, lambda project: self._take(project, recovery), failed)

        self._window.commands.settle(load)

    def _take(self, project: Project, recovery: Recovery) -> None:
        """Go on with it as unsaved work of its file, if that is free, or else without a file."""
        session, origin = self._session, recovery.origin
        path = None if origin.path is None else Path(origin.path)
        session.keeper.recovered(recovery)
        try:
            if path is not None:
                session.holds.begin(path)
        except ProjectError:
            path = None
        session.take(project, origin.name, path, saved=False)
        if path is not None:
            session.holds.end(path)
        session.said.emit(Notice(f"{origin.name} is recovered. It is not saved yet."))

    def _refuse(self, problem: Exception) -> None:
        text = str(problem) if isinstance(problem, ProjectError) else f"Something went wrong: {problem!r}"
        self._session.said.emit(Notice(text, Kind.ERROR))
