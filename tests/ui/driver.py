"""Drives the real window with mouse and keyboard events, for tests/ui and tests/e2e."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QSettings, Qt, QTimer
from PySide6.QtGui import QInputDevice, QMouseEvent, QPointingDevice, QTabletEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from nvg_studio.editor.files.user_settings import UserSettings
from nvg_studio.editor.session import Session
from nvg_studio.engine.protocol import Engine
from nvg_studio.project.document import Snapshot
from nvg_studio.ui.qt.theme import Theme
from nvg_studio.ui.window.main_window import MainWindow

LIMIT = 60_000
"""Milliseconds: generous, because the machine may be busy. Nothing here is timed."""
LEFT, NO_KEYS = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


class Studio:
    """A window with an engine, and the hands of a person in front of it."""

    def __init__(self, qtbot: QtBot, engine: Engine, folder: Path) -> None:
        self.qtbot = qtbot
        self.engine = engine
        settings = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)
        self.user_settings = UserSettings(settings, folder / "preferences.json")
        self.session = Session(engine, folder / "unsaved")
        self.theme = Theme()
        self.window = MainWindow(self.session, self.theme, self.user_settings)
        self.window.show()
        qtbot.waitExposed(self.window)

    @property
    def snapshot(self) -> Snapshot:
        """The current step of the document."""
        assert self.session.snapshot is not None
        return self.session.snapshot

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds."""
        self.qtbot.waitUntil(condition, timeout=LIMIT)

    def settle(self) -> None:
        """Wait until nothing is under way any more and everything is drawn."""
        session = self.session
        self.until(
            lambda: session.pending_photo is None and session.run_queue.running is None and not session.background.busy
        )
        self.settle_drawing()

    def settle_drawing(self) -> None:
        """Wait until everything there is so far is drawn; a run may be under way."""
        session, window = self.session, self.window
        self.until(lambda: not window.refresh_pending)
        QApplication.processEvents()
        self.until(lambda: not session.background.busy and not window.refresh_pending)

    def load_model(self, folder: Path) -> None:
        """Load a model folder."""
        self.session.load_model(folder)
        self.until(lambda: self.session.loading is None and self.session.info is not None)
        self.settle()

    def open(self, path: Path) -> None:
        """Open a file through the menu."""
        with answering("getOpenFileName", path):
            self.trigger("file.open")
        self.until(lambda: self.session.document is not None)
        self.settle()

    def choose(self, **values: Any) -> None:
        """Set some `Choices` of the editor by name."""
        state = self.window.state
        state.set(replace(state.choices, **values))

    def set_run_options(self, **values: Any) -> None:
        """Set some `RunOptions` by name."""
        runs = self.session.run_queue
        runs.set_options(replace(runs.options, **values))

    def set_preferences(self, **values: Any) -> None:
        """Set some `Preferences` by name."""
        self.window.preferences.set(replace(self.user_settings.preferences, **values))

    def trigger(self, name: str) -> None:
        """Trigger an action, which must be enabled."""
        action = self.window.action_set[name]
        assert action.isEnabled(), f"{name} is disabled"
        action.trigger()

    def trigger_when_enabled(self, name: str) -> None:
        """Trigger an action once the window has enabled it."""
        self.until(self.window.action_set[name].isEnabled)
        self.trigger(name)

    def key(self, key: Qt.Key | str, keys: Qt.KeyboardModifier = NO_KEYS) -> None:
        """Press and release a key on the canvas."""
        self.window.canvas.setFocus()
        if isinstance(key, str):
            QTest.keyClick(self.window.canvas, key, keys)  # type: ignore[call-overload]  # a character; the stubs know only codes
        else:
            QTest.keyClick(self.window.canvas, key, keys)
        QApplication.processEvents()

    def at(self, x: float, y: float) -> QPoint:
        """The canvas position of a point in cells."""
        return self.window.canvas.viewport.to_widget(x, y).toPoint()

    def stroke(
        self,
        points: list[tuple[float, float]],
        button: Qt.MouseButton = LEFT,
        keys: Qt.KeyboardModifier = NO_KEYS,
        release: bool = True,
    ) -> None:
        """Press at the first point (in cells), move over the others, release at the last."""
        canvas = self.window.canvas
        QTest.mousePress(canvas, button, keys, self.at(*points[0]))
        for point in points[1:]:
            move(canvas, self.at(*point), button, keys)
        if release:
            QTest.mouseRelease(canvas, button, keys, self.at(*points[-1]))
        QApplication.processEvents()

    def click(self, x: float, y: float, button: Qt.MouseButton = LEFT, keys: Qt.KeyboardModifier = NO_KEYS) -> None:
        """Click a point in cells."""
        self.stroke([(x, y)], button, keys)

    def hover(self, x: float, y: float) -> None:
        """Move the mouse to a point in cells, no button down."""
        move(self.window.canvas, self.at(x, y), Qt.MouseButton.NoButton, NO_KEYS)

    def pen(
        self,
        points: list[tuple[float, float]],
        pressure: float,
        tip: QPointingDevice.PointerType = QPointingDevice.PointerType.Pen,
    ) -> None:
        """A stroke with a pen over points in cells, at one pressure."""
        none, button = Qt.MouseButton.NoButton, LEFT
        steps = [(QEvent.Type.TabletPress, points[0], button, button)]
        steps += [(QEvent.Type.TabletMove, point, none, button) for point in points[1:]]
        steps += [(QEvent.Type.TabletRelease, points[-1], button, none)]
        canvas, device = self.window.canvas, a_pen(tip)
        for kind, point, button, buttons in steps:
            here = QPointF(self.at(*point))
            place = QPointF(canvas.mapToGlobal(here))
            force = 0.0 if kind is QEvent.Type.TabletRelease else pressure
            event = QTabletEvent(kind, device, here, place, force, 0, 0, 0, 0, 0, NO_KEYS, button, buttons)
            QApplication.sendEvent(canvas, event)
        QApplication.processEvents()

    def press_card(self, stage: int) -> None:
        """Click "Run from here" on a card."""
        button = self.window.strip.cards[stage].run
        self.until(button.isEnabled)
        QTest.mouseClick(button, LEFT)

    def card_states(self) -> list[str]:
        """What the cards say."""
        self.settle()
        return [card.view.state for card in self.window.strip.cards if card.view is not None]

    def labels(self, level: int) -> np.ndarray:
        """Labels of the document, int64 [grid, grid]."""
        return self.snapshot.sequence.labels(level).reshape(self.session.grid, self.session.grid)

    def a_cell_of(self, level: int, cluster: int) -> tuple[float, float]:
        """The middle of some cell of a cluster, in cells (x, y)."""
        y, x = np.argwhere(self.labels(level) == cluster)[0]
        return x + 0.5, y + 0.5

    def close(self) -> None:
        """Close everything, and see that nothing stays behind."""
        self.window.close_without_asking()
        self.until(lambda: not self.window.isVisible())
        self.session.close()
        QTest.qWait(0)
        alive = [t for t in (*self.window.findChildren(QTimer), *self.session.findChildren(QTimer)) if t.isActive()]
        assert not alive, alive
        for thing in (self.window, self.session, self.theme):
            thing.deleteLater()
            QApplication.sendPostedEvents(thing, QEvent.Type.DeferredDelete)
        left = QApplication.topLevelWidgets()
        assert not left, [(w, w.objectName(), w.windowTitle(), w.parent()) for w in left]


