"""Files in and out: photos, projects, PNG. Reading and writing happen on threads; refusals become notices."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from nvg_studio.editor.background import Lane
from nvg_studio.editor.context import EditorContext
from nvg_studio.editor.notices import Kind, Notice, failure
from nvg_studio.editor.open_document import NewDocument, OpenRequest
from nvg_studio.editor.store import Outcome
from nvg_studio.errors import ProjectError
from nvg_studio.imaging.crop import square_crop
from nvg_studio.imaging.read import read_image
from nvg_studio.project import storage
from nvg_studio.project.file_stamp import FileStamp, is_changed, stamp_of
from nvg_studio.project.importing import work_in_picture

PROJECT_SUFFIX = ".nvgs"
PHOTO_FILTER = "Pictures and projects (*.nvgs *.png *.jpg *.jpeg *.webp *.tif *.tiff *.bmp *.gif *.avif);;All files (*)"
PICTURE_FILTER = "Pictures (*.png *.jpg *.jpeg *.webp *.tif *.tiff *.bmp *.gif *.avif);;All files (*)"
PROJECT_FILTER = "NVG Studio project (*.nvgs)"
Result = TypeVar("Result")
Picture = NDArray[np.uint8]


def _nothing() -> None:
    """Where nobody waits for it."""


class ChangedOutside(ProjectError):
    """A project file holds something else than when it was opened or saved here."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path.name} was changed by another program since it was opened or saved here.")


@dataclass(frozen=True, eq=False)
class BlockedSave:
    """A save that would replace what somebody else wrote; `then` and `otherwise` as given to `Files.save`."""

    path: Path
    then: Callable[[], None]
    otherwise: Callable[[], None]


