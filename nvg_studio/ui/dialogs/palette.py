"""The command palette: every action of the table, found by typing."""

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt
from PySide6.QtGui import QAction, QIcon, QKeyEvent, QKeySequence, QPixmap
from PySide6.QtWidgets import QDialog, QHeaderView, QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from nvg_studio.ui.actions.action_set import ActionSet, plain_text
from nvg_studio.ui.actions.table import TABLE

ICON = 16


class CommandPalette(QDialog):
    """Type, choose with the arrows, Enter triggers."""

    def __init__(self, actions: ActionSet, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("palette")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._actions = actions
        self.search = QLineEdit()
        self.search.setPlaceholderText("Type a command")
        self.search.setAccessibleName("Command")
        self.list = QTreeWidget()
        self.list.setAccessibleName("Commands found")
        self.list.setIconSize(QSize(ICON, ICON))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setColumnCount(2)
        self.list.setIndentation(0)
        self.list.setHeaderHidden(True)
        self.list.header().setStretchLastSection(False)
        self.list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.list.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.addWidget(self.search)
        column.addWidget(self.list)
        self.resize(460, 380)
        self.search.textChanged.connect(self._filter)
        self.search.returnPressed.connect(self._trigger)
        self.list.itemClicked.connect(self._trigger)
        self.search.installEventFilter(self)
        self._filter("")

    def show_over(self, window: QWidget) -> None:
        """Open in the upper middle of a window."""
        corner = window.mapToGlobal(QPoint((window.width() - self.width()) // 2, 80))
        self.move(corner)
        self.show()
        self.search.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
            count = self.list.topLevelItemCount()
            if step is not None and count:
                self._go_to((self.list.currentIndex().row() + step) % count)
                return True
        return super().eventFilter(watched, event)

    def _filter(self, text: str) -> None:
        words = text.casefold().split()
        self.list.clear()
        for spec in TABLE:
            action = self._actions[spec.name]
            label = f"{spec.menu.replace('&', '')}: {plain_text(action)}"
            searched = f"{label} {spec.tip}".casefold()
            if spec.name != "help.palette" and all(word in searched for word in words):
                self.list.addTopLevelItem(_item(label, action))
        self._go_to(0)

    def _go_to(self, row: int) -> None:
        self.list.setCurrentIndex(self.list.model().index(row, 0))

    def _trigger(self) -> None:
        for item in self.list.selectedItems():
            action: QAction = item.data(0, Qt.ItemDataRole.UserRole)
            if action.isEnabled():
                self.close()
                action.trigger()


def _item(label: str, action: QAction) -> QTreeWidgetItem:
    item = QTreeWidgetItem([label, action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)])
    item.setIcon(0, _no_icon() if action.icon().isNull() else action.icon())
    item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    item.setData(0, Qt.ItemDataRole.UserRole, action)
    item.setDisabled(not action.isEnabled())
    return item


def _no_icon() -> QIcon:
    """As wide as an icon, so that all labels begin at the same place."""
    pixmap = QPixmap(ICON, ICON)
    pixmap.fill(Qt.GlobalColor.transparent)
    return QIcon(pixmap)
