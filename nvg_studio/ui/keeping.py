"""Unsaved work is kept on the disk while it changes, and offered again where the program died."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QObject

from nvg_studio.editor.background import Lane
from nvg_studio.editor.context import EditorContext
from nvg_studio.editor.notices import Kind, Notice, failure
from nvg_studio.editor.open_document import OpenDocument, Work
from nvg_studio.errors import ProjectError
from nvg_studio.project.autosave import Autosave, Origin, Recovery
from nvg_studio.sampling.settings import GenerationSettings
from nvg_studio.ui.timers import single_shot

SECOND_MS = 1000
PAUSE_S = 5
"""Between a change and its writing, and so the most work that a dying program takes along, unless chosen otherwise."""
REST = 10
"""A large document is written less often: it rests this many times as long as its writing took."""


Unsaved = tuple[Work, GenerationSettings]
"""What is kept of a document that differs from its file."""


@dataclass(eq=False)
class Place:
    """What is on the disk of one document: `kept`, None for nothing.

    `recoveries`: what the document was recovered from; deleted once the document itself is on the disk.
    """

    disk: Autosave | None = None
    kept: Unsaved | None = None
    recoveries: list[Recovery] = field(default_factory=list)

    def let_go(self) -> None:
        """The document is on the disk, or not wanted: what it was recovered from goes."""
        for recovery in self.recoveries:
            recovery.discard()
        self.recoveries = []

    def clear(self) -> None:
        """There is nothing to lose of this document any more."""
        self.let_go()
        if self.disk is not None:
            self.disk.clear()

    def close(self) -> None:
        """Leave what was not cleared to the next start."""
        for recovery in self.recoveries:
            recovery.close()
        if self.disk is not None:
            self.disk.close()


class Keeper(QObject):
    """Writes the open document to a place of its own on a thread, only when it changed; clears it once it is saved.

    Every document has its own place, so that what is written late of one never touches what is kept of another.
    """

    def __init__(self, context: EditorContext, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder = folder
        self._context, self._store = context, context.store
        self._place: Place | None = None
        self._left: list[Place] = []
        self._working = self._refused = self._given_up = False
        self._timer = single_shot(self, 0, self.write)
        self.pause(PAUSE_S)
        self._store.replaced.connect(self._leave)
        self._store.changed.connect(self._look)

    @property
    def up_to_date(self) -> bool:
        """Whether what is on the disk is what would be lost."""
        now, place = self._store.current, self._place
        if now is None:
            return True
        kept = place.kept if place is not None else None
        return not self._left and kept == _unsaved(now)

    def recovered(self, recovery: Recovery) -> None:
        """The open document is what `recovery` held: that goes when the document itself is on the disk."""
        self._place = self._place or Place()
        self._place.recoveries.append(recovery)

    def pause(self, seconds: int) -> None:
        """Write so long after a change from now on."""
        self._pause_ms = SECOND_MS * seconds
        self._timer.setInterval(self._pause_ms)

    def give_up(self) -> None:
        """Nobody wants the document as it is; what was kept of it goes at `close`."""
        self._given_up = True

    def stop(self) -> None:
        """Begin nothing any more."""
        self._timer.stop()

    def close(self) -> None:
        """Leave what is still unsaved to the next start. The threads must have ended."""
        now = self._store.current
        if self._place is not None and (self._given_up or now is None or not now.modified):
            self._place.clear()
        for place in self._left:
            place.clear()
        for place in (*self._left, *([] if self._place is None else [self._place])):
            place.close()

    def write(self) -> None:
        """Bring the disk up to date now."""
        now = self._store.current
        if self._working or now is None or self.up_to_date:
            return
        if self._left:
            self._clear_left()
            return
        place, unsaved = self._place or Place(), _unsaved(now)
        self._place = place
        try:
            disk = place.disk = place.disk or Autosave(self.folder)
        except ProjectError as problem:
            self._refuse(problem)
            return
        begun = time.monotonic()

        def done() -> None:
            self._refused = False
            place.kept = unsaved
            place.let_go()
            self._timer.setInterval(max(self._pause_ms, round(REST * 1000 * (time.monotonic() - begun))))

        if unsaved is None:
            self._begin(disk.clear, done)
        else:
            project = self._context.project()
            path = None if now.path is None else str(now.path)
            origin = Origin(name=now.name, path=path, time=time.time(), file=now.file)
            self._begin(lambda: disk.write(project, origin), done)

    def _begin(self, work: Callable[[], None], done: Callable[[], None]) -> None:
        self._working = True
        self._context.work.start(work, lambda _: done(), self._refuse, Lane.AUTOSAVE, ended=self._ended)

    def _ended(self) -> None:
        self._working = False
        if not self._refused:
            self._look()

    def _look(self) -> None:
        now = self._store.current
        if now is None or self._working:
            return
        if self.up_to_date:
            self._timer.stop()
        elif self._left or _unsaved(now) is None:
            self.write()
        elif not self._timer.isActive():
            self._timer.start()

    def _leave(self) -> None:
        """Another document is open: what is on the disk of the one before is cleared next."""
        if self._place is not None:
            self._left.append(self._place)
            self._place = None

    def _clear_left(self) -> None:
        left = tuple(self._left)

        def work() -> None:
            for place in left:
                place.clear()
                place.close()

        def done() -> None:
            self._left = [place for place in self._left if place not in left]

        self._begin(work, done)

    def _refuse(self, problem: Exception) -> None:
        """Said once; tried again after the next change."""
        if not self._refused:
            known = isinstance(problem, ProjectError)
            text = Notice(f"Unsaved work is not kept: {problem}", Kind.WARNING)
            self._context.say(text if known else failure(problem, Kind.WARNING))
        self._refused = True


def _unsaved(document: OpenDocument) -> Unsaved | None:
    return (document.work, document.settings) if document.modified else None
