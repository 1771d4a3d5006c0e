"""A box to choose a class from, with search."""

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QComboBox, QCompleter, QWidget

from nvg_studio.ui.docks.fields import compact

NO_CLASS = "No class"


class ClassBox(QComboBox):
    """All classes of a model and "No class"; typing finds any part of a name."""

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
