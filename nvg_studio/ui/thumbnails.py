"""Small pictures of steps and results, made on a thread and kept while somebody may look at them."""

from collections import OrderedDict
from collections.abc import Callable, Hashable

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from nvg_studio.imaging.cells import spread
from nvg_studio.imaging.crop import Picture, resize
from nvg_studio.imaging.draw import structure_map
from nvg_studio.project.document import Snapshot
from nvg_studio.project.view import edited_cells
from nvg_studio.ui.images import to_qimage
from nvg_studio.ui.jobs import Jobs

SIDE = 192
MOST_KEPT = 512


class Thumbnails(QObject):
    """`of` answers from memory, or starts the work and emits `ready` when it is done."""

    ready = Signal()

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        # With what an image was drawn from: as long as that is held here, its identity is nobody else's.
        self._images: OrderedDict[Hashable, tuple[Picture, QImage | None]] = OrderedDict()

    def of_step(self, snapshot: Snapshot, base: Picture) -> QImage | None:
        """A step: its picture with the clusters of the edited cells over it."""
        key = (snapshot.base, snapshot.sequence, snapshot.result, snapshot.layout)
        return self._of(key, base, lambda: step_picture(snapshot, base))

    def of_picture(self, picture: Picture) -> QImage | None:
        """A square picture that stays the same array as long as it is shown."""
        return self._of(id(picture), picture, lambda: resize(picture, SIDE))

    def _of(self, key: Hashable, source: Picture, draw: Callable[[], Picture]) -> QImage | None:
        if key not in self._images:
            self._images[key] = (source, None)

            def done(image: QImage) -> None:
                self._images[key] = (source, image)
                self.ready.emit()

            self._jobs.start(lambda: to_qimage(draw()), done, lambda problem: None)
            while len(self._images) > MOST_KEPT:
                self._images.popitem(last=False)
        return self._images[key][1]


def step_picture(snapshot: Snapshot, base: Picture) -> Picture:
    """A step as uint8 [SIDE, SIDE, 3]: its base picture, edited cells in the colours of their clusters.

    A layout without content is shown whole, at the finest level that was laid out.
    """
    layout, edited = snapshot.layout, edited_cells(snapshot.result, snapshot.sequence)
    if snapshot.blank and layout is not None:
        return structure_map(snapshot.sequence.labels(layout.levels), layout.levels, SIDE)
    small = resize(base, SIDE)
    if edited is None:
        return small
    cells, stage = edited
    stage = stage if layout is None else max(stage, layout.levels)
    colours = structure_map(snapshot.sequence.labels(stage), stage, SIDE)
    return np.where(spread(cells, SIDE)[..., None], colours, small)
