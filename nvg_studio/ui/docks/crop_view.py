"""A small picture with a square to move over it, or a box to draw in that square."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from nvg_studio.imaging.regions import Box
from nvg_studio.ui.qt.lost_release import LostRelease
from nvg_studio.ui.qt.theme import Theme

KEY_STEP = 0.02
SIDE = 84


class CropView(QWidget):
    """Emits `crop_moved` with the square's centre (shares of the picture's sides) and `box_drawn` with a box."""

    crop_moved = Signal(float, float)
    box_drawn = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._image: QImage | None = None
        self._centre = (0.5, 0.5)
        self._box: Box | None = None
        self._drawing = False
        self._pressed: QPointF | None = None
        self._last = QPointF()
        self._lost_release = LostRelease(self, self._end_drag)
        self.setFixedSize(QSize(SIDE, SIDE))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName("Reference picture")

    def show_picture(self, image: QImage | None, centre: tuple[float, float], box: Box | None, drawing: bool) -> None:
        """Show a picture and its square; `drawing`: the mouse draws a box instead of moving the square."""
        self._image, self._box, self._drawing = image, box, drawing
        if self._pressed is None or drawing:
            self._centre = centre
        tip = "Drag a box around the thing to cut out" if drawing else "Drag to move the square"
        self.setToolTip("Drop a picture here" if image is None else tip)
        self.setCursor(Qt.CursorShape.CrossCursor if drawing else Qt.CursorShape.SizeAllCursor)
        self.update()

    def picture_rect(self) -> QRectF:
        """Where the whole picture is, in widget pixels."""
        if self._image is None:
            return QRectF(self.rect())
        factor = min(self.width() / self._image.width(), self.height() / self._image.height())
        width, height = self._image.width() * factor, self._image.height() * factor
        return QRectF((self.width() - width) / 2, (self.height() - height) / 2, width, height)

    def crop_rect(self) -> QRectF:
        """Where the square is, in widget pixels."""
        whole = self.picture_rect()
        side = min(whole.width(), whole.height())
        left = whole.left() + min(max(self._centre[0] * whole.width() - side / 2, 0), whole.width() - side)
        top = whole.top() + min(max(self._centre[1] * whole.height() - side / 2, 0), whole.height() - side)
        return QRectF(left, top, side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self._image is None:
            self._draw_empty(painter)
        else:
            painter.drawImage(self.picture_rect(), self._image)
            outside = QPainterPath()
            outside.addRect(self.picture_rect())
            square = self.crop_rect()
            outside.addRect(square)
            painter.fillPath(outside, QColor(0, 0, 0, 140))
            painter.setPen(QPen(QColor(self._theme.colours.accent), 1.5))
            painter.drawRect(square.adjusted(0.75, 0.75, -0.75, -0.75))
            if self._box is not None and self._drawing:
                self._draw_box(painter, square, self._box)
        painter.end()

    def _draw_empty(self, painter: QPainter) -> None:
        painter.setPen(QPen(QColor(self._theme.colours.faint), 1, Qt.PenStyle.DashLine))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        painter.setPen(QColor(self._theme.colours.dim))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(self.rect().adjusted(10, 10, -10, -10), flags, "Drop a picture here")

    def _draw_box(self, painter: QPainter, square: QRectF, box: Box) -> None:
        left, top, right, bottom = box
        start = QPointF(square.left() + left * square.width(), square.top() + top * square.height())
        end = QPointF(square.left() + right * square.width(), square.top() + bottom * square.height())
        for colour, width, style in (
            (QColor(0, 0, 0, 160), 3.0, Qt.PenStyle.SolidLine),
            (QColor(255, 255, 255), 1.0, Qt.PenStyle.DashLine),
        ):
            painter.setPen(QPen(colour, width, style))
            painter.drawRect(QRectF(start, end))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._image is not None and event.button() == Qt.MouseButton.LeftButton:
            self._pressed = self._last = event.position()
            self._lost_release.begin(event.button())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            return
        self._last = event.position()
        if self._drawing:
            self._box = self._box_to(event.position())
            self.update()
        else:
            moved = event.position() - self._pressed
            self._pressed = event.position()
            self._move_by(moved.x() / self.picture_rect().width(), moved.y() / self.picture_rect().height())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._last = event.position()
            self._end_drag()

    def _end_drag(self) -> None:
        """What the release does, where the pointer was last with the button down."""
        self._lost_release.finish()
        if self._pressed is not None and self._drawing:
            self.box_drawn.emit(self._box_to(self._last))
        self._pressed = None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}
        step = steps.get(Qt.Key(event.key()))
        if step is None or self._image is None:
            super().keyPressEvent(event)
        else:
            self._move_by(KEY_STEP * step[0], KEY_STEP * step[1])

    def _move_by(self, x: float, y: float) -> None:
        """Move the square, and keep its centre where a square fits."""
        whole, side = self.picture_rect(), min(self.picture_rect().width(), self.picture_rect().height())
        margins = side / 2 / whole.width(), side / 2 / whole.height()
        target = self._centre[0] + x, self._centre[1] + y
        moved = tuple(min(max(c, margin), 1 - margin) for c, margin in zip(target, margins, strict=True))
        self._centre = moved[0], moved[1]
        self.update()
        self.crop_moved.emit(*self._centre)

    def _box_to(self, position: QPointF) -> Box:
        assert self._pressed is not None
        square = self.crop_rect()
        xs = sorted((p.x() - square.left()) / square.width() for p in (self._pressed, position))
        ys = sorted((p.y() - square.top()) / square.height() for p in (self._pressed, position))
        left, top, right, bottom = (min(max(v, 0.0), 1.0) for v in (xs[0], ys[0], xs[1], ys[1]))
        return left, top, right, bottom
