"""Draws `Layers` with a QPainter, raster only. Everything is in widget pixels."""

import numpy as np
import qtawesome
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath, QPen

from nvg_studio.ui.canvas.geometry import Viewport
from nvg_studio.ui.canvas.layers import Layers, Mask, Preview
from nvg_studio.ui.state import ViewMode
from nvg_studio.ui.theme import Colours

HATCH = 14.0


def cell_path(mask: Mask, grid: int, view: Viewport) -> QPainterPath:
    """The area of the cells in `mask` bool [L], one rectangle for every run in a row."""
    path = QPainterPath()
    rows = np.pad(mask.reshape(grid, grid).astype(np.int8), ((0, 0), (1, 1)))
    edges = np.diff(rows, axis=1)
    for (row, start), (_, end) in zip(np.argwhere(edges == 1), np.argwhere(edges == -1), strict=True):
        path.addRect(QRectF(view.to_widget(start, row), view.to_widget(end, row + 1)))
    return path


def borders(labels: np.ndarray, grid: int, view: Viewport, rim: bool = False) -> list[QLineF]:
    """The lines between cells with different values of `labels` [L]; with `rim`, outside counts as -1."""
    square = np.asarray(labels).astype(np.int64).reshape(grid, grid)
    if rim:
        square = np.pad(square, 1, constant_values=0)
    shift = 1 if rim else 0
    lines = []
    for y, x in np.argwhere(square[:, 1:] != square[:, :-1]):
        lines.append(QLineF(view.to_widget(x + 1 - shift, y - shift), view.to_widget(x + 1 - shift, y + 1 - shift)))
    for y, x in np.argwhere(square[1:] != square[:-1]):
        lines.append(QLineF(view.to_widget(x - shift, y + 1 - shift), view.to_widget(x + 1 - shift, y + 1 - shift)))
    return lines


def draw_layers(painter: QPainter, layers: Layers, view: Viewport, colours: Colours) -> None:
    """Everything but the tool's preview."""
    rect = view.picture_rect(layers.grid)
    structure = layers.mode is ViewMode.STRUCTURE
    if not structure and layers.picture is not None:
        layers.picture.draw(painter, rect)
    if structure or layers.mode is ViewMode.OVERLAY:
        assert layers.cluster_picture is not None
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.setOpacity(1.0 if structure else layers.opacity)
        painter.drawImage(rect, layers.cluster_picture)
        painter.setOpacity(1.0)
    if layers.mode is not ViewMode.PICTURE:
        lines = borders(layers.labels, layers.grid, view)
        strong = layers.mode is ViewMode.BOUNDARIES
        _double_lines(
            painter, lines, QColor(0, 0, 0, 150 if strong else 70), QColor(255, 255, 255, 225 if strong else 110)
        )
    _draw_locks(painter, layers, view)
    if layers.flash is not None:
        painter.fillPath(cell_path(layers.flash, layers.grid, view), QColor(255, 255, 255, 130))
    if layers.selected is not None:
        lines = borders(layers.selected, layers.grid, view, rim=True)
        _double_lines(painter, lines, QColor(0, 0, 0, 160), QColor(colours.accent), 2.2)
    if layers.note:
        _draw_note(painter, rect, layers.note)


