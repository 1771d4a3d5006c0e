"""Files in and out: photos, projects, PNG. Reading and writing happen on threads; refusals become notices."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from nvg_studio.errors import NVGError
from nvg_studio.imaging.crop import square_crop
from nvg_studio.imaging.read import read_image
from nvg_studio.imaging.write import write_png
from nvg_studio.project import storage
from nvg_studio.project.document import Document
from nvg_studio.ui.messages import Kind, Notice
from nvg_studio.ui.session import Session

PROJECT_SUFFIX = ".nvgs"
PHOTO_FILTER = "Pictures and projects (*.nvgs *.png *.jpg *.jpeg *.webp *.tif *.tiff *.bmp *.gif *.avif);;All files (*)"
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
        """Open a project (.nvgs) or a photo."""
        if path.suffix.lower() == PROJECT_SUFFIX:
            self._open_project(path)
        else:
            self._open_photo(lambda: read_image(path), path.name, path)

    def open_picture(self, image: NDArray[np.uint8], title: str) -> None:
        """Open a picture that is in memory, uint8 [H, W, 3]."""
        self._open_photo(lambda: image, title, None)

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

        self._session.jobs.start(lambda: storage.save(storage.Project(document), path), done, self._refuse)

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

    def _open_project(self, path: Path) -> None:
        self._latest += 1
        number = self._latest

        def done(document: Document) -> None:
            if number == self._latest:
                self._session.drop_opening()
                self._session.replace_document(document, path.stem, path, saved=True)
                self.used.emit(path)

        self._session.jobs.start(lambda: storage.load(path).document, done, self._refuse)

    def _say(self, text: str) -> None:
        self._session.said.emit(Notice(text))

    def _refuse(self, problem: Exception) -> None:
        text = str(problem) if isinstance(problem, NVGError | OSError) else f"Something went wrong: {problem!r}"
        self._session.said.emit(Notice(text, Kind.ERROR))
