"""Unsaved work is kept on the disk while it changes, and offered again where the program died."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from nvg_studio.errors import ProjectError
from nvg_studio.project.autosave import Autosave, Origin, Recovery
from nvg_studio.ui.messages import Kind, Notice
from nvg_studio.ui.timers import single_shot

if TYPE_CHECKING:
    from nvg_studio.ui.session import Session, Work

SECOND_MS = 1000
PAUSE_S = 5
"""Between a change and its writing, and so the most work that a dying program takes along, unless chosen otherwise."""
REST = 10
"""A large document is written less often: it rests this many times as long as its writing took."""


class Keeper(QObject):
    """Writes the session's document to a folder of its own on a thread, only when it changed; clears it once saved."""

    def __init__(self, session: "Session", folder: Path) -> None:
        super().__init__(session)
        self.folder = folder
        self._session = session
        self._place: Autosave | None = None
        self._kept: Work | None = None
        """What is on the disk; None: nothing is."""
        self._working = self._refused = self._given_up = False
        self._recovered: list[Recovery] = []
        self._timer = single_shot(self, 0, self.write)
        self.pause(PAUSE_S)
        session.changed.connect(self._look)

    @property
    def up_to_date(self) -> bool:
        """Whether what is on the disk is what would be lost."""
        return self._kept == self._unsaved

    def recovered(self, recovery: Recovery) -> None:
        """The document is what `recovery` held: that goes when the document itself is on the disk."""
        self._recovered.append(recovery)

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
        if self._given_up or not self._session.modified:
            self._let_go()
            if self._place is not None:
                self._place.clear()
        for recovery in self._recovered:
            recovery.close()
        if self._place is not None:
            self._place.close()

    @property
    def _unsaved(self) -> "Work | None":
        return self._session.work if self._session.modified else None

    def _look(self) -> None:
        if self.up_to_date:
            self._timer.stop()
        elif not self._working and self._unsaved is None:
            self.write()
        elif not self._working and not self._timer.isActive():
            self._timer.start()

    def write(self) -> None:
        """Bring the disk up to date now."""
        session, unsaved = self._session, self._unsaved
        if self._working or self.up_to_date:
            return
        try:
            place = self._place = self._place or Autosave(self.folder)
        except ProjectError as problem:
            self._refuse(problem)
            return
        self._working = True
        begun = time.monotonic()
        project = None if unsaved is None else session.project()
        path = None if session.path is None else str(session.path)
        origin = Origin(name=session.name, path=path, time=time.time())

        def done(_: object) -> None:
            self._working = self._refused = False
            self._kept = unsaved
            self._let_go()
            self._timer.setInterval(max(self._pause_ms, round(REST * 1000 * (time.monotonic() - begun))))
            self._look()

        session.jobs.start(
            lambda: place.clear() if project is None else place.write(project, origin), done, self._refuse
        )

    def _refuse(self, problem: Exception) -> None:
        """Said once; tried again after the next change."""
        self._working = False
        if not self._refused:
            text = f"Unsaved work is not kept: {problem}" if isinstance(problem, ProjectError) else str(problem)
            self._session.said.emit(Notice(text, Kind.WARNING))
        self._refused = True

    def _let_go(self) -> None:
        for recovery in self._recovered:
            recovery.discard()
        self._recovered = []
