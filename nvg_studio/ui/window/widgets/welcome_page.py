"""The page that the window shows while no document is open."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from nvg_studio.ui.actions.action_set import ActionSet
from nvg_studio.ui.qt.theme import Theme, application_icon


class WelcomePage(QWidget):
    """Three buttons that open a document, and the state of the model."""

    def __init__(self, theme: Theme, actions: ActionSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._actions = actions
        picture = QLabel()
        picture.setPixmap(application_icon().pixmap(QSize(72, 72)))
        title = QLabel("Open a photo, generate a picture, or paint a layout")
        title.setProperty("role", "title")
        hint = QLabel("Drop a photo anywhere in this window, or paste one from the clipboard.")
        hint.setProperty("role", "dim")
        self.status = QLabel()
        self.status.setProperty("role", "dim")
        self.open = QPushButton("Open a photo…")
        self.open.setObjectName("primary")
        self.generate = QPushButton("Generate a picture")
        self.layout_button = QPushButton("Paint a layout…")
        self.open.clicked.connect(actions["file.open"].trigger)
        self.generate.clicked.connect(actions["file.generate"].trigger)
        self.layout_button.clicked.connect(actions["file.new_layout"].trigger)
        for name in ("file.generate", "file.new_layout"):
            actions[name].changed.connect(self._update_buttons)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addStretch(1)
        row.addWidget(self.open)
        row.addWidget(self.generate)
        row.addWidget(self.layout_button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setSpacing(10)
        column.addStretch(2)
        for widget in (picture, title, hint):
            column.addWidget(widget, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(8)
        column.addLayout(row)
        column.addSpacing(8)
        column.addWidget(self.status, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        self._update_buttons()

    def show_status(self, text: str) -> None:
        """Show the state of the model."""
        self.status.setText(text)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colours.canvas)
        painter.end()

    def _update_buttons(self) -> None:
        self.generate.setEnabled(self._actions["file.generate"].isEnabled())
        self.layout_button.setEnabled(self._actions["file.new_layout"].isEnabled())
