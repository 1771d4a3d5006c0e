"""History: the document's steps. A click visits one; results that came too late wait on top as candidates."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from nvg_studio.ui.theme import Theme

ROLE = Qt.ItemDataRole.UserRole


class HistoryDock(QWidget):
    """Emits `visited` with the step's index, or `candidate_chosen` with the candidate's index."""

    visited = Signal(int)
    candidate_chosen = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._shown: tuple[object, ...] = ()
        self.list = QListWidget()
        self.list.setAccessibleName("History")
        self.list.setIconSize(QSize(16, 16))
        self.list.setUniformItemSizes(True)
        self.list.setMinimumHeight(96)
        self.list.itemClicked.connect(self._clicked)
        self.list.itemActivated.connect(self._clicked)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 8, 6, 6)
        column.addWidget(self.list)

    def show_steps(self, titles: tuple[str, ...], index: int, candidates: tuple[str, ...]) -> None:
        """Show the steps, the current one marked, those that were undone greyed, and waiting candidates at the end."""
        shown = (titles, index, candidates, self._theme.name)
        if shown == self._shown:
            return
        self._shown = shown
        colours = self._theme.colours
        self.list.clear()
        for i, title in enumerate(titles):
            item = QListWidgetItem(title)
            item.setData(ROLE, ("step", i))
            name = "caret-right-fill" if i == index else "caret-right"
            item.setIcon(self._theme.icon(name, colours.accent if i == index else colours.faint))
            if i > index:
                item.setForeground(QColor(colours.faint))
                item.setToolTip("Undone: click to go there again")
            self.list.addItem(item)
        for i, title in enumerate(candidates):
            item = QListWidgetItem(title)
            item.setData(ROLE, ("candidate", i))
            item.setIcon(self._theme.icon("sparkle", colours.edited))
            item.setToolTip("This result was made from another step. Click to use it.")
            self.list.addItem(item)
        if titles:
            self.list.setCurrentRow(index)
            self.list.scrollToItem(self.list.item(index))

    def _clicked(self, item: QListWidgetItem) -> None:
        kind, index = item.data(ROLE)
        (self.visited if kind == "step" else self.candidate_chosen).emit(index)
