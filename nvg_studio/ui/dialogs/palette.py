"""The command palette: every action of the table, found by typing."""

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from nvg_studio.ui.action_set import ActionSet, plain_text
from nvg_studio.ui.actions import TABLE


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
        self.list = QListWidget()
        self.list.setAccessibleName("Commands found")
        self.list.setIconSize(QSize(16, 16))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
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
            if step is not None and self.list.count():
                self.list.setCurrentRow((self.list.currentRow() + step) % self.list.count())
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
                self.list.addItem(_item(label, action))
        self.list.setCurrentRow(0)

    def _trigger(self) -> None:
        for item in self.list.selectedItems():
            action: QAction = item.data(Qt.ItemDataRole.UserRole)
            if action.isEnabled():
                self.close()
                action.trigger()


def _item(label: str, action: QAction) -> QListWidgetItem:
    keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    item = QListWidgetItem(action.icon(), f"{label}    {keys}" if keys else label)
    item.setData(Qt.ItemDataRole.UserRole, action)
    if not action.isEnabled():
        item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEnabled)
    return item
