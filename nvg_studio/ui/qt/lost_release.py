"""Drags whose release event another widget or program receives, or none: a pen may leave its tablet."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QFocusEvent, QMouseEvent, QTabletEvent
from PySide6.QtWidgets import QWidget

_NONE = Qt.MouseButton.NoButton
_MOVES = (QEvent.Type.MouseMove, QEvent.Type.TabletMove)
_PRESSES = (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick, QEvent.Type.TabletPress)
_LOSSES = (QEvent.Type.WindowDeactivate, QEvent.Type.Hide, QEvent.Type.UngrabMouse, QEvent.Type.TouchCancel)


class LostRelease(QObject):
    """Watches a widget for which every drag has to end, and calls `end` where the release did not come to it.

    That shows in the first event of mouse or pen without the button down, in the same button going down again, and
    where focus or activation move to another widget or window. `end` is called before the widget sees the event.
    """

    def __init__(self, widget: QWidget, end: Callable[[], None]) -> None:
        super().__init__(widget)
        self._end = end
        self._button = _NONE
        widget.setMouseTracking(True)  # otherwise moves without a button do not come
        widget.installEventFilter(self)

    def begin(self, button: Qt.MouseButton) -> None:
        """A drag with this button begins."""
        self._button = button

    def finish(self) -> None:
        """The drag has ended with its release, or was cancelled."""
        self._button = _NONE

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if self._button != _NONE and self._is_lost(event):
            self._button = _NONE
            self._end()
        return False

    def _is_lost(self, event: QEvent) -> bool:
        kind = event.type()
        if kind in _LOSSES:
            return True
        if isinstance(event, QFocusEvent):  # Alt, a modifier of tools, moves the focus to the menu bar
            return event.lostFocus() and event.reason() != Qt.FocusReason.MenuBarFocusReason
        if isinstance(event, QMouseEvent | QTabletEvent) and kind in (*_MOVES, *_PRESSES):
            again = kind in _PRESSES and event.button() == self._button
            return again or not event.buttons() & self._button
        return False
