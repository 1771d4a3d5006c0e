"""Preferences, the first hint, About, the log, bracket keys, and a name for everything that can be used."""

import json
import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QAccessible, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QColorDialog,
    QComboBox,
    QDialog,
    QHeaderView,
    QLineEdit,
    QScrollBar,
    QWidget,
)

from nvg_studio.editor.choices import LockKind, Palette
from nvg_studio.editor.files import user_settings
from nvg_studio.editor.files.log_file import start_logging
from nvg_studio.editor.files.preferences import Preferences, read_preferences, write_preferences
from nvg_studio.editor.notices import Kind, Notice
from nvg_studio.ui.canvas.keys import BRACKETS
from nvg_studio.ui.dialogs.about import AboutDialog, diagnostics
from nvg_studio.ui.dialogs.preferences import PreferencesDialog
from tests.ui.driver import LEFT, Studio
from tests.ui.generation import engine_of

USABLE = (QAbstractButton, QLineEdit, QAbstractSpinBox, QComboBox, QAbstractSlider, QAbstractItemView)
DIALOGS = ("file.new_layout", "file.export", "cluster.colour", "help.palette", "help.shortcuts", "help.about")


def dialog(studio: Studio, name: str) -> QDialog:
    """The dialog that an action opens."""
    studio.trigger_when_enabled(name)
    return next(one for one in studio.window.findChildren(QDialog) if one.isVisible())


def test_preferences_are_followed_and_written(studio: Studio, tmp_path: Path) -> None:
    ask = dialog(studio, "edit.preferences")
    assert isinstance(ask, PreferencesDialog)
    for box, value in (
        (ask.theme, "light"),
        (ask.palette_box, Palette.SAFE),
        (ask.dtype, "float32"),
        (ask.autosave, 60),
    ):
        box.setCurrentIndex(box.findData(value))
    QTest.keyClick(ask.exact, Qt.Key.Key_Space)
    QTest.mouseClick(ask.ok, LEFT)
    assert studio.session.loading is not None  # with the other precision
    studio.until(lambda: studio.session.loading is None)
    studio.settle()
    assert studio.theme.name == "light"
    assert studio.window.state.choices.palette is Palette.SAFE
    assert not studio.session.generation.exact_pixels
    assert studio.window.generate.advanced.dtype.currentData() == "float32"
    expected = Preferences("light", Palette.SAFE, dtype="float32", exact_pixels=False, autosave_s=60)
    assert studio.user_settings.preferences == expected
    studio.until(lambda: read_preferences(tmp_path / "preferences.json") == expected)
    studio.trigger("edit.exact")
    studio.until(lambda: read_preferences(tmp_path / "preferences.json").exact_pixels)


