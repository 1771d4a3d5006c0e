"""Unexpected errors, to be copied into a bug report."""

from PySide6.QtWidgets import QApplication, QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout, QWidget


class ErrorDialog(QDialog):
    """One at a time for a window: further errors are added to the text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("error")
        self.setWindowTitle("Unexpected error")
        line = QLabel(
            "Something went wrong in the program itself. Your document is as it was; save it, and if this happens "
            "again, restart the program. The details below are also in the log file."
        )
        line.setWordWrap(True)
        self.details = QPlainTextEdit()
        self.details.setReadOnly(True)
        self.details.setAccessibleName("Details")
        self.details.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy = buttons.addButton("Copy details", QDialogButtonBox.ButtonRole.ActionRole)
        self.copy.clicked.connect(lambda: QApplication.clipboard().setText(self.details.toPlainText()))
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(12)
        for widget in (line, self.details, buttons):
            column.addWidget(widget)
        self.resize(640, 360)

    def add(self, details: str) -> None:
        """Show one more error."""
        before = self.details.toPlainText()
        self.details.setPlainText(f"{before}\n{details}" if before else details)
