"""The picture on the canvas: the document's own, edited cells decoded at their stage."""

from PySide6.QtCore import QObject, Signal

from nvg_studio.editor.background import BackgroundWork
from nvg_studio.editor.pictures.qimages import to_qimage
from nvg_studio.sampling.events import Picture
from nvg_studio.ui.canvas.composition import Composition
from nvg_studio.ui.canvas.pyramid import Pyramid


class DisplayedPicture(QObject):
    """Renders the latest composition on a thread; `changed` when it is there."""

    changed = Signal()

    def __init__(self, jobs: BackgroundWork, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._composition: Composition | None = None
        self._rendering = False
        self.picture: Picture | None = None
        self.image: Pyramid | None = None

    def show(self, composition: Composition | None) -> None:
        """Show another composition; until it is rendered the last picture stays."""
        if composition is None:
            if self._composition is not None:
                self._composition = self.picture = self.image = None
                self.changed.emit()
        elif not composition.same(self._composition):
            self._composition = composition
            self._render()

    def _render(self) -> None:
        if self._rendering or self._composition is None:
            return
        composition = self._composition
        self._rendering = True

        def work() -> tuple[Picture, Pyramid]:
            picture = composition.render()
            return picture, Pyramid(to_qimage(picture))

        def done(result: tuple[Picture, Pyramid]) -> None:
            self._rendering = False
            if self._composition is composition:
                self.picture, self.image = result
                self.changed.emit()
            else:
                self._render()

        def failed(problem: Exception) -> None:
            self._rendering = False
            raise problem

        self._jobs.start(work, done, failed)
