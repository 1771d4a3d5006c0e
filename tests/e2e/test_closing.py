"""The end of the program: Ctrl+C in the terminal is the close button, and an export is no reason to stay invisible."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nvg_studio.project.autosave import recoverable

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 60

PROGRAM = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QMessageBox
import nvg_studio.editor.session as session_module
from nvg_studio.engine.scripted import ScriptedEngine
from nvg_studio.editor.files import autosaver
from nvg_studio.ui import app
from nvg_studio.editor.choices import LockKind
from nvg_studio.ui.window.main_window import MainWindow

folder, photo, unsaved = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "unsaved"
autosaver.SECOND_MS = 1
windows = []
show = MainWindow.show


def remember(window):
    windows.append(window)
    show(window)


MainWindow.show = remember
app.ProcessEngine = ScriptedEngine


def work():
    (window,) = windows
    session = window.session
    if session.document is None or session.background.busy or not window.isActiveWindow():
        return
    if unsaved and not session.modified:
        session.document_editor.lock_clusters(1, frozenset((0,)), LockKind.LAYOUT)
    elif not unsaved or session.autosaver.up_to_date:
        print("ready", flush=True)
        timer.stop()


timer = QTimer(interval=10)
timer.timeout.connect(work)
QTimer.singleShot(0, timer.start)
sys.exit(app.main(["studio", photo]))
"""


@contextmanager
def program(folder: Path, photo: Path, unsaved: bool) -> Iterator["subprocess.Popen[bytes]"]:
    """The studio with a photo open, with a step unsaved or not; its files are all below `folder`."""
    names = ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")
    environment = os.environ | {name: str(folder / name.lower()) for name in names}
    command = [sys.executable, "-c", PROGRAM, str(folder), str(photo), "unsaved" if unsaved else "saved"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None and process.stdout.readline().strip() == b"ready"
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_closes_the_window(tmp_path: Path, samples: list[Path], which: signal.Signals) -> None:
    with program(tmp_path, samples[0], unsaved=False) as process:
        process.send_signal(which)
        assert process.wait(LIMIT_S) == 0


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_ctrl_c_asks_about_unsaved_work_and_the_second_one_leaves_it_to_the_next_start(
    tmp_path: Path, samples: list[Path]
) -> None:
    with program(tmp_path, samples[0], unsaved=True) as process:
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)  # the question stands in the window
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT_S) == 0
    (folder,) = tmp_path.rglob("unsaved")
    found = recoverable(folder)
    assert len(found) == 1 and found[0].load().document.snapshot.locks.any
    for one in found:
        one.close()
