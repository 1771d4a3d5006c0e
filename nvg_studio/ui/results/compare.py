"""Two pictures side by side, or one over the other with an edge that is dragged across (wipe)."""

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from nvg_studio.ui.qt.theme import Theme

GAP = 12
CAPTION = 26


class CompareView(QWidget):
    """`wipe` 0..1 is where the edge is, from the left; `wipe_moved` after the user moved it."""

    wipe_moved = Signal(float)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._pictures: tuple[QImage, ...] = ()
        self._captions: tuple[str, ...] = ()
        self.side_by_side = True
        self.wipe = 0.5
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Comparison of two results")

    def show_pair(self, pictures: tuple[QImage, QImage], captions: tuple[str, str]) -> None:
        """Show two pictures; the second one is seen right of the edge."""
        self._pictures, self._captions = pictures, captions
        self.update()

    def set_side_by_side(self, on: bool) -> None:
        """Side by side, or wipe."""
        self.side_by_side = on
        self.setCursor(Qt.CursorShape.ArrowCursor if on else Qt.CursorShape.SplitHCursor)
        self.update()

    def set_wipe(self, share: float) -> None:
        """Move the edge."""
        self.wipe = min(max(share, 0.0), 1.0)
        self.wipe_moved.emit(self.wipe)
        self.update()

    def frames(self) -> tuple[QRectF, QRectF]:
        """Where the two pictures are, in widget pixels; the same place for a wipe."""
        width = (self.width() - 3 * GAP) / 2 if self.side_by_side else self.width() - 2 * GAP
        side = max(min(width, self.height() - CAPTION - 2 * GAP), 1.0)
        top = (self.height() - CAPTION - side) / 2
        middle = self.width() / 2
        if not self.side_by_side:
            frame = QRectF(middle - side / 2, top, side, side)
            return frame, frame
        return QRectF(middle - GAP / 2 - side, top, side, side), QRectF(middle + GAP / 2, top, side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._theme.colours.canvas))
        if len(self._pictures) == 2:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            left, right = self.frames()
            painter.drawImage(left, self._pictures[0])
            if self.side_by_side:
                painter.drawImage(right, self._pictures[1])
            else:
                self._draw_wipe(painter, right)
            self._draw_captions(painter, left, right)
        painter.end()

    def _draw_wipe(self, painter: QPainter, frame: QRectF) -> None:
        edge = frame.left() + self.wipe * frame.width()
        painter.save()
        painter.setClipRect(QRectF(edge, frame.top(), frame.right() - edge, frame.height()))
        painter.drawImage(frame, self._pictures[1])
        painter.restore()
        for colour, width in ((QColor(0, 0, 0, 150), 3.0), (QColor(255, 255, 255), 1.0)):
            painter.setPen(QPen(colour, width))
            painter.drawLine(QPointF(edge, frame.top()), QPointF(edge, frame.bottom()))

    def _draw_captions(self, painter: QPainter, left: QRectF, right: QRectF) -> None:
        painter.setPen(QColor(self._theme.colours.dim))
        places = [QRectF(f.left(), f.bottom() + 4, f.width(), CAPTION - 4) for f in (left, right)]
        start, end = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        sides = (start, start if self.side_by_side else end)
        room = int(left.width() if self.side_by_side else left.width() / 2 - GAP)
        for place, side, caption in zip(places, sides, self._captions, strict=True):
            text = painter.fontMetrics().elidedText(caption, Qt.TextElideMode.ElideRight, room)
            painter.drawText(place, side | Qt.AlignmentFlag.AlignVCenter, text)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._wipe_to(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._wipe_to(event.position())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -0.05, Qt.Key.Key_Right: 0.05}.get(Qt.Key(event.key()))
        if step is None or self.side_by_side:
            super().keyPressEvent(event)
        else:
            self.set_wipe(self.wipe + step)

    def _wipe_to(self, position: QPointF) -> None:
        frame = self.frames()[0]
        if not self.side_by_side:
            self.set_wipe((position.x() - frame.left()) / frame.width())
