"""Thumbnails of steps and results, made on a thread and cached."""

from collections import OrderedDict
from collections.abc import Callable, Hashable

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from nvg_studio.editor.background import BackgroundWork
from nvg_studio.editor.pictures.qimages import to_qimage
from nvg_studio.imaging.crop import Picture, resize
from nvg_studio.project.document import Snapshot
from nvg_studio.project.storage.project_file import Project
from nvg_studio.project.thumbnails import SIDE, appearance_key, step_picture

TILE_SIDE = 192
"""Pixels a side on the results page; rows of the history have SIDE."""
MAX_KEPT = 192


class Thumbnails(QObject):
    """`of` answers from memory, or starts the work and emits `ready` when it is done."""

    ready = Signal()

    def __init__(self, jobs: BackgroundWork, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        # With what an image was drawn from: as long as that is referenced here, its id is not reused.
        self._images: OrderedDict[Hashable, tuple[Picture, QImage | None]] = OrderedDict()

    def of_step(self, snapshot: Snapshot, base: Picture, side: int = SIDE) -> QImage | None:
        """A step: its picture with the clusters of the edited cells over it."""
        return self._of((appearance_key(snapshot), side), base, lambda: step_picture(snapshot, base, side))

    def take(self, project: Project) -> None:
        """Use what a project brought, those of its latest steps."""
        document = project.document
        latest = list(zip(document.history.snapshots, project.thumbnails, strict=False))[-MAX_KEPT:]
        for step, picture in latest:
            self._images[appearance_key(step), SIDE] = (document.pictures[step.base], to_qimage(picture))

    def of_picture(self, picture: Picture) -> QImage | None:
        """A square picture that stays the same array as long as it is shown."""
        return self._of(id(picture), picture, lambda: resize(picture, TILE_SIDE))

    def _of(self, key: Hashable, source: Picture, draw: Callable[[], Picture]) -> QImage | None:
        if key not in self._images:
            self._images[key] = (source, None)

            def done(image: QImage) -> None:
                if key in self._images:
                    self._images[key] = (source, image)
                self.ready.emit()

            self._jobs.start(lambda: to_qimage(draw()), done, lambda problem: None)
            while len(self._images) > MAX_KEPT:
                self._images.popitem(last=False)
        self._images.move_to_end(key)
        return self._images[key][1]
