"""Finds unsaved work of crashed programs, and recovers or discards it."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from nvg_studio.editor.background import Lane
from nvg_studio.editor.context import EditorContext
from nvg_studio.editor.documents.open_document import NewDocument, OpenDocument, OpenRequest
from nvg_studio.editor.files.autosaver import Autosaver
from nvg_studio.editor.notices import Notice, error_notice
from nvg_studio.errors import ProjectError
from nvg_studio.project.autosave import Recovery, recoverable
from nvg_studio.project.storage.project_file import Project

Confirm = Callable[[Callable[[], None], Callable[[], None]], None]
"""Calls the first once there are no unsaved changes to lose, the second if the user cancels."""


class RecoveryController(QObject):
    """`found` carries a list of `Recovery`. Those that are neither recovered nor discarded stay on the disk."""

    found = Signal(object)

    def __init__(self, context: EditorContext, autosaver: Autosaver, confirm: Confirm, parent: QObject) -> None:
        super().__init__(parent)
        self._context, self._autosaver, self._confirm = context, autosaver, confirm
        self._undecided: list[Recovery] = []
        self._pending: dict[OpenRequest, Recovery] = {}
        """Those that are being opened."""
        context.store.dropped.connect(self._handle_dropped)
        context.store.replaced.connect(self._handle_opened)

    def offer(self) -> None:
        """Look for unsaved work on a thread; `found` if there is any."""
        folder = self._autosaver.folder
        self._context.background.start(lambda: recoverable(folder), self._set_found, self._report_error, Lane.FILES)

    def close(self) -> None:
        """Release the unsaved work; it stays on the disk."""
        for recovery in (*self._undecided, *self._pending.values()):
            recovery.close()
        self._undecided, self._pending = [], {}

    def release_undecided(self) -> None:
        """Release the unsaved work that was neither recovered nor discarded; it is found at the next start."""
        for recovery in self._undecided:
            recovery.close()
        self._undecided = []

    def discard(self, recovery: Recovery) -> None:
        """Delete unsaved work that was found."""
        self._undecided.remove(recovery)
        recovery.discard()

    def recover(self, recovery: Recovery) -> None:
        """Open unsaved work that was found, once the unsaved changes of the open document are confirmed."""
        self._undecided.remove(recovery)
        self._confirm(lambda: self._load(recovery), recovery.close)

    def _set_found(self, found: list[Recovery]) -> None:
        if found:
            self._undecided = list(found)
            self.found.emit(found)

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
        """Open it as unsaved work of its file, or without a file where another window has that."""
        origin, locks = recovery.origin, self._context.project_locks
        path = None if origin.path is None else Path(origin.path)
        try:
            if path is not None:
                locks.acquire(path)
        except ProjectError:
            path = None
        try:
            new = NewDocument(project.document, origin.name, path, False, project, origin.file)
            self._context.store.finish_opening(request, new)
        finally:
            if path is not None:
                locks.release(path)

    def _handle_opened(self, opened: OpenDocument) -> None:
        """The autosaver deletes the recovered files once the document itself is on the disk."""
        for request, recovery in list(self._pending.items()):
            if opened.request is request:
                del self._pending[request]
                self._autosaver.adopt_recovery(recovery)
                self._context.notify(Notice(f"{recovery.origin.name} is recovered. It is not saved yet."))

    def _handle_dropped(self, request: OpenRequest) -> None:
        """Another document was opened first, or the user kept the open one."""
        recovery = self._pending.pop(request, None)
        if recovery is not None:
            recovery.close()

    def _report_error(self, problem: Exception) -> None:
        self._context.notify(error_notice(problem))
