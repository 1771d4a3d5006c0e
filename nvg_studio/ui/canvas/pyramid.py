"""A picture that can be drawn at any size, smoothly and cheaply."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPixmap

SMOOTH_UP_TO = 12.0
"""Screen pixels per picture pixel above which single pixels are meant to be seen."""
SMALLEST = 256
LARGEST_CACHED = 1600


class Pyramid:
    """A picture at its own and at halved sizes, and the last size it was drawn at.

    Making one takes tens of milliseconds for a large picture: do it on a thread. It is drawn on the GUI thread.
    """

    def __init__(self, image: QImage) -> None:
        self._levels = [image]
        while self._levels[-1].width() >= 2 * SMALLEST:
            last = self._levels[-1]
            half = QSize(last.width() // 2, last.height() // 2)
            self._levels.append(last.scaled(half, mode=Qt.TransformationMode.SmoothTransformation))
        self._drawn: QPixmap | None = None

    @property
    def side(self) -> int:
        """Width of the picture in pixels."""
        return self._levels[0].width()

    def draw(self, painter: QPainter, rect: QRectF) -> None:
        """Draw the picture into the square `rect`."""
        ratio = painter.device().devicePixelRatioF()
        side = round(rect.width() * ratio)
        if side > LARGEST_CACHED:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._smooth(side))
            painter.drawImage(rect, self._levels[0])
            return
        if self._drawn is None or self._drawn.width() != side:
            level = next((one for one in reversed(self._levels) if one.width() >= side), self._levels[0])
            kind = Qt.TransformationMode
            mode = kind.SmoothTransformation if self._smooth(side) else kind.FastTransformation
            self._drawn = QPixmap.fromImage(level.scaled(QSize(side, side), mode=mode))
        self._drawn.setDevicePixelRatio(ratio)
        painter.drawPixmap(rect.topLeft(), self._drawn)

    def _smooth(self, side: int) -> bool:
        return side < SMOOTH_UP_TO * self.side
