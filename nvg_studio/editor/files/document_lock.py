"""Keeps the open document's own file locked against other windows while its path changes."""

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from nvg_studio.editor.documents.store import DocumentStore
from nvg_studio.editor.notices import Kind, Notice
from nvg_studio.errors import ProjectError, describe
from nvg_studio.project.project_lock import ProjectLocks


class DocumentLock(QObject):
    """Holds the lock of the open document's file, and of no other document. `notified` with a `Notice`.

    Where another window has the file, the document continues without one.
    """

    notified = Signal(object)

    def __init__(self, store: DocumentStore, locks: ProjectLocks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store, self._locks = store, locks
        self._path: Path | None = None
        store.replaced.connect(lambda _: self._update())
        store.changed.connect(self._update_if_moved)

    def _update_if_moved(self) -> None:
        now = self._store.current
        if (None if now is None else now.path) != self._path:
            self._update()

    def _update(self) -> None:
        now = self._store.current
        self._path = path = None if now is None else now.path
        try:
            if path is not None:
                self._locks.acquire(path)
        except ProjectError as problem:
            self._path = None
            self._store.forget_path()
            text = f"{describe(problem).text} This document has no file for now."
            self.notified.emit(Notice(text, Kind.WARNING))
            return
        self._locks.set_document_file(path)
        if path is not None:
            self._locks.release(path)
