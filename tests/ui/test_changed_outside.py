"""A project file that a sync program or a colleague replaced is never overwritten unasked."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from nvg_studio.atomic import backup_of
from nvg_studio.project.autosave import Autosave, Origin
from nvg_studio.project.storage import project_file
from nvg_studio.ui.dialogs.changed_outside import ChangedOutsideDialog
from nvg_studio.ui.dialogs.recovery import RecoveryDialog
from tests.ui.driver import LEFT, Studio, answering

Change = Callable[[Path, bytes], None]


def replaced(path: Path, data: bytes) -> None:
    """As a sync program does: another file takes its place, with the times of the other computer."""
    other = path.with_name("download")
    other.write_bytes(data)
    os.utime(other, ns=(10**18, 10**18))
    os.replace(other, path)


def rewritten(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def edit(studio: Studio, name: str) -> None:
    studio.session.document_editor.rename(1, 0, name)
    studio.settle()


def save(studio: Studio) -> None:
    studio.trigger("file.save")
    studio.settle()


def save_as(studio: Studio, path: Path) -> None:
    with answering("getSaveFileName", path):
        studio.trigger("file.save_as")
    studio.settle()


def question(studio: Studio) -> ChangedOutsideDialog | None:
    open_ones = [one for one in studio.window.findChildren(ChangedOutsideDialog) if one.isVisible()]
    assert len(open_ones) <= 1
    return open_ones[0] if open_ones else None


def changed_by_another(studio: Studio, path: Path, change: Change) -> bytes:
    """A saved project with unsaved changes, whose file another computer has changed; returns what is in it."""
    save_as(studio, path)
    edit(studio, "theirs")
    project_file.save(studio.session.to_project(), path.with_name("theirs.nvgs"))
    theirs = path.with_name("theirs.nvgs").read_bytes()
    change(path, theirs)
    edit(studio, "mine")
    return theirs


@pytest.mark.parametrize("change", [replaced, rewritten])
def test_the_person_is_asked_and_may_think_better_of_it(studio: Studio, tmp_path: Path, change: Change) -> None:
    path = tmp_path / "work.nvgs"
    theirs = changed_by_another(studio, path, change)
    for _ in range(2):
        save(studio)
        dialog = question(studio)
        assert dialog is not None and path.name in dialog.text()
        assert path.read_bytes() == theirs and studio.session.modified
    dialog.button(dialog.StandardButton.Cancel).click()
    assert question(studio) is None and path.read_bytes() == theirs


def test_replacing_keeps_the_other_version_as_the_backup(studio: Studio, tmp_path: Path) -> None:
    path = tmp_path / "work.nvgs"
    theirs = changed_by_another(studio, path, replaced)
    save(studio)
    studio.qtbot.mouseClick(question(studio).replace, LEFT)
    studio.settle()
    assert backup_of(path).read_bytes() == theirs and not studio.session.modified
    assert project_file.load(path).document.snapshot == studio.snapshot
    edit(studio, "mine again")
    save(studio)
    assert question(studio) is None and not studio.session.modified


def test_another_name_keeps_both(studio: Studio, tmp_path: Path) -> None:
    path = tmp_path / "work.nvgs"
    theirs = changed_by_another(studio, path, replaced)
    save(studio)
    with answering("getSaveFileName", tmp_path / "mine.nvgs"):
        studio.qtbot.mouseClick(question(studio).other_name, LEFT)
    studio.settle()
    assert path.read_bytes() == theirs and studio.session.path == tmp_path / "mine.nvgs"
    assert project_file.load(tmp_path / "mine.nvgs").document.snapshot == studio.snapshot


def test_a_project_that_was_opened_is_watched_as_well(studio: Studio, tmp_path: Path) -> None:
    path = tmp_path / "work.nvgs"
    project_file.save(studio.session.to_project(), path)
    studio.open(path)
    edit(studio, "mine")
    save(studio)
    assert question(studio) is None and not studio.session.modified
    edit(studio, "mine too")
    replaced(path, b"a project of another computer")
    save(studio)
    assert question(studio) is not None and path.read_bytes() == b"a project of another computer"


def test_a_copy_with_the_same_content_is_no_change(studio: Studio, tmp_path: Path) -> None:
    path = tmp_path / "work.nvgs"
    save_as(studio, path)
    replaced(path, path.read_bytes())
    edit(studio, "mine")
    save(studio)
    assert question(studio) is None and not studio.session.modified


def test_saves_that_follow_one_another_quickly_do_not_take_each_other_for_somebody_else(
    studio: Studio, tmp_path: Path
) -> None:
    path = tmp_path / "work.nvgs"
    save_as(studio, path)
    for name in ("one", "two", "three"):
        studio.session.document_editor.rename(1, 0, name)
        studio.window.project_files.save(path)
    studio.settle()
    assert question(studio) is None and project_file.load(path).document.snapshot == studio.snapshot


def test_a_file_that_is_gone_is_written_again(studio: Studio, tmp_path: Path) -> None:
    path = tmp_path / "work.nvgs"
    save_as(studio, path)
    path.unlink()
    edit(studio, "mine")
    save(studio)
    assert question(studio) is None and project_file.load(path).document.snapshot == studio.snapshot


def test_recovered_work_does_not_replace_a_file_that_changed_since(studio: Studio, tmp_path: Path) -> None:
    path = tmp_path / "work.nvgs"
    save_as(studio, path)
    file = studio.session.store.current.file
    assert file is not None
    place = Autosave(studio.session.autosaver.folder)
    place.write(studio.session.to_project(), Origin(name="work", path=str(path), time=1.0, file=file))
    place.close()
    replaced(path, b"a project of another computer")
    studio.window.recovery.offer()
    studio.until(lambda: studio.window.findChild(RecoveryDialog) is not None)
    studio.qtbot.mouseClick(studio.window.findChild(RecoveryDialog).recover, LEFT)
    studio.until(lambda: studio.session.modified)
    studio.settle()
    assert studio.session.path == path
    save(studio)
    assert question(studio) is not None and path.read_bytes() == b"a project of another computer"
