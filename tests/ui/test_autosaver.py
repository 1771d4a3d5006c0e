"""Unsaved work is on the disk soon and gone when it is saved or given up; a file is open in one window."""

import os
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from nvg_studio.atomic import backup_of
from nvg_studio.editor.choices import LockKind
from nvg_studio.editor.files import autosaver
from nvg_studio.editor.notices import Notice
from nvg_studio.engine.scripted import ScriptedEngine
from nvg_studio.imaging.read import read_image
from nvg_studio.project.autosave import Autosave, Origin, recoverable
from nvg_studio.project.storage import project_file
from nvg_studio.project.storage.project_file import Project
from nvg_studio.ui.dialogs.recovery import RecoveryDialog
from tests.ui.driver import Studio, answering, no_threads_left


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autosaver, "SECOND_MS", 1)


def kept(studio: Studio) -> list[str]:
    """The projects in the folder of unsaved work."""
    studio.until(lambda: studio.session.autosaver.up_to_date)
    folder = studio.session.autosaver.folder
    return [name for name in os.listdir(folder) if name.endswith(".nvgs")] if folder.exists() else []


def leave_unsaved(studio: Studio, name: str, path: str | None = None, time: float = 1.0) -> Project:
    """What a program that died with the document of this window leaves."""
    project = studio.session.to_project()
    place = Autosave(studio.session.autosaver.folder)
    place.write(project, Origin(name=name, path=path, time=time))
    place.close()
    return project


def offered(studio: Studio) -> RecoveryDialog:
    studio.window.recovery.offer()
    studio.until(lambda: studio.window.findChild(RecoveryDialog) is not None)
    dialog = studio.window.findChild(RecoveryDialog)
    assert isinstance(dialog, RecoveryDialog)
    return dialog


def save_as(studio: Studio, path: Path) -> None:
    with answering("getSaveFileName", path):
        studio.trigger("file.save_as")
    studio.settle()


def test_work_is_kept_as_it_changes_and_forgotten_when_it_is_saved(studio: Studio, tmp_path: Path) -> None:
    assert kept(studio) == []
    studio.window.lock_cluster(1, LockKind.REGION)
    (name,) = kept(studio)
    assert project_file.load(studio.session.autosaver.folder / name).document.snapshot == studio.snapshot
    written = (studio.session.autosaver.folder / name).stat().st_mtime_ns
    studio.settle()
    studio.session.changed.emit()
    assert kept(studio) == [name] and (studio.session.autosaver.folder / name).stat().st_mtime_ns == written
    studio.window.lock_cluster(0, LockKind.LAYOUT)
    assert kept(studio) == [name]
    assert project_file.load(studio.session.autosaver.folder / name).document.snapshot == studio.snapshot
    save_as(studio, tmp_path / "work.nvgs")
    assert kept(studio) == []
    studio.window.lock_cluster(1, None)
    assert len(kept(studio)) == 1
    studio.trigger_when_enabled("file.save")
    studio.settle()
    assert kept(studio) == []
    assert project_file.load(backup_of(tmp_path / "work.nvgs")).document.index == 2


def test_a_closed_window_leaves_nothing(qtbot: QtBot, tmp_path: Path, samples: list[Path]) -> None:
    with no_threads_left():
        studio = Studio(qtbot, ScriptedEngine(), tmp_path)
        studio.session.generation.new_layout(None, bands=False)
        studio.close()
    folder = tmp_path / "unsaved"
    assert not folder.exists() or os.listdir(folder) == []


