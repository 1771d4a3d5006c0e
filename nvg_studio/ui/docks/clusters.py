"""The clusters dock: the tree down to the active level, with swatch, size, name, and what to click for locks."""

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QPoint, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDockWidget,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QToolButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from nvg_studio.ui.actions.action_set import ActionSet, plain_text
from nvg_studio.ui.docks.cluster_model import (
    LOCKS,
    NAME,
    SHOWN,
    SIZE,
    ClusterModel,
    ClusterRow,
    Index,
    NameDelegate,
)
from nvg_studio.ui.qt.theme import Theme

__all__ = ["ClusterRow", "ClustersDock"]

Flag = QItemSelectionModel.SelectionFlag


class ClustersDock(QWidget):
    """Emits what the user requests.

    `selected` and `shown_toggled` with a frozenset of clusters of the active level; `activated` with one of them;
    `lock_toggled` with a row and the kind of lock; `renamed` with level, cluster and name; `menu_requested` with a
    point on the screen.
    """

    selected = Signal(object)
    shown_toggled = Signal(object)
    activated = Signal(int)
    lock_toggled = Signal(object, object)
    renamed = Signal(int, int, str)
    menu_requested = Signal(QPoint)

    def __init__(self, theme: Theme, actions: ActionSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = ClusterModel(theme, self)
        self.summary = QLabel()
        self.summary.setProperty("role", "dim")
        self.tree = QTreeView()
        self._set_up_tree()
        self._updating = False
        row = QHBoxLayout()
        row.setContentsMargins(12, 8, 12, 4)
        row.addWidget(self.summary, stretch=1)
        for name in ("cluster.content", "cluster.colour"):
            row.addWidget(_button(actions, name))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self.tree, stretch=1)
        column.addStretch(0)

    def _set_up_tree(self) -> None:
        tree = self.tree
        tree.setModel(self.model)
        tree.setItemDelegateForColumn(NAME, NameDelegate(tree))
        tree.setAccessibleName("Clusters down to the active level")
        tree.setIndentation(9)
        tree.setUniformRowHeights(True)
        tree.setIconSize(QSize(16, 16))
        tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        tree.setExpandsOnDoubleClick(False)
        tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        tree.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        tree.setMinimumHeight(96)
        header = tree.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(24)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for column, width in ((SIZE, 38), *((lock, 24) for lock in LOCKS), (SHOWN, 30)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(column, width)
        tree.clicked.connect(self._clicked)
        tree.doubleClicked.connect(self._double_clicked)
        tree.customContextMenuRequested.connect(lambda at: self.menu_requested.emit(tree.viewport().mapToGlobal(at)))
        tree.selectionModel().selectionChanged.connect(self._selection_changed)
        self.model.renamed.connect(self.renamed)

    def show_rows(self, rows: tuple[ClusterRow, ...], summary: str, selected: frozenset[int]) -> None:
        """Show the clusters down to a level, and which ones of that level are selected."""
        self._updating = True
        self.summary.setText(summary)
        if self.model.show_rows(rows):
            self.tree.expandAll()
        self.tree.setVisible(bool(rows))
        if selected != self._selected_leaves() or not self._only_leaves_selected():
            self._select(selected)
        self._updating = False

    def edit_name(self) -> None:
        """Begin to rename the current cluster, in its row."""
        index = self.tree.currentIndex()
        if index.isValid():
            dock = self.parentWidget()
            if isinstance(dock, QDockWidget):
                dock.show()
                dock.raise_()
            self.tree.setFocus()
            self.tree.edit(index.siblingAtColumn(NAME))

    def _select(self, selected: frozenset[int]) -> None:
        chosen = QItemSelection()
        indexes = [self.model.index_of(self.model.level, cluster) for cluster in sorted(selected)]
        for index in indexes:
            chosen.select(index, index)
        model = self.tree.selectionModel()
        model.select(chosen, Flag.ClearAndSelect | Flag.Rows)
        current = self.model.row_at(self.tree.currentIndex())
        if indexes and (current is None or (current.level == self.model.level and current.cluster not in selected)):
            model.setCurrentIndex(indexes[0], Flag.NoUpdate)
            self.tree.scrollTo(indexes[0])

    def _selected_rows(self) -> list[ClusterRow]:
        rows = (self.model.row_at(index) for index in self.tree.selectionModel().selectedRows(NAME))
        return [row for row in rows if row is not None]

    def _selected_leaves(self) -> frozenset[int]:
        """Clusters of the active level that are selected, or lie below a selected one."""
        return frozenset(cluster for row in self._selected_rows() for cluster in self.model.leaves(row))

    def _only_leaves_selected(self) -> bool:
        return all(row.level == self.model.level for row in self._selected_rows())

    def _selection_changed(self) -> None:
        if not self._updating:
            self.selected.emit(self._selected_leaves())

    def _clicked(self, index: Index) -> None:
        row = self.model.row_at(index)
        if row is not None and index.column() in LOCKS:
            self.lock_toggled.emit(row, LOCKS[index.column()].kind)
        elif row is not None and index.column() == SHOWN:
            self.shown_toggled.emit(self.model.leaves(row))

    def _double_clicked(self, index: Index) -> None:
        row = self.model.row_at(index)
        if row is not None and index.column() in (NAME, SIZE) and row.level == self.model.level:
            self.activated.emit(row.cluster)


def _button(actions: ActionSet, name: str) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(actions[name])
    button.setAccessibleName(plain_text(actions[name]))
    button.setIconSize(QSize(16, 16))
    return button