def draw_preview(painter: QPainter, preview: Preview, grid: int, view: Viewport, colours: Colours) -> None:
    """What the tool is about to do."""
    if preview.cells is not None and preview.cells.any():
        fill = QColor(*preview.colour)
        fill.setAlpha(165)
        painter.fillPath(cell_path(preview.cells, grid, view), fill)
        _double_lines(
            painter, borders(preview.cells, grid, view, rim=True), QColor(0, 0, 0, 120), QColor(255, 255, 255, 200)
        )
    if preview.blocked is not None and preview.blocked.any():
        _hatch(painter, cell_path(preview.blocked, grid, view), QColor(colours.error), 6.0)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if preview.line is not None:
        x0, y0, x1, y1 = preview.line
        _double_lines(
            painter, [QLineF(view.to_widget(x0, y0), view.to_widget(x1, y1))], QColor(0, 0, 0, 140), QColor("white")
        )
    if preview.circle is not None:
        x, y, diameter = preview.circle
        radius = diameter * view.scale / 2
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (QPen(QColor(0, 0, 0, 150), 2.6), QPen(QColor(255, 255, 255, 230), 1.2)):
            painter.setPen(pen)
            painter.drawEllipse(view.to_widget(x, y), radius, radius)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _double_lines(painter: QPainter, lines: list[QLineF], under: QColor, over: QColor, width: float = 1.0) -> None:
    for pen in (QPen(under, width + 2), QPen(over, width)):
        painter.setPen(pen)
        painter.drawLines(lines)


def _draw_locks(painter: QPainter, layers: Layers, view: Viewport) -> None:
    """An outline and a padlock; hatched, but in the picture mode, where nothing should cover the picture."""
    for mask, both in ((layers.layout_locked, False), (layers.region_locked, True)):
        if mask is None or not mask.any():
            continue
        if layers.mode is not ViewMode.PICTURE:
            _hatch(painter, cell_path(mask, layers.grid, view), QColor(255, 255, 255, 80), HATCH, crossed=both)
        _double_lines(
            painter, borders(mask, layers.grid, view, rim=True), QColor(0, 0, 0, 130), QColor(255, 255, 255, 190)
        )
        _draw_padlock(painter, mask, layers.grid, view, filled=both)


def _draw_padlock(painter: QPainter, mask: Mask, grid: int, view: Viewport, filled: bool) -> None:
    """A padlock in the cell of `mask` that is nearest to its middle; filled where everything is held."""
    rows, columns = np.divmod(np.flatnonzero(mask), grid)
    nearest = int(((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2).argmin())
    middle = view.to_widget(float(columns[nearest]) + 0.5, float(rows[nearest]) + 0.5)
    box = QRectF(middle.x() - 11, middle.y() - 11, 22, 22)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 175))
    painter.drawRoundedRect(box, 6, 6)
    name = "ph.lock-simple-fill" if filled else "ph.lock-simple"
    qtawesome.icon(name, color="white").paint(painter, box.adjusted(3, 3, -3, -3).toRect())
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _hatch(painter: QPainter, path: QPainterPath, colour: QColor, step: float, crossed: bool = False) -> None:
    box = path.boundingRect()
    lines = []
    count = int((box.width() + box.height()) / step) + 1
    first = (int((box.left() + box.top()) / step) + 1) * step
    for i in range(count):  # lines x + y = constant, fixed to the widget so that they do not swim while painting
        total = first + i * step
        lines.append(QLineF(QPointF(total - box.top(), box.top()), QPointF(total - box.bottom(), box.bottom())))
        if crossed:
            mirrored = box.left() + box.right()
            lines.append(
                QLineF(
                    QPointF(mirrored - total + box.top(), box.top()),
                    QPointF(mirrored - total + box.bottom(), box.bottom()),
                )
            )
    painter.save()
    painter.setClipPath(path, Qt.ClipOperation.IntersectClip)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(0, 0, 0, 60), 2.0))
    painter.drawLines(lines)
    painter.setPen(QPen(colour, 1.0))
    painter.drawLines(lines)
    painter.restore()


def _draw_note(painter: QPainter, rect: QRectF, note: str) -> None:
    font = QFont(painter.font())
    font.setWeight(QFont.Weight.DemiBold)
    painter.setFont(font)
    box = QRectF(painter.fontMetrics().boundingRect(note)).adjusted(-10, -5, 10, 5)
    box.moveTopLeft(QPointF(max(rect.left(), 0) + 10, max(rect.top(), 0) + 10))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 165))
    painter.drawRoundedRect(box, 6, 6)
    painter.setPen(QColor("white"))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, note)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
