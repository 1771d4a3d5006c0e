"""The tree of clusters as a Qt model.

A cluster is known by its place in a binary heap, (1 << level) + cluster: its halves are at 2n and 2n + 1, its parent at
n >> 1.
"""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import QLineEdit, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from nvg_studio.editor.choices import LockKind
from nvg_studio.ui.qt.pixmaps import static_icon, swatch
from nvg_studio.ui.qt.theme import Theme

NAME, SIZE, LAYOUT, CONTENT, REGION, SHOWN = range(6)
HEADERS = ("Cluster", "Cells", "", "", "", "")
HEADER_TIPS = ("", "Size in cells", "Lock layout", "Keep coarse content", "Lock region", "Show only these")
LONGEST_NAME = 60
LABELLED_LEVELS = 5
Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole


@dataclass(frozen=True)
class ClusterRow:
    """One cluster of a level: its name ("" for none), colour, size in cells, and how much of it is locked.

    `layout`, `content`, `region`: "", "part" or "all"; `shown`: it is among those that are shown alone; `active`: the
    brush paints with it.
    """

    level: int
    cluster: int
    name: str
    colour: tuple[int, int, int]
    size: int
    layout: str
    content: str
    region: str
    shown: bool
    active: bool

    @property
    def text(self) -> str:
        """Its name, or its number; without the word where the tree is too deep for it."""
        return self.name or (f"Cluster {self.cluster}" if self.level <= LABELLED_LEVELS else str(self.cluster))


@dataclass(frozen=True)
class LockColumn:
    """A column that shows and toggles a lock.

    `locked` gives how much of a row is locked: "", "part" or "all". `tip`: what a click does; `locked_tip`: what holds
    where all of the cluster is locked.
    """

    kind: LockKind
    locked: Callable[[ClusterRow], str]
    icon: str
    tip: str
    locked_tip: str


LOCKS = {
    LAYOUT: LockColumn(
        LockKind.LAYOUT,
        lambda row: row.layout,
        "bounding-box",
        "Lock layout: runs and edits keep this cluster's shape",
        "Layout is locked",
    ),
    CONTENT: LockColumn(
        LockKind.COARSE,
        lambda row: row.content,
        "drop",
        "Keep coarse content: runs keep its content up to its level",
        "Coarse content is locked",
    ),
    REGION: LockColumn(
        LockKind.REGION,
        lambda row: row.region,
        "lock-simple",
        "Lock region: runs and edits keep everything in this cluster",
        "Region is locked",
    ),
}


class ClusterModel(QAbstractItemModel):
    """Clusters of levels 0 to the active one; level 0 has no row of its own where there are finer ones.

    `renamed` with level, cluster and name.
    """

    renamed = Signal(int, int, str)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._widget = parent
        self.rows: tuple[ClusterRow, ...] = ()

    @property
    def level(self) -> int:
        """The active level."""
        return self.rows[-1].level if self.rows else 0

    def show_rows(self, rows: tuple[ClusterRow, ...]) -> bool:
        """Show other rows (level by level from 0); True where the tree is another one and everything was reset."""
        fresh = len(rows) != len(self.rows)
        if fresh:
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()
        elif rows != self.rows:
            changed = [place for place, (old, new) in enumerate(zip(self.rows, rows, strict=True), 1) if old != new]
            self.rows = rows
            for place in changed:
                if place > 1 or self.level == 0:
                    index = self._index(place)
                    self.dataChanged.emit(index, index.siblingAtColumn(SHOWN))
        return fresh

    def row_at(self, index: Index) -> ClusterRow | None:
        """The cluster of an index."""
        return self.rows[index.internalId() - 1] if index.isValid() else None

    def index_of(self, level: int, cluster: int) -> QModelIndex:
        """Where a cluster is."""
        return self._index((1 << level) + cluster)

    def leaves(self, row: ClusterRow) -> frozenset[int]:
        """The clusters of the active level that a cluster consists of."""
        count = 1 << (self.level - row.level)
        return frozenset(range(row.cluster * count, (row.cluster + 1) * count))

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008  Qt's default
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        return self.createIndex(row, column, self._first(parent) + row)

    def parent(self, index: Index = QModelIndex()) -> QModelIndex:  # type: ignore[override]  # noqa: B008
        place = index.internalId() >> 1 if index.isValid() else 0
        return self._index(place) if place > 1 else QModelIndex()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        if not self.rows or parent.column() > 0:
            return 0
        if self.level == 0:
            return 0 if parent.isValid() else 1
        return 2 if self._first(parent) <= len(self.rows) else 0

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return len(HEADERS)

    def _first(self, parent: Index) -> int:
        """Place of the first child."""
        if parent.isValid():
            return 2 * parent.internalId()
        return 1 if self.level == 0 else 2

    def _index(self, place: int) -> QModelIndex:
        return self.createIndex(place & 1 if place > 1 else 0, NAME, place)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == NAME else flags

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Role.DisplayRole:
            return HEADERS[section]
        if role == Role.ToolTipRole:
            return HEADER_TIPS[section]
        if role == Role.TextAlignmentRole and section == SIZE:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = 0) -> object:
        row, column = self.row_at(index), index.column()
        if row is None:
            return None
        if role == Role.DisplayRole:
            return {NAME: row.text, SIZE: str(row.size)}.get(column)
        if role == Role.EditRole and column == NAME:
            return row.name
        if role == Role.DecorationRole:
            return self._decoration(row, column)
        if role == Role.TextAlignmentRole and column == SIZE:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Role.FontRole and column == NAME and row.active:
            font = self._widget.font()
            font.setBold(True)
            return font
        if role == Role.ForegroundRole and row.level < self.level:
            return QColor(self._theme.colours.dim)
        if role == Role.ToolTipRole or (role == Role.AccessibleTextRole and column > SIZE):
            return self._tool_tip(row, column)
        return None

    def setData(self, index: Index, value: object, role: int = Role.EditRole) -> bool:
        row = self.row_at(index)
        if row is None or role != Role.EditRole or index.column() != NAME:
            return False
        self.renamed.emit(row.level, row.cluster, str(value))
        return True

    def _decoration(self, row: ClusterRow, column: int) -> QIcon | QPixmap | None:
        colours = self._theme.colours
        if column == NAME:
            return static_icon(swatch(row.colour, colours.border))
        if column == SHOWN:
            name, tint = ("eye-fill", colours.accent) if row.shown else ("eye", colours.faint)
            return self._theme.plain_icon(name, tint)
        if column not in LOCKS:
            return None
        locked, name = LOCKS[column].locked(row), LOCKS[column].icon
        if not locked and column == REGION:
            name = "lock-simple-open"
        tint = {"": colours.faint, "part": colours.dim, "all": colours.accent}[locked]
        return self._theme.plain_icon(name + ("-fill" if locked == "all" else ""), tint)

    def _tool_tip(self, row: ClusterRow, column: int) -> str:
        if column in LOCKS:
            lock = LOCKS[column]
            return f"{lock.locked_tip}: click to unlock" if lock.locked(row) == "all" else lock.tip
        if column == SHOWN:
            return "Shown: click to show the others, too" if row.shown else "Show only this cluster"
        where = f"Level {row.level}, cluster {row.cluster}"
        if row.level < self.level:
            return where
        return f"{where}, active" if row.active else f"{where}. Double-click makes it active, F2 names it."


class NameDelegate(QStyledItemDelegate):
    """Edits names, no longer than fits everywhere."""

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        editor = QLineEdit(parent)
        editor.setMaxLength(LONGEST_NAME)
        editor.setAccessibleName("Name of the cluster")
        return editor
