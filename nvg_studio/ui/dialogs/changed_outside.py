"""Asks what to do about a project file that another program changed since it was opened or saved here."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMessageBox, QWidget


class ChangedOutsideDialog(QMessageBox):
    """Emits one of `replace_requested`, `save_as_requested` and `given_up`. It is opened, not executed, so that
    the window stays responsive."""

    replace_requested = Signal()
    save_as_requested = Signal()
    given_up = Signal()

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("changed_outside")
        self.setIcon(QMessageBox.Icon.NoIcon)
        self.setWindowTitle("Changed by another program")
        self.setText(f"{name} was changed by another program since it was opened or saved here.")
        self.setInformativeText("Replacing it keeps the other version as its backup (~) until the next save.")
        self.setStandardButtons(QMessageBox.StandardButton.Cancel)
        self.other_name = self.addButton("Save under another name…", QMessageBox.ButtonRole.AcceptRole)
        self.replace = self.addButton("Replace", QMessageBox.ButtonRole.DestructiveRole)
        self.setDefaultButton(self.other_name)
        self.finished.connect(self._decide)

    def _decide(self) -> None:
        clicked = self.clickedButton()
        answers = {self.replace: self.replace_requested, self.other_name: self.save_as_requested}
        answers.get(clicked, self.given_up).emit()  # type: ignore[call-overload]
