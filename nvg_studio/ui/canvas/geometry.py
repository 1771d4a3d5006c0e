"""Where cells are on the screen. Units: cells (the picture is the square 0..grid) and widget pixels."""

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSizeF

MARGIN = 28.0
LARGEST_CELL = 480.0
SMALLEST_CELL = 1.5


@dataclass(frozen=True)
class Viewport:
    """`scale`: widget pixels per cell; `x`, `y`: the widget position of the picture's top left corner."""

    scale: float = 32.0
    x: float = 0.0
    y: float = 0.0

    def to_widget(self, x: float, y: float) -> QPointF:
        """Widget position of a point given in cells."""
        return QPointF(self.x + x * self.scale, self.y + y * self.scale)

    def to_cells(self, position: QPointF) -> tuple[float, float]:
        """Position in cells (x to the right, y down) of a widget point; may lie outside the picture."""
        return (position.x() - self.x) / self.scale, (position.y() - self.y) / self.scale

    def picture_rect(self, grid: int) -> QRectF:
        """The picture's rectangle in the widget."""
        return QRectF(self.x, self.y, grid * self.scale, grid * self.scale)

    def zoomed(self, position: QPointF, factor: float) -> "Viewport":
        """Zoom so that what lies under the widget point `position` stays there."""
        scale = min(max(self.scale * factor, SMALLEST_CELL), LARGEST_CELL)
        ratio = scale / self.scale
        return Viewport(
            scale, position.x() - (position.x() - self.x) * ratio, position.y() - (position.y() - self.y) * ratio
        )

    def moved(self, by: QPointF) -> "Viewport":
        """Pan by widget pixels."""
        return Viewport(self.scale, self.x + by.x(), self.y + by.y())

    def kept_visible(self, size: QSizeF, grid: int) -> "Viewport":
        """The nearest viewport of which at least a corner of the picture can be seen."""
        side, rim = grid * self.scale, 2 * MARGIN
        x = min(max(self.x, rim - side), size.width() - rim)
        y = min(max(self.y, rim - side), size.height() - rim)
        return Viewport(self.scale, x, y)


def fitted(size: QSizeF, grid: int) -> Viewport:
    """The viewport that shows the whole picture, centred, with a margin."""
    side = max(min(size.width(), size.height()) - 2 * MARGIN, 8.0)
    scale = min(max(side / grid, SMALLEST_CELL), LARGEST_CELL)
    return Viewport(scale, (size.width() - grid * scale) / 2, (size.height() - grid * scale) / 2)
