"""The licence of the published models, before the first download."""

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from nvg_studio.hub.published import LICENCE_NOTE, licence_text


class LicenceDialog(QDialog):
    """Shows the licence; accepted by its button alone."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("licence")
        self.setWindowTitle("Licence of the published models")
        note = QLabel(LICENCE_NOTE)
        note.setWordWrap(True)
        text = QPlainTextEdit(licence_text())
        text.setReadOnly(True)
        text.setAccessibleName("Licence")
        buttons = QDialogButtonBox()
        self.agree = buttons.addButton("Accept and download", QDialogButtonBox.ButtonRole.AcceptRole)
        self.agree.setObjectName("primary")
        self.decline = buttons.addButton("Cancel", QDialogButtonBox.ButtonRole.RejectRole)
        self.decline.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(12)
        for widget in (note, text, buttons):
            column.addWidget(widget)
        self.resize(640, 480)
