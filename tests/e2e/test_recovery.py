"""A program is killed with unsaved work, and the next one offers it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from nvg_studio.engine.scripted import ScriptedEngine
from nvg_studio.project.storage import project_file
from nvg_studio.ui.dialogs.recovery import RecoveryDialog
from tests.ui.driver import Studio, no_threads_left

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import sys
from pathlib import Path
from PySide6.QtCore import QSettings, QTimer
from nvg_studio.engine.scripted import ScriptedEngine
from nvg_studio.editor.files import autosaver
from nvg_studio.ui.app import make_application
from nvg_studio.editor.session import Session
from nvg_studio.editor.files.user_settings import UserSettings
from nvg_studio.editor.choices import LockKind
from nvg_studio.ui.qt.theme import Theme
from nvg_studio.ui.window.main_window import MainWindow

autosaver.SECOND_MS = 1
folder = Path(sys.argv[1])
app = make_application(["studio"])
session = Session(ScriptedEngine(), folder / "unsaved")
settings = QSettings(str(folder / "other.ini"), QSettings.Format.IniFormat)
window = MainWindow(session, Theme(), UserSettings(settings, folder / "other.json"))
window.show()
session.load_model(folder / "model")


def work() -> None:
    if session.info is None or session.run_queue.running is not None or session.background.busy:
        return
    if session.document is None:
        window.project_files.open(folder / "work.nvgs")
    elif not session.modified:
        session.generation.run(3)
    elif len(session.document.history.snapshots) == 2:
        session.document_editor.lock_clusters(1, frozenset((0,)), LockKind.LAYOUT)
    elif session.autosaver.up_to_date:
        print("kept", flush=True)
        timer.stop()


timer = QTimer(interval=10)
timer.timeout.connect(work)
timer.start()
app.exec()
"""


@contextmanager
def killed_program(folder: Path) -> Iterator[None]:
    """A window on `folder`'s project, which is killed at the end with a run and a lock unsaved."""
    command = [sys.executable, "-c", PROGRAM, str(folder)]
    program = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert program.stdout is not None and program.stdout.readline().strip() == b"kept"
        yield
    finally:
        program.send_signal(signal.SIGKILL)
        program.wait()
        program.stdout.close()


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_what_a_killed_program_had_not_saved_is_recovered(studio: Studio, qtbot: QtBot, tmp_path: Path) -> None:
    target, photo = tmp_path / "work.nvgs", studio.snapshot
    studio.window.project_files.save(target)
    studio.settle()
    studio.session.project_locks.set_document_file(None)
    with no_threads_left():
        other = Studio(qtbot, ScriptedEngine(), tmp_path)
        with killed_program(tmp_path):
            other.window.project_files.open(target)
            other.settle()
            assert "open in another window" in other.window.message.text.text()
            other.window.recovery.offer()
            other.settle()
            assert other.window.findChild(RecoveryDialog) is None  # its owner lives
        other.window.recovery.offer()
        other.until(lambda: other.window.findChild(RecoveryDialog) is not None)
        other.window.findChild(RecoveryDialog).recover.click()
        other.until(lambda: other.session.document is not None)
        other.settle()
        first, run, locked = other.session.document.history.snapshots
        assert first == photo and run.request is not None and locked.locks.any
        assert other.snapshot is locked and other.session.modified and other.session.path == target
        assert project_file.load(target).document.snapshot == photo
        other.trigger_when_enabled("file.save")
        other.settle()
        assert project_file.load(target).document.snapshot == locked
        other.window.close_without_asking()
        other.until(lambda: not other.window.isVisible())
        other.session.close()
        other.window.deleteLater()
        other.session.deleteLater()
    assert os.listdir(tmp_path / "unsaved") == []
