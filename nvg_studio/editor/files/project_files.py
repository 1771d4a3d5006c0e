"""Opening and saving of photos, projects and PNG files, on threads; errors become notices."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from nvg_studio.editor.background import Lane
from nvg_studio.editor.context import EditorContext
from nvg_studio.editor.documents.open_document import NewDocument, OpenRequest
from nvg_studio.editor.documents.store import Outcome
from nvg_studio.editor.notices import Kind, Notice, error_notice
from nvg_studio.errors import ProjectError
from nvg_studio.imaging.crop import square_crop
from nvg_studio.imaging.read import read_image
from nvg_studio.project.importing import project_in_picture
from nvg_studio.project.storage import project_file
from nvg_studio.project.storage.file_stamp import FileStamp, is_changed, stamp_of

PROJECT_SUFFIX = ".nvgs"
_PICTURES = "*.png *.jpg *.jpeg *.webp *.tif *.tiff *.bmp *.gif *.avif *.heic *.heif *.jxl *.psd *.ora *.kra"
PHOTO_FILTER = f"Pictures and projects (*.nvgs {_PICTURES});;All files (*)"
PICTURE_FILTER = f"Pictures ({_PICTURES});;All files (*)"
PROJECT_FILTER = "NVG Studio project (*.nvgs)"
Result = TypeVar("Result")
Picture = NDArray[np.uint8]


def _nothing() -> None:
    """The default of callbacks."""


class ChangedOutside(ProjectError):
    """A project file differs from what was opened or saved here."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path.name} was changed by another program since it was opened or saved here.")


@dataclass(frozen=True, eq=False)
class BlockedSave:
    """A save that would replace what another program wrote; `then` and `otherwise` as in `ProjectFiles.save`."""

    path: Path
    then: Callable[[], None]
    otherwise: Callable[[], None]


