"""Unsaved work survives its session; a file has one editor at a time."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nvg_studio import atomic
from nvg_studio.errors import ProjectError
from nvg_studio.project.autosave import Autosave, Origin, recoverable
from nvg_studio.project.project_lock import ProjectLock, ProjectLocks
from tests.project.scenes import named_project

ROOT = Path(__file__).resolve().parents[2]
ORIGIN = Origin(name="级别 ✓", path="/somewhere/work.nvgs", time=5.0)


def test_what_a_dead_session_left_is_offered_once(tmp_path: Path) -> None:
    session = Autosave(tmp_path / "unsaved")
    session.write(named_project(), ORIGIN)
    assert recoverable(tmp_path / "unsaved") == []
    session.close()
    (found,) = recoverable(tmp_path / "unsaved")
    assert recoverable(tmp_path / "unsaved") == []
    assert found.origin == ORIGIN
    assert found.load().document.history == named_project().document.history
    found.close()
    (again,) = recoverable(tmp_path / "unsaved")
    again.discard()
    assert os.listdir(tmp_path / "unsaved") == []


def test_what_was_saved_is_not_offered(tmp_path: Path) -> None:
    session = Autosave(tmp_path)
    session.write(named_project(), ORIGIN)
    session.clear()
    session.clear()
    session.close()
    assert recoverable(tmp_path) == [] and os.listdir(tmp_path) == []


def test_the_latest_comes_first_and_a_missing_origin_is_no_loss(tmp_path: Path) -> None:
    for when in (3.0, 9.0, 6.0):
        session = Autosave(tmp_path)
        session.write(named_project(), ORIGIN.model_copy(update={"time": when}))
        session.close()
    next(path for path in tmp_path.glob("*.json") if b"9.0" in path.read_bytes()).write_bytes(b"{")
    found = recoverable(tmp_path)
    assert [recovery.origin.time for recovery in found] == [6.0, 3.0, 0.0]
    assert found[-1].origin.name == "Untitled" and found[-1].load().model_name == "tiny"
    for recovery in found:
        recovery.close()


def test_who_was_killed_before_the_first_state_was_whole_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atomic, "PROGRAM_BEGAN", time.time() + 60)
    (tmp_path / "0123456789abcdef.lock").touch()
    (tmp_path / ".0123456789abcdef.nvgs.0123abcd.partial").write_bytes(b"half")
    assert recoverable(tmp_path) == [] and os.listdir(tmp_path) == []


def test_no_folder_is_nothing_to_recover(tmp_path: Path) -> None:
    assert recoverable(tmp_path / "none") == []
    (tmp_path / "file").touch()
    with pytest.raises(ProjectError, match="Cannot keep unsaved work"):
        Autosave(tmp_path / "file" / "below")


SESSION = """
import sys, time
from pathlib import Path
from nvg_studio.project.autosave import Autosave, Origin
from nvg_studio.project.project_lock import ProjectLock
from tests.project.scenes import named_project
hold = ProjectLock(Path(sys.argv[1]) / "work.nvgs")
session = Autosave(Path(sys.argv[1]))
session.write(named_project(), Origin(name="work", path=None, time=1.0))
print("ready", flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_a_killed_program_leaves_its_work_and_its_file_free(tmp_path: Path) -> None:
    program = subprocess.Popen([sys.executable, "-c", SESSION, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE)
    assert program.stdout is not None and program.stdout.readline().strip() == b"ready"
    try:
        with pytest.raises(ProjectError, match="open in another window"):
            ProjectLock(tmp_path / "work.nvgs")
        assert recoverable(tmp_path) == []
    finally:
        program.send_signal(signal.SIGKILL)
        program.wait()
        program.stdout.close()
    ProjectLock(tmp_path / "work.nvgs").release()
    (found,) = recoverable(tmp_path)
    assert found.load().document.snapshot == named_project().document.snapshot
    found.discard()


def test_one_editor_a_file(tmp_path: Path) -> None:
    first, other = ProjectLock(tmp_path / "work.nvgs"), ProjectLock(tmp_path / "other.nvgs")
    (tmp_path / "link.nvgs").symlink_to(tmp_path / "work.nvgs")
    for name in ("work.nvgs", "link.nvgs"):
        with pytest.raises(ProjectError, match=r"work\.nvgs is open in another window") as error:
            ProjectLock(tmp_path / name)
        assert "\n" not in str(error.value)
    first.release()
    ProjectLock(tmp_path / "work.nvgs").release()
    other.release()
    assert os.listdir(tmp_path) == ["link.nvgs"]


def test_where_no_lock_can_be_made_nothing_is_held(tmp_path: Path) -> None:
    for _ in range(2):
        ProjectLock(tmp_path / "gone" / "work.nvgs").release()


def test_a_window_holds_its_own_file_and_those_at_work(tmp_path: Path) -> None:
    holds = ProjectLocks()
    holds.acquire(tmp_path / "work.nvgs")
    holds.acquire(tmp_path / "work.nvgs")  # saved again before the first time has ended
    holds.set_document_file(tmp_path / "work.nvgs")
    holds.release(tmp_path / "work.nvgs")
    holds.release(tmp_path / "work.nvgs")
    with pytest.raises(ProjectError, match="open in another window"):
        ProjectLock(tmp_path / "work.nvgs")
    holds.acquire(tmp_path / "other.nvgs")
    holds.release(tmp_path / "other.nvgs")
    ProjectLock(tmp_path / "other.nvgs").release()
    holds.set_document_file(None)
    ProjectLock(tmp_path / "work.nvgs").release()
    holds.acquire(tmp_path / "other.nvgs")
    holds.close()
    assert os.listdir(tmp_path) == []
