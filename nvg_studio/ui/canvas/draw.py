"""Draws `Layers` with a QPainter, raster only. Everything is in widget pixels."""

from functools import lru_cache
from itertools import pairwise

import numpy as np
import qtawesome
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QImage, QPainter, QPainterPath, QPen, QTransform

from nvg_studio.editor.choices import ViewMode
from nvg_studio.ui.canvas.geometry import Viewport
from nvg_studio.ui.canvas.layers import Badge, Layers, Mask, Preview, middle_cell
from nvg_studio.ui.qt.theme import Colours

HATCH = 14.0
GRID_FROM = 40.0
"""Widget pixels per cell from which on the lines between cells are drawn."""


def cell_path(mask: Mask, grid: int, view: Viewport) -> QPainterPath:
    """The area of the cells in `mask` bool [L], one rectangle for every run in a row; not to be changed."""
    return _cell_path(mask.tobytes(), grid, view)


@lru_cache(maxsize=64)
def _cell_path(mask: bytes, grid: int, view: Viewport) -> QPainterPath:
    path = QPainterPath()
    rows = np.pad(np.frombuffer(mask, np.int8).reshape(grid, grid), ((0, 0), (1, 1)))
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
    _draw_picture(painter, layers, rect)
    if layers.cell_grid and view.scale >= GRID_FROM:
        _draw_cell_grid(painter, layers.grid, view)
    if layers.shown is not None:
        veil = QColor(colours.canvas)
        veil.setAlpha(225)
        painter.fillPath(cell_path(~layers.shown, layers.grid, view), veil)
    if layers.mode not in (ViewMode.PICTURE, ViewMode.WIPE):
        strong = layers.mode is ViewMode.BOUNDARIES
        under, over = (150, 225) if strong else (70, 110)
        lines = borders(layers.labels, layers.grid, view)
        _double_lines(painter, lines, QColor(0, 0, 0, under), QColor(255, 255, 255, over))
    if layers.mode is not ViewMode.WIPE:  # there the pictures are what is looked at
        _draw_locks(painter, layers, view)
    if layers.flash is not None:
        painter.fillPath(cell_path(layers.flash, layers.grid, view), QColor(255, 255, 255, 130))
    if layers.selected is not None:
        lines = borders(layers.selected, layers.grid, view, rim=True)
        _double_lines(painter, lines, QColor(0, 0, 0, 160), QColor(colours.accent), 2.2)
    draw_badges(painter, layers.badges, layers.grid, view)
    if layers.mode is ViewMode.WIPE:
        _draw_divider(painter, rect, layers.wipe)
    if layers.note:
        _draw_note(painter, QPointF(max(rect.left(), 0) + 10, max(rect.top(), 0) + 10), layers.note)


def _draw_picture(painter: QPainter, layers: Layers, rect: QRectF) -> None:
    """The picture, the one before it on the left of the divider, and the structure map over it."""
    structure = layers.mode is ViewMode.STRUCTURE
    if not structure and layers.picture is not None:
        layers.picture.draw(painter, rect)
    if layers.mode is ViewMode.WIPE and layers.before is not None:
        painter.save()
        painter.setClipRect(QRectF(rect.left(), rect.top(), rect.width() * layers.wipe, rect.height()))
        layers.before.draw(painter, rect)
        painter.restore()
    if structure or layers.mode is ViewMode.OVERLAY:
        assert layers.cluster_picture is not None
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.setOpacity(1.0 if structure else layers.opacity)
        painter.drawImage(rect, layers.cluster_picture)
        painter.setOpacity(1.0)


def _draw_cell_grid(painter: QPainter, grid: int, view: Viewport) -> None:
    lines = []
    for i in range(grid + 1):
        lines.append(QLineF(view.to_widget(i, 0), view.to_widget(i, grid)))
        lines.append(QLineF(view.to_widget(0, i), view.to_widget(grid, i)))
    painter.setPen(QPen(QColor(0, 0, 0, 70), 1.0))
    painter.drawLines(lines)
    painter.translate(1, 1)
    painter.setPen(QPen(QColor(255, 255, 255, 60), 1.0))
    painter.drawLines(lines)
    painter.translate(-1, -1)


def _draw_divider(painter: QPainter, rect: QRectF, wipe: float) -> None:
    """The line between before and after, a handle to drag it by, and what is on which side."""
    x = rect.left() + rect.width() * wipe
    top, bottom = QPointF(x, rect.top()), QPointF(x, rect.bottom())
    _double_lines(painter, [QLineF(top, bottom)], QColor(0, 0, 0, 130), QColor("white"), 1.4)
    handle = QRectF(x - 13, rect.center().y() - 13, 26, 26)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(0, 0, 0, 130), 1.0))
    painter.setBrush(QColor("white"))
    painter.drawEllipse(handle)
    qtawesome.icon("ph.arrows-left-right", color="#202225").paint(painter, handle.adjusted(5, 5, -5, -5).toRect())
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    y = min(rect.bottom(), painter.window().bottom()) - 34
    _draw_note(painter, QPointF(x - 10, y), "Before", to_the_left=True)
    _draw_note(painter, QPointF(x + 10, y), "After")


