"""Unsaved work of a program that crashed: recover it, discard it, or decide later."""

from PySide6.QtCore import QDateTime, QLocale, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QListWidget, QVBoxLayout, QWidget

from nvg_studio.project.autosave import Recovery

MAX_ROWS = 6
"""Seen at the same time; others are scrolled to."""


class RecoveryDialog(QDialog):
    """Emits `recover_requested` and `discard_requested` with a `Recovery`; closing it decides nothing."""

    recover_requested = Signal(object)
    discard_requested = Signal(object)

    def __init__(self, found: list[Recovery], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Unsaved work")
        self.setObjectName("recovery")
        self._found = list(found)
        text = QLabel("NVG Studio ended before this work was saved:")
        self.list = QListWidget()
        self.list.setAccessibleName("Unsaved work")
        self.list.addItems([_described(recovery) for recovery in found])
        self.list.setCurrentRow(0)
        self.list.setSpacing(3)
        rows = min(len(found), MAX_ROWS)
        self.list.setFixedHeight(rows * (self.list.sizeHintForRow(0) + 6) + 2 * self.list.frameWidth() + 6)
        hint = QLabel("Later leaves it for the next start.")
        hint.setProperty("role", "dim")
        buttons = QDialogButtonBox()
        self.recover = buttons.addButton("Recover", QDialogButtonBox.ButtonRole.AcceptRole)
        self.recover.setObjectName("primary")
        self.recover.setDefault(True)
        self.discard = buttons.addButton("Discard", QDialogButtonBox.ButtonRole.DestructiveRole)
        self.later = buttons.addButton("Later", QDialogButtonBox.ButtonRole.RejectRole)
        self.recover.clicked.connect(self._recover)
        self.discard.clicked.connect(self._discard)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(12)
        for widget in (text, self.list, hint, buttons):
            column.addWidget(widget)
        self.setMinimumWidth(420)

    def _recover(self) -> None:
        self.recover_requested.emit(self._found[self.list.currentRow()])
        self.accept()

    def _discard(self) -> None:
        row = self.list.currentRow()
        self.list.takeItem(row)
        self.discard_requested.emit(self._found.pop(row))
        if not self._found:
            self.accept()


def _described(recovery: Recovery) -> str:
    """Its name, and the time of its last change."""
    origin = recovery.origin
    if not origin.time:
        return origin.name
    when = QDateTime.fromSecsSinceEpoch(round(origin.time))
    return f"{origin.name}, as it was at {QLocale().toString(when, QLocale.FormatType.ShortFormat)}"
