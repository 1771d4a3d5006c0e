"""A box to choose a class from, with search."""

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QComboBox, QCompleter, QWidget

from nvg_studio.editor.timers import single_shot
from nvg_studio.ui.qt.form_fields import compact

NO_CLASS = "No class"


class ClassBox(QComboBox):
    """All classes of a model and "No class"; what is typed replaces the old name, and finds any part of another."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setAccessibleName("Class")
        compact(self)
        self.addItem(NO_CLASS, None)
        completer, line = self.completer(), self.lineEdit()
        assert completer is not None and line is not None  # an editable box has both
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        line.setPlaceholderText("Search a class")
        line.editingFinished.connect(self._find)
        self._select_all = single_shot(self, 0, line.selectAll)

    @property
    def class_id(self) -> int | None:
        """The class that is chosen; None for none."""
        number: int | None = self.currentData()
        return number

    def show_classes(self, names: tuple[str, ...]) -> None:
        """Offer the classes of a model."""
        chosen = self.class_id
        with QSignalBlocker(self):
            self.clear()
            self.addItem(NO_CLASS, None)
            for number, name in enumerate(names):
                self.addItem(name.replace("_", " ").capitalize(), number)
        self.choose(chosen)

    def choose(self, class_id: int | None) -> None:
        """Show a class, "No class" where the model has no such one; nothing is emitted."""
        with QSignalBlocker(self):
            self.setCurrentIndex(max(self.findData(class_id), 0))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._select_all.start()  # a click would take the selection away again

    def _find(self) -> None:
        """Take the first class that contains what was typed; where there is none, stay with the one before."""
        found = self.findText(self.currentText(), Qt.MatchFlag.MatchFixedString)
        if found < 0 and self.currentText():
            found = self.findText(self.currentText(), Qt.MatchFlag.MatchContains)
        if found in (-1, self.currentIndex()):
            self.setEditText(self.itemText(self.currentIndex()))
        else:
            self.setCurrentIndex(found)
            self.activated.emit(found)