def draw_badges(painter: QPainter, badges: tuple[Badge, ...], grid: int, view: Viewport) -> None:
    """Short texts in rounded boxes, each rimmed in its cluster's colour."""
    painter.setFont(_bold(painter))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for badge in badges:
        row, column = divmod(badge.cell, grid)
        box = QRectF(painter.fontMetrics().boundingRect(badge.text)).adjusted(-6, -2, 6, 2)
        box.moveCenter(view.to_widget(column + 0.5, row + 0.5))
        painter.setPen(QPen(QColor(*badge.colour), 1.6))
        painter.setBrush(QColor(20, 21, 23, 215))
        painter.drawRoundedRect(box, 5, 5)
        painter.setPen(QColor("white"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, badge.text)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


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
        hatch(painter, cell_path(preview.blocked, grid, view), QColor(colours.error), 6.0)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if preview.path:
        points = [view.to_widget(x, y) for x, y in preview.path]
        lines = [QLineF(start, end) for start, end in pairwise(points)]
        _double_lines(painter, lines, QColor(0, 0, 0, 140), QColor("white"))
    if preview.circle is not None:
        x, y, diameter = preview.circle
        radius = diameter * view.scale / 2
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (QPen(QColor(0, 0, 0, 150), 2.6), QPen(QColor(255, 255, 255, 230), 1.2)):
            painter.setPen(pen)
            painter.drawEllipse(view.to_widget(x, y), radius, radius)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    draw_badges(painter, preview.badges, grid, view)
    if preview.note:
        rect = view.picture_rect(grid)
        bottom = min(rect.bottom(), painter.window().bottom())
        _draw_note(painter, QPointF(max(rect.left(), 0) + 10, bottom - 34), preview.note)


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
            hatch(painter, cell_path(mask, layers.grid, view), QColor(255, 255, 255, 80), HATCH, crossed=both)
        _double_lines(
            painter, borders(mask, layers.grid, view, rim=True), QColor(0, 0, 0, 130), QColor(255, 255, 255, 190)
        )
        _draw_padlock(painter, mask, layers.grid, view, filled=both)


def _draw_padlock(painter: QPainter, mask: Mask, grid: int, view: Viewport, filled: bool) -> None:
    """A padlock in the cell of `mask` that is nearest to its middle; filled where everything is locked."""
    row, column = divmod(middle_cell(mask), grid)
    middle = view.to_widget(column + 0.5, row + 0.5)
    box = QRectF(middle.x() - 11, middle.y() - 11, 22, 22)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 175))
    painter.drawRoundedRect(box, 6, 6)
    name = "ph.lock-simple-fill" if filled else "ph.lock-simple"
    qtawesome.icon(name, color="white").paint(painter, box.adjusted(3, 3, -3, -3).toRect())
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def hatch(painter: QPainter, path: QPainterPath, colour: QColor, step: float, crossed: bool = False) -> None:
    """Slanted lines over the area of `path`, `step` pixels apart; fixed to the widget, so that they stay in place while
    panning."""
    ratio = painter.device().devicePixelRatioF()
    brush = QBrush(_hatch_tile(colour.rgba(), round(step * ratio), ratio, crossed))
    brush.setTransform(QTransform.fromScale(1 / ratio, 1 / ratio))
    painter.fillPath(path, brush)


@lru_cache(maxsize=32)
def _hatch_tile(rgba: int, side: int, ratio: float, crossed: bool) -> QImage:
    """A square of `side` device pixels that repeats as slanted lines: filling with it is far cheaper than drawing."""
    image = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    lines = []
    for shift in (-side, 0, side):  # the neighbours' lines, too, whose width reaches into the corners
        lines.append(QLineF(shift, side, shift + side, 0))
        if crossed:
            lines.append(QLineF(shift, 0, shift + side, side))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for pen in (QPen(QColor(0, 0, 0, 60), 2.0 * ratio), QPen(QColor.fromRgba(rgba), 1.0 * ratio)):
        painter.setPen(pen)
        painter.drawLines(lines)
    painter.end()
    return image


def _draw_note(painter: QPainter, corner: QPointF, note: str, to_the_left: bool = False) -> None:
    """A short text in a dark box whose upper left (or right) corner is at `corner`."""
    painter.setFont(_bold(painter))
    box = QRectF(painter.fontMetrics().boundingRect(note)).adjusted(-10, -5, 10, 5)
    box.moveTopLeft(corner)
    if to_the_left:
        box.moveRight(corner.x())
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 165))
    painter.drawRoundedRect(box, 6, 6)
    painter.setPen(QColor("white"))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, note)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _bold(painter: QPainter) -> QFont:
    font = QFont(painter.font())
    font.setWeight(QFont.Weight.DemiBold)
    return font