def test_a_disk_that_refuses_is_said_once_and_tried_again(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[Notice] = []
    studio.session.notified.connect(said.append)
    folder = studio.session.autosaver.folder
    folder.parent.mkdir(exist_ok=True)
    folder.touch()
    for cluster in (0, 1):
        studio.window.lock_cluster(cluster, LockKind.LAYOUT)
        studio.settle()
        studio.session.autosaver.write()
    assert [notice.text.startswith("Unsaved work is not kept") for notice in said] == [True]
    folder.unlink()
    studio.window.lock_cluster(1, None)
    assert len(kept(studio)) == 1


def test_recover_goes_on_where_the_dead_program_was(studio: Studio, tmp_path: Path) -> None:
    target = tmp_path / "rose.nvgs"
    save_as(studio, target)
    lost = leave_unsaved(studio, "rose", str(target))
    dialog = offered(studio)
    assert dialog.list.item(0).text().startswith("rose, as it was at ")
    dialog.recover.click()
    studio.until(lambda: studio.session.document is not None and studio.session.modified)
    studio.settle()
    assert studio.session.document is not None and studio.session.document.history == lost.document.history
    assert studio.session.path == target and studio.session.name == "rose"
    assert len(kept(studio)) == 1 and recoverable(studio.session.autosaver.folder) == []
    studio.trigger_when_enabled("file.save")
    studio.settle()
    assert not studio.session.modified and kept(studio) == []


def test_discard_and_later(studio: Studio) -> None:
    folder = studio.session.autosaver.folder
    leave_unsaved(studio, "older", time=1)
    leave_unsaved(studio, "newer", time=2)
    before = studio.session.document
    dialog = offered(studio)
    assert [dialog.list.item(row).text()[:5] for row in range(dialog.list.count())] == ["newer", "older"]
    assert recoverable(folder) == []  # another program that starts now is not offered them
    dialog.discard.click()
    dialog.later.click()
    studio.settle()
    (left,) = recoverable(folder)
    assert left.origin.name == "older"
    left.close()
    dialog = offered(studio)
    dialog.discard.click()
    studio.settle()
    assert os.listdir(folder) == [] and studio.session.document is before


def test_damaged_work_is_one_line_and_stays(studio: Studio) -> None:
    leave_unsaved(studio, "rose")
    (file,) = studio.session.autosaver.folder.glob("*.nvgs")
    file.write_bytes(b"nothing")
    before = studio.session.document
    offered(studio).recover.click()
    studio.settle()
    assert "Cannot open" in studio.window.message.text.text() and "\n" not in studio.window.message.text.text()
    assert studio.session.document is before and file.exists()


def test_nothing_to_recover_asks_nothing(studio: Studio) -> None:
    studio.window.recovery.offer()
    studio.settle()
    assert studio.window.findChild(RecoveryDialog) is None


def test_a_file_is_open_in_one_window(studio: Studio, qtbot: QtBot, tmp_path: Path, samples: list[Path]) -> None:
    target = tmp_path / "work.nvgs"
    save_as(studio, target)
    content = target.read_bytes()
    other = Studio(qtbot, ScriptedEngine(), tmp_path)
    try:
        other.window.project_files.open(target)
        other.settle()
        assert other.session.document is None
        assert "work.nvgs is open in another window" in other.window.message.text.text()
        other.window.message.action_button.click()
        other.until(lambda: other.session.document is not None)
        other.settle()
        assert other.snapshot == studio.snapshot and other.session.path is None and not other.session.modified
        assert (
            other.window.windowTitle() == "work (copy)[*] - NVG Studio"
            and other.window.project_files.locked_elsewhere is None
        )
        assert (
            not other.window.action_set["file.open_copy"].isEnabled()
            and not other.window.message.action_button.isVisible()
        )
        studio.open(target)  # again in the window that has it
        assert "open in another" not in studio.window.message.text.text()
        studio.open(samples[1])
        other.window.project_files.open(target)
        other.until(lambda: other.session.path == target)
        other.settle()
        save_as(studio, target)
        assert "open in another window" in studio.window.message.text.text()
        assert target.read_bytes() == content and studio.session.path is None
    finally:
        other.window.close_without_asking()
        other.until(lambda: not other.window.isVisible())
        other.session.close()
        other.window.deleteLater()
        other.session.deleteLater()
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".lock")]


def test_the_reference_goes_into_the_project(studio: Studio, tmp_path: Path, samples: list[Path]) -> None:
    reference = studio.window.reference_controller
    reference.open(samples[1])
    studio.until(lambda: reference.picture is not None)
    studio.settle()
    save_as(studio, tmp_path / "work.nvgs")
    saved = project_file.load(tmp_path / "work.nvgs").reference
    assert saved is not None and np.array_equal(saved, read_image(samples[1]))
    reference.open(samples[2])
    studio.until(lambda: reference.title == samples[2].name)
    studio.settle()
    studio.open(tmp_path / "work.nvgs")
    studio.until(lambda: reference.title == "Reference of the project")
    assert reference.picture is not None and np.array_equal(reference.picture, saved)


def test_late_answers_start_nothing_in_a_closed_window(studio: Studio, tmp_path: Path) -> None:
    """A picture is written to its end although the window closes, and nobody is told."""
    with answering("getSaveFileName", tmp_path / "out.png"):
        studio.trigger("file.export_png")
    studio.window.close_without_asking()
    studio.until(lambda: not studio.window.isVisible())
    studio.until((tmp_path / "out.png").exists)
    studio.qtbot.wait(50)
    assert not [timer for timer in studio.window.findChildren(QTimer) if timer.isActive()]
