"""Autosave: unsaved work is written while it changes, and offered again after a crash."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QObject

from nvg_studio.editor.background import Lane
from nvg_studio.editor.context import EditorContext
from nvg_studio.editor.documents.open_document import OpenDocument, SaveState
from nvg_studio.editor.notices import Kind, Notice
from nvg_studio.editor.timers import single_shot
from nvg_studio.errors import ProjectError, describe
from nvg_studio.project.autosave import Autosave, Origin, Recovery
from nvg_studio.sampling.settings import GenerationSettings

SECOND_MS = 1000
DEFAULT_DELAY_S = 5
"""Between a change and its writing, and so the most work that a crash can lose, unless chosen otherwise."""
MIN_PAUSE_FACTOR = 10
"""A large document is written less often: the pause is this many times as long as its writing took."""


Unsaved = tuple[SaveState, GenerationSettings]
"""What is autosaved of a document that differs from its file."""


@dataclass(eq=False)
class AutosaveSlot:
    """What is on the disk of one document: `written`, None for nothing.

    `recoveries`: what the document was recovered from; deleted once the document itself is on the disk.
    """

    autosave: Autosave | None = None
    written: Unsaved | None = None
    recoveries: list[Recovery] = field(default_factory=list)

    def discard_recoveries(self) -> None:
        """Delete what the document was recovered from: the document is on the disk, or discarded."""
        for recovery in self.recoveries:
            recovery.discard()
        self.recoveries = []

    def clear(self) -> None:
        """Delete all autosaved data: nothing of this document would be lost."""
        self.discard_recoveries()
        if self.autosave is not None:
            self.autosave.clear()

    def close(self) -> None:
        """Release the files; what was not deleted is offered at the next start."""
        for recovery in self.recoveries:
            recovery.close()
        if self.autosave is not None:
            self.autosave.close()


class Autosaver(QObject):
    """Writes the open document to a slot of its own on a thread, only when it changed; clears it once it is saved.

    Every document has its own slot, so that a late write of one never touches another.
    """

    def __init__(self, context: EditorContext, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder = folder
        self._context, self._store = context, context.store
        self._slot: AutosaveSlot | None = None
        self._retired: list[AutosaveSlot] = []
        self._writing = self._failure_reported = self._discard_on_close = False
        self._timer = single_shot(self, 0, self.write)
        self.set_delay(DEFAULT_DELAY_S)
        self._store.replaced.connect(self._retire_slot)
        self._store.changed.connect(self._schedule)

    @property
    def up_to_date(self) -> bool:
        """Whether what is on the disk is what would be lost."""
        now, place = self._store.current, self._slot
        if now is None:
            return True
        kept = place.written if place is not None else None
        return not self._retired and kept == _unsaved(now)

    def adopt_recovery(self, recovery: Recovery) -> None:
        """The open document was recovered from `recovery`, which is deleted once the document is on the disk."""
        self._slot = self._slot or AutosaveSlot()
        self._slot.recoveries.append(recovery)

    def set_delay(self, seconds: int) -> None:
        """Set how long after a change it is written, in seconds."""
        self._delay_ms = SECOND_MS * seconds
        self._timer.setInterval(self._delay_ms)

    def discard_on_close(self) -> None:
        """The user discards the document; its autosave is deleted at `close`."""
        self._discard_on_close = True

    def stop(self) -> None:
        """Start no further write."""
        self._timer.stop()

    def close(self) -> None:
        """Leave unsaved work for the next start. The threads must have ended."""
        now = self._store.current
        if self._slot is not None and (self._discard_on_close or now is None or not now.modified):
            self._slot.clear()
        for place in self._retired:
            place.clear()
        for place in (*self._retired, *([] if self._slot is None else [self._slot])):
            place.close()

    def write(self) -> None:
        """Bring the disk up to date now."""
        now = self._store.current
        if self._writing or now is None or self.up_to_date:
            return
        if self._retired:
            self._clear_retired()
            return
        place, unsaved = self._slot or AutosaveSlot(), _unsaved(now)
        self._slot = place
        try:
            disk = place.autosave = place.autosave or Autosave(self.folder)
        except ProjectError as problem:
            self._report_error(problem)
            return
        begun = time.monotonic()

        def done() -> None:
            self._failure_reported = False
            place.written = unsaved
            place.discard_recoveries()
            self._timer.setInterval(max(self._delay_ms, round(MIN_PAUSE_FACTOR * 1000 * (time.monotonic() - begun))))

        if unsaved is None:
            self._start(disk.clear, done)
        else:
            project = self._context.to_project()
            path = None if now.path is None else str(now.path)
            origin = Origin(name=now.name, path=path, time=time.time(), file=now.file)
            self._start(lambda: disk.write(project, origin), done)

    def _start(self, work: Callable[[], None], done: Callable[[], None]) -> None:
        self._writing = True
        self._context.background.start(
            work, lambda _: done(), self._report_error, Lane.AUTOSAVE, ended=self._handle_end
        )

    def _handle_end(self) -> None:
        self._writing = False
        if not self._failure_reported:
            self._schedule()

    def _schedule(self) -> None:
        now = self._store.current
        if now is None or self._writing:
            return
        if self.up_to_date:
            self._timer.stop()
        elif self._retired or _unsaved(now) is None:
            self.write()
        elif not self._timer.isActive():
            self._timer.start()

    def _retire_slot(self) -> None:
        """Another document is open: the autosaved data of the previous one is deleted next."""
        if self._slot is not None:
            self._retired.append(self._slot)
            self._slot = None

    def _clear_retired(self) -> None:
        left = tuple(self._retired)

        def work() -> None:
            for place in left:
                place.clear()
                place.close()

        def done() -> None:
            self._retired = [place for place in self._retired if place not in left]

        self._start(work, done)

    def _report_error(self, problem: Exception) -> None:
        """Reported once; the write is tried again after the next change."""
        if not self._failure_reported:
            error = describe(problem)
            self._context.notify(Notice(f"Unsaved work is not kept: {error.text}", Kind.WARNING, error.details))
        self._failure_reported = True


def _unsaved(document: OpenDocument) -> Unsaved | None:
    return (document.save_state, document.settings) if document.modified else None
