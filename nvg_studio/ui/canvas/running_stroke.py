"""The stroke under way on a canvas: the generator of a tool, fed with pointers, that ends in every case."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from nvg_studio.ui.canvas.tool import Pointer, Stroke
from nvg_studio.ui.qt.lost_release import LostRelease


class RunningStroke:
    """At most one stroke at a time. `ended` is called after one that ended without its release."""

    def __init__(self, widget: QWidget, ended: Callable[[], None]) -> None:
        self._ended = ended
        self._stroke: Stroke | None = None
        self._last: Pointer | None = None
        self._advancing = False
        self._button = Qt.MouseButton.NoButton
        self._lost_release = LostRelease(widget, self.end)

    @property
    def active(self) -> bool:
        """Whether a stroke is under way."""
        return self._stroke is not None

    def begin(self, stroke: Stroke, press: Pointer, button: Qt.MouseButton) -> None:
        """Run a stroke from its press on; it may end with that."""
        self._stroke, self._last, self._button = stroke, press, button
        self._lost_release.begin(button)
        self._advance(stroke, None)

    def move(self, pointer: Pointer) -> None:
        """The pointer moved with the button down."""
        if self._stroke is not None:
            self._last = pointer
            self._advance(self._stroke, pointer)

    def release(self, pointer: Pointer, button: Qt.MouseButton) -> None:
        """A button was released; that of the stroke ends it."""
        if self._stroke is not None and button == self._button:
            self._advance(self._stroke, replace(pointer, released=True))

    def end(self) -> None:
        """End the stroke where the pointer was last with its button down, as its release would."""
        stroke, last = self._stroke, self._last
        if stroke is None or last is None or self._advancing:  # what a stroke does may open a dialog
            return
        self._advance(stroke, replace(last, released=True))
        self._ended()

    def cancel(self) -> bool:
        """Give the stroke up: nothing is changed. False where there was none."""
        stroke = self._stroke
        if stroke is None:
            return False
        self._forget(stroke)
        stroke.close()
        return True

    def _advance(self, stroke: Stroke, pointer: Pointer | None) -> None:
        self._advancing = True
        try:
            if pointer is None:
                next(stroke)
            else:
                stroke.send(pointer)
        except StopIteration:
            self._forget(stroke)
        finally:
            self._advancing = False

    def _forget(self, stroke: Stroke) -> None:
        if self._stroke is stroke:
            self._stroke = None
            self._lost_release.finish()