def test_a_slow_disk_never_holds_up_the_window(studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = threading.Event()

    def slow(path: Path, now: Preferences) -> None:
        disk.wait(60)
        write_preferences(path, now)

    monkeypatch.setattr(user_settings, "write_preferences", slow)
    for palette in (Palette.SAFE, Palette.MEAN):
        studio.trigger(f"view.colours_{palette}")
    assert read_preferences(tmp_path / "preferences.json").palette is Palette.DISTINCT
    disk.set()
    studio.until(lambda: read_preferences(tmp_path / "preferences.json").palette is Palette.MEAN)


def test_a_device_that_is_absent_is_said_in_one_line(studio: Studio, tmp_path: Path) -> None:
    box = studio.window.generate.advanced.device
    before = studio.session.info
    for _ in range(2):  # asking again says it again
        studio.window.message.clear()
        engine_of(studio).fail_next("The device 'cuda' is not available here.")
        box.setCurrentIndex(box.findData("cuda"))
        box.activated.emit(box.currentIndex())
        studio.until(lambda: studio.session.loading is None and box.currentData() == "auto")
        studio.settle()
        notice = studio.window.message.notice
        assert notice is not None and notice.kind is Kind.WARNING
        assert "NVIDIA GPU cannot be used on this computer" in notice.text
        assert "'cuda' is not available" in notice.details
    info = studio.session.info
    assert before is not None and info is not None and info.identity.model == before.identity.model
    assert studio.session.can_run
    studio.until(lambda: read_preferences(tmp_path / "preferences.json").device == "auto")


def test_unsaved_work_is_kept_as_soon_as_preferred(studio: Studio) -> None:
    keeper = studio.session.autosaver
    studio.set_preferences(autosave_s=60)
    studio.window.lock_cluster(1, LockKind.REGION)
    timer = next(one for one in keeper.findChildren(QTimer) if one.isActive())
    assert 50_000 < timer.remainingTime() <= 63_000  # coarse timers may be late by a twentieth


def test_a_cancelled_dialog_prefers_nothing(studio: Studio) -> None:
    before = studio.user_settings.preferences
    ask = dialog(studio, "edit.preferences")
    assert isinstance(ask, PreferencesDialog)
    ask.theme.setCurrentIndex(ask.theme.findData("light"))
    QTest.keyClick(ask, Qt.Key.Key_Escape)
    assert studio.user_settings.preferences is before


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1]",
        "{",
        "[" * 60_000,
        '{"version": 9, "theme": "light"}',
        '{"version": 1, "theme": ["light"]}',
        "\x00\xff",
    ],
)
def test_a_file_without_sense_gives_the_defaults(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.json").write_text(text, encoding="latin-1")
    assert read_preferences(tmp_path / "p.json") == Preferences()


def test_what_makes_sense_in_a_file_is_kept(tmp_path: Path) -> None:
    data = {
        "version": 1,
        "theme": "pink",
        "palette": "safe",
        "exact_pixels": "no",
        "device": "cpu",
        "autosave_s": 6,
        "more": 1,
    }
    (tmp_path / "p.json").write_text(json.dumps(data))
    assert read_preferences(tmp_path / "p.json") == Preferences(palette=Palette.SAFE, device="cpu")


def test_a_disk_that_refuses_is_only_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    write_preferences(tmp_path / "file" / "p.json", Preferences())
    assert "cannot be written" in caplog.text


def test_the_hint_comes_once(ready_studio: Studio, samples: list[Path]) -> None:
    hint = ready_studio.window.hint
    assert not hint.isVisible()
    ready_studio.open(samples[0])
    assert hint.isVisible()
    QTest.mouseClick(hint.button, LEFT)
    ready_studio.settle()
    assert not hint.isVisible()
    assert ready_studio.user_settings.preferences.hint_seen


def test_about_copies_what_a_bug_report_needs(studio: Studio) -> None:
    about = dialog(studio, "help.about")
    assert isinstance(about, AboutDialog)
    QTest.mouseClick(about.copy, LEFT)
    text = QApplication.clipboard().text()
    info = studio.session.info
    assert text == diagnostics(info)
    for part in (sys.version.split()[0], "PySide6", info.runtime, info.name, info.device, info.identity.model[:12]):
        assert part in text
    about.close()


def test_diagnostics_name_no_person(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    info = studio.session.info
    home = Path(info.folder).parent
    monkeypatch.setattr(Path, "home", lambda: home)
    text = diagnostics(info)
    assert str(home) not in text
    assert f"Folder: {Path('~', 'model')}" in text


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """A log file that is written to."""
    hook = sys.excepthook
    handler = start_logging(tmp_path / "deep" / "studio.log")
    yield tmp_path / "deep" / "studio.log"
    logging.getLogger().removeHandler(handler)
    handler.close()
    sys.excepthook = hook


def test_errors_and_what_nobody_caught_are_in_the_log(bare_studio: Studio, log: Path) -> None:
    bare_studio.session.notified.emit(Notice("It broke.", Kind.ERROR, "Traceback of it"))
    bare_studio.session.notified.emit(Notice("All is well."))
    sys.excepthook(ValueError, ValueError("nobody's"), None)
    text = log.read_text()
    assert "It broke.\nTraceback of it" in text and "nobody's" in text
    assert "All is well" not in text


@pytest.mark.parametrize("platform", BRACKETS)
def test_keys_where_the_brackets_are_change_the_size(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    state = studio.window.state
    for code, step in BRACKETS[platform].items():
        size = state.choices.size
        scan, virtual = (0, code) if platform == "darwin" else (code, 0)
        none = Qt.KeyboardModifier.NoModifier
        event = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Udiaeresis, none, scan, virtual, 0, "ü")
        QApplication.sendEvent(studio.window.canvas, event)
        assert state.choices.size == size + step


def unnamed(root: QWidget) -> list[str]:
    """What can be used below a widget, but has no name that a screen reader could say; Qt's own inner parts aside."""
    found = []
    for widget in [one for one in root.findChildren(QWidget) if isinstance(one, USABLE)]:
        if inner(widget) or QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name).strip():
            continue
        found.append(f"{type(widget).__name__} {widget.objectName()} in {type(widget.parentWidget()).__name__}")
    return found


def inner(widget: QWidget) -> bool:
    """Whether a widget is a part that Qt made for another one."""
    if isinstance(widget, QScrollBar | QHeaderView) or widget.objectName().startswith("qt_"):
        return True
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QAbstractSpinBox | QComboBox | QColorDialog):
        parent = parent.parentWidget()
    return parent is not None


def test_everything_in_the_window_has_a_name(studio: Studio) -> None:
    studio.set_run_options(variations=2)
    studio.trigger_when_enabled("run.details")
    studio.until(lambda: len(studio.session.generation.pending_results) == 2)
    studio.settle()
    assert unnamed(studio.window) == []


@pytest.mark.parametrize("name", (*DIALOGS, "edit.preferences"))
def test_everything_in_a_dialog_has_a_name(studio: Studio, name: str) -> None:
    studio.choose(selected=frozenset((1,)))
    studio.settle()
    opened = dialog(studio, name)
    assert unnamed(opened) == []
    opened.close()