def move(widget: QWidget, position: QPoint, button: Qt.MouseButton, keys: Qt.KeyboardModifier) -> None:
    """Move the mouse with a button held down, which QTest.mouseMove cannot."""
    here = QPointF(position)
    event = QMouseEvent(
        QEvent.Type.MouseMove, here, QPointF(widget.mapToGlobal(position)), Qt.MouseButton.NoButton, button, keys
    )
    QApplication.sendEvent(widget, event)


def a_pen(tip: QPointingDevice.PointerType) -> QPointingDevice:
    """A graphics tablet's pen, with the tip or the eraser down."""
    kind, ability = QInputDevice.DeviceType.Stylus, QInputDevice.Capability.Pressure
    return QPointingDevice("pen", 1, kind, tip, ability, 1, 1)


@contextmanager
def answering(dialog: str, path: Path) -> Iterator[None]:
    """Answer the next file dialogs of a kind with a path."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(QFileDialog, dialog, staticmethod(lambda *args, **kwargs: (str(path), "")))
        yield


@contextmanager
def no_threads_left() -> Iterator[None]:
    """Fail where Python threads outlive the block."""
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before and thread.is_alive()]
    assert not left, left


def model_folder(folder: Path) -> Path:
    """A folder that looks like a model, for the scripted engine."""
    (folder / "model").mkdir()
    (folder / "model" / "config.json").write_text("{}")
    return folder / "model"