class ProjectFiles(QObject):
    """Opens and saves. `file_used` carries the path of a file that was opened or saved; `locked_elsewhere` changes with
    `changed`.

    `changed_outside` carries a `BlockedSave`. `locked_elsewhere`: a project that was not opened because another window
    has it.
    """

    file_used = Signal(object)
    changed = Signal()
    changed_outside = Signal(object)

    def __init__(
        self, context: EditorContext, read_photo: Callable[[OpenRequest, Picture], None], parent: QObject | None = None
    ) -> None:
        """`read_photo`: has the structure of a square crop uint8 [S, S, 3] read and opens it."""
        super().__init__(parent)
        self._context, self._store = context, context.store
        self._read_photo = read_photo
        self.locked_elsewhere: Path | None = None
        self._written: dict[Path, FileStamp] = {}
        """What was written last to each file; set on the thread that saves, before the callback on the GUI thread."""
        context.store.replaced.connect(self._clear_locked)

    def open(self, path: Path) -> None:
        """Open a project (.nvgs), a PNG that may hold one, or a photo."""
        request = self._store.begin_opening(path.name)
        if path.suffix.lower() == PROJECT_SUFFIX:
            self._with_lock(
                path,
                lambda: _load(path),
                lambda loaded: self._open_project(request, *loaded, path),
                Lane.FILES,
                lambda problem: self._handle_failure(request, problem),
                lambda problem: self._offer_copy(request, path, problem),
            )
        elif path.suffix.lower() == ".png":
            self._read(
                request, lambda: project_in_picture(path), lambda work: self._open_project_or_photo(request, work, path)
            )
        else:
            self._open_photo(request, lambda: read_image(path), path)

    def open_picture(self, read: Callable[[], Picture], title: str) -> None:
        """Open a picture that is in memory; `read` gives it as uint8 [H, W, 3], on a thread."""
        self._open_photo(self._store.begin_opening(title), read, None)

    def open_copy(self) -> None:
        """Open the project that another window has open, as it is in its file, as a copy that has no file yet."""
        path = self.locked_elsewhere
        if path is None:
            return
        request = self._store.begin_opening(f"{path.stem} (copy)")

        def done(project: project_file.Project) -> None:
            new = NewDocument(project.document, request.title, None, True, project)
            if self._store.finish_opening(request, new) is Outcome.OPENED:
                self._notify(
                    f"This is a copy of {path.name} as it was saved last: save it under another name to keep it."
                )

        # Without holding it: a file is replaced as a whole, so whoever reads it sees the old or the new one.
        self._read(request, lambda: project_file.load(path), done)

    def save(
        self,
        path: Path,
        then: Callable[[], None] = _nothing,
        otherwise: Callable[[], None] = _nothing,
        replace_changed: bool = False,
    ) -> None:
        """Save the project; `then` is called when it is on the disk and still open, or else `otherwise`.

        Where another program changed the file since it was opened or saved, nothing is written and `changed_outside`
        is emitted instead, unless `replace_changed`.
        """
        request, now = self._store.begin_saving(), self._store.current
        if now is None:
            return
        project = self._context.to_project()
        known = now.file if path == now.path and not replace_changed else None

        def work() -> FileStamp | None:
            # A save that was asked for before this one may have written it meanwhile.
            ours = [stamp for stamp in (known, self._written.get(path)) if stamp is not None]
            if known is not None and all(is_changed(path, stamp) for stamp in ours):
                raise ChangedOutside(path)
            file = project_file.save(project, path)
            if file is not None:
                self._written[path] = file
            return file

        def done(file: FileStamp | None) -> None:
            own = self._store.finish_saving(request, path, file)
            self.file_used.emit(path)
            self._notify(f"Saved {path.name}.")
            (then if own else otherwise)()

        def refused(problem: Exception) -> None:
            if isinstance(problem, ChangedOutside):
                self.changed_outside.emit(BlockedSave(path, then, otherwise))
            else:
                self._report_error(problem)
                otherwise()

        self._with_lock(path, work, done, Lane.SAVES, refused, refused)

    def _open_photo(self, request: OpenRequest, read: Callable[[], Picture], path: Path | None) -> None:
        def done(crop: Picture) -> None:
            if self._store.is_latest(request):
                self._read_photo(request, crop)
                if path is not None:
                    self.file_used.emit(path)

        self._read(request, lambda: square_crop(read()), done)

    def _read(self, request: OpenRequest, work: Callable[[], Result], then: Callable[[Result], None]) -> None:
        """Read the document of `request` on a thread."""
        self._context.background.start(work, then, lambda problem: self._handle_failure(request, problem), Lane.FILES)

    def _handle_failure(self, request: OpenRequest, problem: Exception) -> None:
        self._store.cancel_opening(request)
        self._report_error(problem)

    def _open_project_or_photo(self, request: OpenRequest, project: project_file.Project | None, path: Path) -> None:
        if project is None:
            self._open_photo(request, lambda: read_image(path), path)
        else:
            self._open_project(request, project, None, path)

    def _open_project(
        self, request: OpenRequest, project: project_file.Project, file: FileStamp | None, path: Path
    ) -> None:
        """Open a project; one from a picture has no file of its own yet."""
        own = path if path.suffix.lower() == PROJECT_SUFFIX else None
        new = NewDocument(project.document, path.stem, own, own is not None, project, file)
        self._store.finish_opening(request, new)
        self.file_used.emit(path)

    def _offer_copy(self, request: OpenRequest, path: Path, problem: Exception) -> None:
        self._store.cancel_opening(request)
        self.locked_elsewhere = path
        self.changed.emit()
        self._context.notify(replace(error_notice(problem, Kind.WARNING), action="file.open_copy"))

    def _clear_locked(self) -> None:
        self.locked_elsewhere = None
        self.changed.emit()

    def _with_lock(
        self,
        path: Path,
        work: Callable[[], Result],
        then: Callable[[Result], None],
        lane: Lane,
        failed: Callable[[Exception], None],
        locked_elsewhere: Callable[[Exception], None],
    ) -> None:
        """Read or write a project file on a thread; `locked_elsewhere` is called where another window has it open."""
        holds = self._context.project_locks
        try:
            holds.acquire(path)
        except ProjectError as problem:
            locked_elsewhere(problem)
            return
        self._context.background.start(
            work,
            then,
            failed,
            lane,
            ended=lambda: holds.release(path),
            queue_key=os.path.realpath(path) if lane is Lane.SAVES else "",
            label=f"Saving {path.name}",
        )

    def _notify(self, text: str) -> None:
        self._context.notify(Notice(text))

    def _report_error(self, problem: Exception) -> None:
        self._context.notify(error_notice(problem))


def _load(path: Path) -> tuple[project_file.Project, FileStamp | None]:
    """A project and what its file was before it was read: who changes it meanwhile is noticed when it is saved."""
    try:
        file = stamp_of(path) if path.is_file() else None
    except OSError:
        file = None  # whoever loads it says why it cannot be read
    return project_file.load(path), file
