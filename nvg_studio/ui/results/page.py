"""The results page: every result that waits and the picture as it is now, to choose from, to compare and to star."""

from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal, SignalInstance
from PySide6.QtGui import QImage, QPainter, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListView,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from nvg_studio.ui.actions.action_set import ActionSet
from nvg_studio.ui.qt.pixmaps import static_icon
from nvg_studio.ui.qt.theme import Theme
from nvg_studio.ui.results.compare import CompareView

TILE = 168


@dataclass(frozen=True, eq=False)
class Tile:
    """A result. `index` counts those that wait; None is the picture as it is now. `image` may not be there yet."""

    index: int | None
    title: str
    detail: str
    image: QImage | None
    starred: bool = False

    def same(self, other: "Tile") -> bool:
        """Whether both look the same."""
        return (self.index, self.title, self.detail, self.starred) == (
            other.index,
            other.title,
            other.detail,
            other.starred,
        ) and self.image is other.image


class ResultsPage(QWidget):
    """Emits what was asked for, with indices of results; `compare_requested` with two of them (None: now)."""

    chosen = Signal(int)
    star_requested = Signal(int)
    settings_requested = Signal(int)
    compare_requested = Signal(object, object)

    def __init__(self, theme: Theme, actions: ActionSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("results")
        self._theme = theme
        self._tiles: tuple[Tile, ...] = ()
        self.title = QLabel("Results")
        self.title.setProperty("role", "title")
        self.grid = QListWidget()
        self.grid.setAccessibleName("Results")
        self.grid.setViewMode(QListView.ViewMode.IconMode)
        self.grid.setResizeMode(QListView.ResizeMode.Adjust)
        self.grid.setMovement(QListView.Movement.Static)
        self.grid.setIconSize(QSize(TILE, TILE))
        self.grid.setGridSize(QSize(TILE + 22, TILE + 48))
        self.grid.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.grid.setWordWrap(True)
        self.compare_view = CompareView(theme)
        self.views = QStackedWidget()
        self.views.addWidget(self.grid)
        self.views.addWidget(self.compare_view)
        self.use = QPushButton("Use this one")
        self.use.setObjectName("primary")
        self.compare = QPushButton("Compare two")
        self.compare.setToolTip("Select two results with Ctrl-click, or one to compare it with the picture now")
        self.star = QPushButton("Star")
        self.settings = QPushButton("Use these settings")
        self.settings.setToolTip("Put the settings behind this result into the Generate dock")
        self.back = QPushButton("Back to all")
        self.wipe = QPushButton("Wipe")
        self.wipe.setCheckable(True)
        self.wipe.setToolTip("One over the other, with an edge to drag across")
        self.close_button = QToolButton()
        self.close_button.setDefaultAction(actions["run.results"])
        self.close_button.setToolTip("Back to the canvas")
        self._lay_out()
        self._connect()
        self._follow()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(14, 10, 10, 8)
        row.setSpacing(8)
        row.addWidget(self.title)
        row.addStretch(1)
        for widget in (self.back, self.wipe, self.star, self.settings, self.compare, self.use, self.close_button):
            row.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self.views, stretch=1)

    def _connect(self) -> None:
        self.grid.itemSelectionChanged.connect(self._follow)
        self.grid.itemActivated.connect(self._use)
        self.use.clicked.connect(self._use)
        self.star.clicked.connect(lambda: self._emit(self.star_requested))
        self.settings.clicked.connect(lambda: self._emit(self.settings_requested))
        self.compare.clicked.connect(self._compare)
        self.back.clicked.connect(lambda: self._show_view(self.grid))
        self.wipe.toggled.connect(lambda on: self.compare_view.set_side_by_side(not on))

    def show_tiles(self, tiles: tuple[Tile, ...]) -> None:
        """Show other results, the first new one on top; what was selected stays so where none came or went."""
        if len(tiles) == len(self._tiles) and all(a.same(b) for a, b in zip(tiles, self._tiles, strict=True)):
            return
        selected = self.selected if len(tiles) == len(self._tiles) else []
        known, place = len(self._tiles), self.grid.verticalScrollBar().value()
        self._tiles = tiles
        self.grid.blockSignals(True)
        self.grid.clear()
        for tile in tiles:
            item = QListWidgetItem(static_icon(self._picture_of(tile)), f"{tile.title}\n{tile.detail}")
            item.setData(Qt.ItemDataRole.UserRole, tile.index)
            self.grid.addItem(item)
            item.setSelected(tile.index in selected and tile.index is not None)
        self.grid.blockSignals(False)
        if len(tiles) > known:
            self.grid.scrollToItem(self.grid.item(known), QListWidget.ScrollHint.PositionAtTop)
        else:
            self.grid.verticalScrollBar().setValue(place)
        self.title.setText(f"{len(tiles) - 1} result{'s' if len(tiles) != 2 else ''}")
        self._follow()

    def show_pair(self, pictures: tuple[QImage, QImage], captions: tuple[str, str]) -> None:
        """Compare two pictures."""
        self.compare_view.show_pair(pictures, captions)
        self._show_view(self.compare_view)

    def open_grid(self) -> None:
        """Begin with the grid."""
        self._show_view(self.grid)
        self.grid.setFocus()

    @property
    def selected(self) -> list[int | None]:
        """Indices of the selected results in their order, None for the picture as it is now."""
        rows = range(self.grid.count())
        return [self.grid.item(n).data(Qt.ItemDataRole.UserRole) for n in rows if self.grid.item(n).isSelected()]

    def select(self, *indices: int | None) -> None:
        """Select results."""
        for n in range(self.grid.count()):
            self.grid.item(n).setSelected(self.grid.item(n).data(Qt.ItemDataRole.UserRole) in indices)

    def _show_view(self, view: QWidget) -> None:
        self.views.setCurrentWidget(view)
        self._follow()

    def _follow(self) -> None:
        comparing = self.views.currentWidget() is self.compare_view
        picked = [index for index in self.selected if index is not None]
        for button in (self.use, self.star, self.settings):
            button.setEnabled(len(picked) == 1 and not comparing)
            button.setVisible(not comparing)
        self.compare.setEnabled(len(self.selected) == 2 or len(picked) == 1)
        self.compare.setVisible(not comparing)
        self.back.setVisible(comparing)
        self.wipe.setVisible(comparing)
        starred = len(picked) == 1 and any(tile.starred for tile in self._tiles if tile.index == picked[0])
        self.star.setText("Take the star away" if starred else "Star")

    def _emit(self, signal: SignalInstance) -> None:
        for index in self.selected:
            if index is not None:
                signal.emit(index)

    def _use(self) -> None:
        self._emit(self.chosen)

    def _compare(self) -> None:
        pair = self.selected if len(self.selected) == 2 else [None, *self.selected]
        self.compare_requested.emit(*pair)

    def _picture_of(self, tile: Tile) -> QPixmap:
        pixmap = QPixmap(2 * TILE, 2 * TILE)
        pixmap.setDevicePixelRatio(2)
        pixmap.fill(self._theme.colours.field)
        painter = QPainter(pixmap)
        if tile.image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(pixmap.rect().adjusted(0, 0, -TILE, -TILE), tile.image)
        if tile.starred:
            self._theme.plain_icon("star-fill", self._theme.colours.edited).paint(painter, 6, 6, 22, 22)
        painter.end()
        return pixmap
