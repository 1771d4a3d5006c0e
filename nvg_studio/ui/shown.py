"""The picture on the canvas: the document's own, with what was edited shown as the coarse picture it is by now."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from nvg_studio.editor.background import BackgroundWork
from nvg_studio.imaging.compose import compose
from nvg_studio.sampling.events import Picture
from nvg_studio.ui.canvas.pyramid import Pyramid
from nvg_studio.ui.images import to_qimage


@dataclass(frozen=True, eq=False)
class Recipe:
    """`base` inside `mask` (bool [L]), `decoded` elsewhere; `base` itself where `decoded` is None."""

    base: Picture
    decoded: Picture | None = None
    mask: NDArray[np.bool_] | None = None

    def same(self, other: "Recipe | None") -> bool:
        """Whether both give the same picture (by identity of the pictures, by value of the mask)."""
        if other is None or self.base is not other.base or self.decoded is not other.decoded:
            return False
        return self.mask is other.mask or (
            self.mask is not None and other.mask is not None and np.array_equal(self.mask, other.mask)
        )

    def cook(self) -> Picture:
        """The picture, uint8 [S, S, 3]."""
        if self.decoded is None:
            return self.base
        if self.mask is None or not self.mask.any():
            return self.decoded
        return compose(self.base, self.decoded, self.mask)


class ShownPicture(QObject):
    """Makes the picture of the latest recipe on a thread; `changed` when it is there."""

    changed = Signal()

    def __init__(self, jobs: BackgroundWork, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._recipe: Recipe | None = None
        self._cooking = False
        self.picture: Picture | None = None
        self.image: Pyramid | None = None

    def show(self, recipe: Recipe | None) -> None:
        """Show another recipe; until it is ready the last picture stays."""
        if recipe is None:
            if self._recipe is not None:
                self._recipe = self.picture = self.image = None
                self.changed.emit()
        elif not recipe.same(self._recipe):
            self._recipe = recipe
            self._cook()

    def _cook(self) -> None:
        if self._cooking or self._recipe is None:
            return
        recipe = self._recipe
        self._cooking = True

        def work() -> tuple[Picture, Pyramid]:
            picture = recipe.cook()
            return picture, Pyramid(to_qimage(picture))

        def done(result: tuple[Picture, Pyramid]) -> None:
            self._cooking = False
            if self._recipe is recipe:
                self.picture, self.image = result
                self.changed.emit()
            else:
                self._cook()

        def failed(problem: Exception) -> None:
            self._cooking = False
            raise problem

        self._jobs.start(work, done, failed)