class Files(QObject):
    """Opens and saves. `used` carries the path of a file that was opened or saved; `locked` changes with `changed`.

    `changed_outside` carries a `BlockedSave`. `locked`: a project that was not opened because another window has it.
    """

    used = Signal(object)
    changed = Signal()
    changed_outside = Signal(object)

    def __init__(
        self, context: EditorContext, read_photo: Callable[[OpenRequest, Picture], None], parent: QObject | None = None
    ) -> None:
        """`read_photo`: has the structure of a square crop uint8 [S, S, 3] read and opens it."""
        super().__init__(parent)
        self._context, self._store = context, context.store
        self._read_photo = read_photo
        self.locked: Path | None = None
        self._written: dict[Path, FileStamp] = {}
        """What was written last to each file, known on the thread that saves before the window is told."""
        context.store.replaced.connect(self._forget_locked)

    def open(self, path: Path) -> None:
        """Open a project (.nvgs), a PNG that may hold one, or a photo."""
        request = self._store.begin_opening(path.name)
        if path.suffix.lower() == PROJECT_SUFFIX:
            self._while_held(
                path,
                lambda: _load(path),
                lambda loaded: self._take(request, *loaded, path),
                Lane.FILES,
                lambda problem: self._failed(request, problem),
                lambda problem: self._offer_copy(request, path, problem),
            )
        elif path.suffix.lower() == ".png":
            self._read(request, lambda: work_in_picture(path), lambda work: self._take_or_read(request, work, path))
        else:
            self._open_photo(request, lambda: read_image(path), path)

    def open_picture(self, read: Callable[[], Picture], title: str) -> None:
        """Open a picture that is in memory; `read` gives it as uint8 [H, W, 3], on a thread."""
        self._open_photo(self._store.begin_opening(title), read, None)

    def open_copy(self) -> None:
        """Open the project that another window has open, as it is in its file, as a copy that has no file yet."""
        path = self.locked
        if path is None:
            return
        request = self._store.begin_opening(f"{path.stem} (copy)")

        def done(project: storage.Project) -> None:
            new = NewDocument(project.document, request.title, None, True, project)
            if self._store.finish_opening(request, new) is Outcome.OPENED:
                self._say(f"This is a copy of {path.name} as it was saved last: save it under another name to keep it.")

        # Without holding it: a file is replaced as a whole, so whoever reads it sees the old or the new one.
        self._read(request, lambda: storage.load(path), done)

    def save(
        self,
        path: Path,
        then: Callable[[], None] = _nothing,
        otherwise: Callable[[], None] = _nothing,
        replace_changed: bool = False,
    ) -> None:
        """Save the project; `then` is called when it is on the disk and still open, or else `otherwise`.

        Where somebody else changed the file since it was opened or saved, nothing is written and `changed_outside`
        is emitted instead, unless `replace_changed`.
        """
        request, now = self._store.begin_saving(), self._store.current
        if now is None:
            return
        project = self._context.project()
        known = now.file if path == now.path and not replace_changed else None

        def work() -> FileStamp | None:
            # A save that was asked for before this one may have written it meanwhile.
            ours = [stamp for stamp in (known, self._written.get(path)) if stamp is not None]
            if known is not None and all(is_changed(path, stamp) for stamp in ours):
                raise ChangedOutside(path)
            file = storage.save(project, path)
            if file is not None:
                self._written[path] = file
            return file

        def done(file: FileStamp | None) -> None:
            own = self._store.finish_saving(request, path, file)
            self.used.emit(path)
            self._say(f"Saved {path.name}.")
            (then if own else otherwise)()

        def refused(problem: Exception) -> None:
            if isinstance(problem, ChangedOutside):
                self.changed_outside.emit(BlockedSave(path, then, otherwise))
            else:
                self._refuse(problem)
                otherwise()

        self._while_held(path, work, done, Lane.SAVES, refused, refused)

    def _open_photo(self, request: OpenRequest, read: Callable[[], Picture], path: Path | None) -> None:
        def done(crop: Picture) -> None:
            if self._store.is_wanted(request):
                self._read_photo(request, crop)
                if path is not None:
                    self.used.emit(path)

        self._read(request, lambda: square_crop(read()), done)

    def _read(self, request: OpenRequest, work: Callable[[], Result], then: Callable[[Result], None]) -> None:
        """Read on a thread what `request` asked for."""
        self._context.work.start(work, then, lambda problem: self._failed(request, problem), Lane.FILES)

    def _failed(self, request: OpenRequest, problem: Exception) -> None:
        self._store.let_go(request)
        self._refuse(problem)

    def _take_or_read(self, request: OpenRequest, project: storage.Project | None, path: Path) -> None:
        if project is None:
            self._open_photo(request, lambda: read_image(path), path)
        else:
            self._take(request, project, None, path)

    def _take(self, request: OpenRequest, project: storage.Project, file: FileStamp | None, path: Path) -> None:
        """Go on with a project; one from a picture has no file of its own yet."""
        own = path if path.suffix.lower() == PROJECT_SUFFIX else None
        new = NewDocument(project.document, path.stem, own, own is not None, project, file)
        self._store.finish_opening(request, new)
        self.used.emit(path)

    def _offer_copy(self, request: OpenRequest, path: Path, problem: Exception) -> None:
        self._store.let_go(request)
        self.locked = path
        self.changed.emit()
        self._context.say(Notice(str(problem), Kind.WARNING, offer="file.open_copy"))

    def _forget_locked(self) -> None:
        self.locked = None
        self.changed.emit()

    def _while_held(
        self,
        path: Path,
        work: Callable[[], Result],
        then: Callable[[Result], None],
        lane: Lane,
        failed: Callable[[Exception], None],
        held: Callable[[Exception], None],
    ) -> None:
        """Read or write a project file on a thread; `held` is told where another window has it open."""
        holds = self._context.holds
        try:
            holds.begin(path)
        except ProjectError as problem:
            held(problem)
            return
        self._context.work.start(
            work,
            then,
            failed,
            lane,
            ended=lambda: holds.end(path),
            turn=os.path.realpath(path) if lane is Lane.SAVES else "",
            label=f"Saving {path.name}",
        )

    def _say(self, text: str) -> None:
        self._context.say(Notice(text))

    def _refuse(self, problem: Exception) -> None:
        self._context.say(failure(problem))


def _load(path: Path) -> tuple[storage.Project, FileStamp | None]:
    """A project and what its file was before it was read: who changes it meanwhile is noticed when it is saved."""
    try:
        file = stamp_of(path) if path.is_file() else None
    except OSError:
        file = None  # whoever loads it says why it cannot be read
    return storage.load(path), file
