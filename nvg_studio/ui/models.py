"""The models on this machine as the window sees them: listed on a thread, fetched in a process of its own."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from nvg_studio.editor.background import Lane
from nvg_studio.editor.latest import Latest
from nvg_studio.editor.notices import failure
from nvg_studio.errors import Cancelled
from nvg_studio.hub import install, library, published
from nvg_studio.hub.library import Damaged, ModelFacts
from nvg_studio.hub.progress import Progress
from nvg_studio.hub.subprocess_task import run_in_subprocess
from nvg_studio.ui.messages import Notice
from nvg_studio.ui.session import Session

Found = tuple[ModelFacts | Damaged, ...]


class Models(QObject):
    """One piece of work at a time.

    `changed`: the list, the work or the problem is another; `installed` carries the folder of a model that came in.
    """

    changed = Signal()
    installed = Signal(object)
    _moved = Signal(object, object)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._stop = threading.Event()
        self._list_asked = Latest()
        self.found: Found = ()
        self.progress: Progress | None = None
        """Of the work under way; None: there is none."""
        self.problem = ""
        """Why the last work failed."""
        self._moved.connect(self._show, Qt.ConnectionType.QueuedConnection)

    def look(self) -> None:
        """List the models anew."""
        folder = self._session.info.folder if self._session.info is not None else ""
        elsewhere = Path(folder) if folder else None
        request = self._list_asked.ask()
        work = lambda: tuple(library.survey(elsewhere))  # noqa: E731
        self._session.jobs.start(work, request.only(self._take), request.only(self._refuse), Lane.FILES)

    def accept_and_download(self, name: str) -> None:
        """Write down that the licence is accepted, then fetch a published model."""
        self._session.jobs.start(published.accept_licence, lambda _: self.download(name), self._refuse, Lane.FILES)

    def download(self, name: str) -> None:
        """Fetch a published model whose licence is accepted."""
        self._begin(f"Looking for {name}", install.install_published, name, None)

    def bring_folder(self, folder: Path) -> None:
        """Copy a model folder into the library."""
        self._begin(f"Checking {folder.name}", install.install_folder, folder, None)

    def bring_checkpoints(self, autoencoder: Path, generator: Path) -> None:
        """Convert two published checkpoints into the library."""
        self._begin(f"Converting {generator.name}", install.install_checkpoints, autoencoder, generator, True, None)

    def remove(self, folder: Path) -> None:
        """Delete a model of the user's own folder."""
        self._session.jobs.start(lambda: library.remove(folder), lambda _: self.look(), self._refuse, Lane.FILES)

    def stop(self) -> None:
        """Give up the work under way; what was downloaded so far is used the next time."""
        self._stop.set()

    def _begin(self, text: str, work: Callable[..., Path], *arguments: Any) -> None:
        if self.progress is not None:
            return
        # An own flag for every work: one that ends late must not see the flag of the next.
        self._stop = stop = threading.Event()
        self.progress, self.problem = Progress(text), ""
        self.changed.emit()
        self._session.jobs.start(
            lambda: run_in_subprocess(work, arguments, lambda progress: self._moved.emit(stop, progress), stop),
            self._installed,
            self._failed,
            Lane.LONG,
            label=text,
            stop=stop,
        )

    def _show(self, work: threading.Event, progress: Progress) -> None:
        """Show how far the work with this flag is; a report of one that has ended comes too late."""
        if self.progress is not None and work is self._stop:
            self.progress = progress
            self.changed.emit()

    def _installed(self, folder: Path) -> None:
        self.progress = None
        self._session.said.emit(Notice(f"{folder.name} is here now: choose it under Run, Models."))
        self.installed.emit(folder)
        self.look()

    def _failed(self, problem: Exception) -> None:
        self.progress = None
        self._refuse(problem)

    def _refuse(self, problem: Exception) -> None:
        if not isinstance(problem, Cancelled):
            notice = failure(problem)
            self.problem = notice.text
            self._session.said.emit(notice)
        self.changed.emit()

    def _take(self, found: Found) -> None:
        self.found = found
        self.changed.emit()
