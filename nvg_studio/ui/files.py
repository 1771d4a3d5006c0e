"""Files in and out: photos, projects, PNG. Reading and writing happen on threads; refusals become notices."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from nvg_studio.errors import NVGError, ProjectError
from nvg_studio.imaging.crop import square_crop
from nvg_studio.imaging.read import read_image
from nvg_studio.imaging.write import write_png
from nvg_studio.project import storage
from nvg_studio.project.importing import work_in_picture
from nvg_studio.ui.messages import Kind, Notice
from nvg_studio.ui.session import Session

PROJECT_SUFFIX = ".nvgs"
PHOTO_FILTER = "Pictures and projects (*.nvgs *.png *.jpg *.jpeg *.webp *.tif *.tiff *.bmp *.gif *.avif);;All files (*)"
PICTURE_FILTER = "Pictures (*.png *.jpg *.jpeg *.webp *.tif *.tiff *.bmp *.gif *.avif);;All files (*)"
PROJECT_FILTER = "NVG Studio project (*.nvgs)"
PNG_FILTER = "PNG picture (*.png)"


class Files(QObject):
    """Opens and saves for a session. `used` carries the path of a file that was opened or saved."""

    used = Signal(object)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._latest = 0

    def open(self, path: Path) -> None:
        """Open a project (.nvgs), a PNG that may hold one, or a photo."""
        if path.suffix.lower() in (PROJECT_SUFFIX, ".png"):
            self._open_work(path)
        else:
            self._open_photo(lambda: read_image(path), path.name, path)

    def open_picture(self, read: Callable[[], NDArray[np.uint8]], title: str) -> None:
        """Open a picture that is in memory; `read` gives it as uint8 [H, W, 3], on a thread."""
        self._open_photo(read, title, None)

    def save(self, path: Path, then: Callable[[], None] | None = None) -> None:
        """Save the project; `then` is called when it is on the disk."""
        document = self._session.document
        if document is None:
            return

        def done(_: object) -> None:
            self._session.mark_saved(document, path)
            self.used.emit(path)
            self._say(f"Saved {path.name}.")
            if then is not None:
                then()

        project = self._session.project()
        self._while_held(path, lambda: storage.save(project, path), done)

    def export_png(self, path: Path, picture: NDArray[np.uint8]) -> None:
        """Save a picture as PNG."""
        self._session.jobs.start(
            lambda: write_png(path, picture), lambda _: self._say(f"Saved {path.name}."), self._refuse
        )

    def _open_photo(self, read: Callable[[], NDArray[np.uint8]], title: str, path: Path | None) -> None:
        self._latest += 1
        number = self._latest

        def done(crop: NDArray[np.uint8]) -> None:
            if number == self._latest:
                self._session.read_photo(crop, title)
                if path is not None:
                    self.used.emit(path)

        self._session.jobs.start(lambda: square_crop(read()), done, self._refuse)

    def _open_work(self, path: Path) -> None:
        """Open a project, or a picture that may hold one."""
        self._latest += 1
        number = self._latest

        def done(project: storage.Project | None) -> None:
            if number == self._latest:
                if project is None:
                    self._open_photo(lambda: read_image(path), path.name, path)
                else:
                    self._take(project, path)

        if path.suffix.lower() == PROJECT_SUFFIX:
            self._while_held(path, lambda: storage.load(path), done, lambda problem: self._offer_copy(path, problem))
        else:
            self._session.jobs.start(lambda: work_in_picture(path), done, self._refuse)

    def open_copy(self) -> None:
        """Open the project that another window has open, as it is in its file, as a copy that has no file yet."""
        path = self._session.held
        if path is None:
            return

        def done(project: storage.Project) -> None:
            self._session.take(project, f"{path.stem} (copy)", None, saved=True)
            self._say(f"This is a copy of {path.name} as it was saved last: save it under another name to keep it.")

        # Without holding it: a file is replaced as a whole, so whoever reads it sees the old or the new one.
        self._session.jobs.start(lambda: storage.load(path), done, self._refuse)

    def _offer_copy(self, path: Path, problem: Exception) -> None:
        session = self._session
        session.held = path
        session.changed.emit()
        session.said.emit(Notice(str(problem), Kind.WARNING, offer="file.open_copy"))

    def _while_held(
        self,
        path: Path,
        work: Callable[[], Any],
        then: Callable[[Any], None],
        held: Callable[[Exception], None] | None = None,
    ) -> None:
        """Read or write a project file on a thread; `held` is told where another window has it open."""
        session = self._session
        try:
            session.holds.begin(path)
        except ProjectError as problem:
            (held or self._refuse)(problem)
            return

        def done(result: Any) -> None:
            then(result)
            session.holds.end(path)

        def failed(problem: Exception) -> None:
            session.holds.end(path)
            self._refuse(problem)

        session.jobs.start(work, done, failed)

    def _take(self, project: storage.Project, path: Path) -> None:
        """Go on with a project; one from a picture has no file of its own yet."""
        own = path if path.suffix.lower() == PROJECT_SUFFIX else None
        self._session.take(project, path.stem, own, saved=own is not None)
        self.used.emit(path)

    def _say(self, text: str) -> None:
        self._session.said.emit(Notice(text))

    def _refuse(self, problem: Exception) -> None:
        text = str(problem) if isinstance(problem, NVGError | OSError) else f"Something went wrong: {problem!r}"
        self._session.said.emit(Notice(text, Kind.ERROR))
