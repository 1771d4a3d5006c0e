"""Shows one line to the user, with details behind a button; never modal."""

import logging
from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from nvg_studio.editor.notices import Kind, Notice
from nvg_studio.ui.actions.action_set import ActionSet, plain_text
from nvg_studio.ui.qt.theme import Theme

__all__ = ["Kind", "MessageBar", "Notice"]


INFO_MS = 7000


log = logging.getLogger(__name__)


ICONS = {Kind.INFO: "info", Kind.WARNING: "warning", Kind.ERROR: "warning-circle"}


class MessageBar(QFrame):
    """Shows the latest notice, with buttons for the actions that it offers; an INFO is hidden after a while."""

    def __init__(self, theme: Theme, actions: ActionSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("message")
        self._theme, self._actions = theme, actions
        self.notice: Notice | None = None
        self._icon = QLabel()
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.action_button, self.second_offer = QPushButton("Continue"), QPushButton("Continue")
        self.action_button.clicked.connect(lambda: self._trigger(lambda notice: notice.action))
        self.second_offer.clicked.connect(lambda: self._trigger(lambda notice: notice.second_offer))
        self._more = QPushButton("Details")
        self._more.setCheckable(True)
        close = QToolButton()
        close.setToolTip("Close")
        close.setAccessibleName("Close message")
        self._close = close
        self._details = QPlainTextEdit()
        self._details.setReadOnly(True)
        self._details.setFixedHeight(140)
        self._details.hide()
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self._icon, alignment=Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.text, stretch=1)
        row.addWidget(self.action_button)
        row.addWidget(self.second_offer)
        row.addWidget(self._more)
        row.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 7, 7, 7)
        column.addLayout(row)
        column.addWidget(self._details)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.clear)
        close.clicked.connect(self.clear)
        self._more.toggled.connect(self._details.setVisible)
        self.hide()

    def show_notice(self, notice: Notice) -> None:
        """Show a notice in place of the last one."""
        self.notice = notice
        if notice.kind is Kind.ERROR:
            log.error("%s", "\n".join(filter(None, (notice.text, notice.details))))
        colours = self._theme.colours
        tint = {Kind.INFO: colours.accent, Kind.WARNING: colours.edited, Kind.ERROR: colours.error}[notice.kind]
        self._icon.setPixmap(self._theme.icon(ICONS[notice.kind], tint).pixmap(18, 18))
        self._close.setIcon(self._theme.icon("x", colours.dim))
        self.text.setText(notice.text)
        for button, action in ((self.action_button, notice.action), (self.second_offer, notice.second_offer)):
            button.setVisible(bool(action))
            if action:
                button.setText(plain_text(self._actions[action]))
        self._more.setChecked(False)
        self._more.setVisible(bool(notice.details))
        self._details.setPlainText(notice.details)
        self.setProperty("kind", str(notice.kind))
        self.style().unpolish(self)
        self.style().polish(self)
        self.show()
        if notice.kind is Kind.INFO:
            self._timer.start(INFO_MS)
        else:
            self._timer.stop()

    def dismiss_warning(self) -> None:
        """Hide a warning: the document has changed since, so it is out of date."""
        if self.notice is not None and self.notice.kind is Kind.WARNING:
            self.clear()

    def _trigger(self, offered: Callable[[Notice], str]) -> None:
        notice = self.notice
        self.clear()
        if notice is not None:
            self._actions[offered(notice)].trigger()

    def clear(self) -> None:
        """Hide the notice."""
        self._timer.stop()
        self.notice = None
        self.hide()
