"""Offers unsaved work of crashed programs, once, when the window is open."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QWidget

from nvg_studio.editor.background import Lane
from nvg_studio.editor.context import EditorContext
from nvg_studio.editor.documents.open_document import NewDocument, OpenDocument, OpenRequest
from nvg_studio.editor.files.autosaver import Autosaver
from nvg_studio.editor.notices import Notice, error_notice
from nvg_studio.errors import ProjectError
from nvg_studio.project.autosave import Recovery, recoverable
from nvg_studio.project.storage.project_file import Project
from nvg_studio.ui.dialogs.recovery import RecoveryDialog

Confirm = Callable[[Callable[[], None], Callable[[], None]], None]
"""Calls the first once there are no unsaved changes to lose, the second if the user cancels."""


class RecoveryController(QObject):
    """Looks for unsaved work and lets the user recover or discard it. What is not decided stays where it is, for
    another time."""

    def __init__(self, context: EditorContext, autosaver: Autosaver, confirm: Confirm, window: QWidget) -> None:
        super().__init__(window)
        self._context, self._autosaver, self._confirm, self._window = context, autosaver, confirm, window
        self._undecided: list[Recovery] = []
        self._pending: dict[OpenRequest, Recovery] = {}
        """What is on its way into the window."""
        context.store.dropped.connect(self._handle_dropped)
        context.store.replaced.connect(self._handle_opened)

    def offer(self) -> None:
        """Ask, if there is anything; looking for it happens on a thread."""
        folder = self._autosaver.folder
        self._context.background.start(lambda: recoverable(folder), self._ask, self._report_error, Lane.FILES)

    def close(self) -> None:
        """Leave what is undecided for another time."""
        for recovery in (*self._undecided, *self._pending.values()):
            recovery.close()
        self._undecided, self._pending = [], {}

    def _leave_undecided(self) -> None:
        for recovery in self._undecided:
            recovery.close()
        self._undecided = []

    def _ask(self, found: list[Recovery]) -> None:
        if not found:
            return
        self._undecided = found
        dialog = RecoveryDialog(found, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.recover_requested.connect(self._recover)
        dialog.discard_requested.connect(self._discard)
        dialog.finished.connect(self._leave_undecided)
        dialog.open()

    def _discard(self, recovery: Recovery) -> None:
        self._undecided.remove(recovery)
        recovery.discard()

    def _recover(self, recovery: Recovery) -> None:
        self._undecided.remove(recovery)
        self._confirm(lambda: self._load(recovery), recovery.close)

    def _load(self, recovery: Recovery) -> None:
        store = self._context.store
        request = store.begin_opening(recovery.origin.name)
        self._pending[request] = recovery

        def failed(problem: Exception) -> None:
            store.cancel_opening(request)
            self._report_error(problem)

        self._context.background.start(
            recovery.load, lambda project: self._finish(request, project, recovery), failed, Lane.FILES
        )

    def _finish(self, request: OpenRequest, project: Project, recovery: Recovery) -> None:
        """Go on with it as unsaved work of its file, if that is free, or else without a file."""
        origin, holds = recovery.origin, self._context.project_locks
        path = None if origin.path is None else Path(origin.path)
        try:
            if path is not None:
                holds.acquire(path)
        except ProjectError:
            path = None
        try:
            new = NewDocument(project.document, origin.name, path, False, project, origin.file)
            self._context.store.finish_opening(request, new)
        finally:
            if path is not None:
                holds.release(path)

    def _handle_opened(self, opened: OpenDocument) -> None:
        """A document is open: what it was recovered from goes when the document itself is on the disk."""
        for request, recovery in list(self._pending.items()):
            if opened.request is request:
                del self._pending[request]
                self._autosaver.adopt_recovery(recovery)
                self._context.notify(Notice(f"{recovery.origin.name} is recovered. It is not saved yet."))

    def _handle_dropped(self, request: OpenRequest) -> None:
        """Another document came first, or the user keeps the open one."""
        recovery = self._pending.pop(request, None)
        if recovery is not None:
            recovery.close()

    def _report_error(self, problem: Exception) -> None:
        self._context.notify(error_notice(problem))
