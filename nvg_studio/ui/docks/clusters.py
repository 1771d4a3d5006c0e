"""Clusters of the active level: swatch, size, and locks to click."""

from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QHeaderView, QLabel, QTreeView, QVBoxLayout, QWidget

from nvg_studio.ui.theme import Theme

NAME, SIZE, LAYOUT, REGION = range(4)
HEADERS = ("Cluster", "Cells", "", "")
HEADER_TIPS = ("", "Size in cells", "Lock layout", "Lock region")
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class ClusterRow:
    """One cluster: its number, colour, size in cells, and how much of it is locked ("", "part" or "all")."""

    cluster: int
    colour: tuple[int, int, int]
    size: int
    layout: str
    region: str
    in_hand: bool


class ClusterModel(QAbstractTableModel):
    """The rows of one level."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.rows: tuple[ClusterRow, ...] = ()

    def show_rows(self, rows: tuple[ClusterRow, ...]) -> None:
        """Show other rows; a model of equal length keeps selection and scroll position."""
        if len(rows) != len(self.rows):
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()
        elif rows != self.rows:
            self.rows = rows
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, REGION))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  Qt's own default
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 4

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> object:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return HEADERS[section]
        if role == Qt.ItemDataRole.ToolTipRole and orientation == Qt.Orientation.Horizontal:
            return HEADER_TIPS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and section == SIZE:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = 0) -> object:
        row = self.rows[index.row()]
        column = index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return {NAME: f"Cluster {row.cluster}", SIZE: str(row.size)}.get(column)
        if role == Qt.ItemDataRole.DecorationRole:
            return self._decoration(row, column)
        if role == Qt.ItemDataRole.TextAlignmentRole and column == SIZE:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.FontRole and column == NAME and row.in_hand:
            font = self.parent().font()  # type: ignore[union-attr]
            font.setBold(True)
            return font
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tool_tip(row, column)
        if role == Qt.ItemDataRole.AccessibleTextRole and column in (LAYOUT, REGION):
            return self._tool_tip(row, column)
        return None

    def _decoration(self, row: ClusterRow, column: int) -> QIcon | QPixmap | None:
        if column == NAME:
            return unchanging(swatch(row.colour, self._theme.colours.border))
        if column not in (LAYOUT, REGION):
            return None
        colours = self._theme.colours
        held = row.layout if column == LAYOUT else row.region
        name = ("bounding-box" if column == LAYOUT else "lock-simple") + ("-fill" if held == "all" else "")
        if not held and column == REGION:
            name = "lock-simple-open"
        tint = {"": colours.faint, "part": colours.dim, "all": colours.accent}[held]
        return self._theme.icon(name, tint)

    def _tool_tip(self, row: ClusterRow, column: int) -> str | None:
        if column == LAYOUT:
            return (
                "Layout is locked: click to release"
                if row.layout == "all"
                else "Lock layout: hold this cluster's shape"
            )
        if column == REGION:
            return (
                "Region is locked: click to release"
                if row.region == "all"
                else "Lock region: hold everything in this cluster"
            )
        return "In hand" if row.in_hand else "Double-click takes it in hand"


class ClustersDock(QWidget):
    """Emits what was asked for; the window does it."""

    selected = Signal(object)
    taken = Signal(int)
    layout_toggled = Signal(int)
    region_toggled = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = ClusterModel(theme, self)
        self.summary = QLabel()
        self.summary.setProperty("role", "dim")
        self.tree = QTreeView()
        self.tree.setModel(self.model)
        self.tree.setAccessibleName("Clusters of the active level")
        self.tree.setRootIsDecorated(False)
        self.tree.setUniformRowHeights(True)
        self.tree.setIconSize(QSize(16, 16))
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.tree.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.tree.setMinimumHeight(96)
        header = self.tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for column, width in ((SIZE, 56), (LAYOUT, 30), (REGION, 30)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            header.setMinimumSectionSize(24)
            header.resizeSection(column, width)
        self.tree.clicked.connect(self._clicked)
        self.tree.doubleClicked.connect(self._double_clicked)
        self.tree.selectionModel().currentRowChanged.connect(self._current_changed)
        self._quiet = False
        row = QHBoxLayout()
        row.setContentsMargins(12, 8, 12, 4)
        row.addWidget(self.summary, stretch=1)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(0, 0, 0, 0)
        column_layout.setSpacing(0)
        column_layout.addLayout(row)
        column_layout.addWidget(self.tree, stretch=1)
        column_layout.addStretch(0)

    def show_rows(self, rows: tuple[ClusterRow, ...], summary: str, selected: int | None) -> None:
        """Show the clusters of a level."""
        self._quiet = True
        self.summary.setText(summary)
        self.model.show_rows(rows)
        self.tree.setVisible(bool(rows))
        if selected is None or selected >= len(rows):
            self.tree.clearSelection()
            self.tree.setCurrentIndex(QModelIndex())
        elif self.tree.currentIndex().row() != selected or not self.tree.selectionModel().hasSelection():
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
            self.tree.selectionModel().setCurrentIndex(self.model.index(selected, NAME), flags)
            self.tree.scrollTo(self.model.index(selected, NAME))
        self._quiet = False

    def _clicked(self, index: QModelIndex) -> None:
        cluster = self.model.rows[index.row()].cluster
        if index.column() == LAYOUT:
            self.layout_toggled.emit(cluster)
        elif index.column() == REGION:
            self.region_toggled.emit(cluster)

    def _double_clicked(self, index: QModelIndex) -> None:
        if index.column() in (NAME, SIZE):
            self.taken.emit(self.model.rows[index.row()].cluster)

    def _current_changed(self, current: QModelIndex, _: QModelIndex) -> None:
        if not self._quiet:
            self.selected.emit(self.model.rows[current.row()].cluster if current.isValid() else None)


def unchanging(pixmap: QPixmap) -> QIcon:
    """An icon that looks the same in a selected row: a colour must not change by being selected."""
    icon = QIcon(pixmap)
    icon.addPixmap(pixmap, QIcon.Mode.Selected)
    return icon


def swatch(colour: tuple[int, int, int], rim: str, side: int = 16) -> QPixmap:
    """A rounded square of one colour."""
    pixmap = QPixmap(2 * side, 2 * side)
    pixmap.setDevicePixelRatio(2)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(rim))
    painter.setBrush(QColor(*colour))
    painter.drawRoundedRect(1, 1, side - 2, side - 2, 4, 4)
    painter.end()
    return pixmap
