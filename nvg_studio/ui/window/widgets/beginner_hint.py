"""One hint for beginners, above the first picture; once dismissed it never comes back."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

TEXT = (
    "Choose a level below, paint on the picture with the brush (B), then press Run: finer levels follow what you "
    "painted. Ctrl+Shift+P finds every command."
)


class BeginnerHint(QFrame):
    """Emits `dismissed`."""

    dismissed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("message")
        self.setProperty("kind", "info")
        text = QLabel(TEXT)
        text.setWordWrap(True)
        text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.button = QPushButton("Got it")
        self.button.setToolTip("Do not show this hint again")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 7, 7, 7)
        row.addWidget(text, stretch=1)
        row.addWidget(self.button)
        self.button.clicked.connect(self.dismissed)
        self.hide()
