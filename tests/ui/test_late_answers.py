"""Whatever background work answers late acts on the document that it was asked for, or on none."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from nvg_studio.editor.documents.open_document import NewDocument
from nvg_studio.editor.files import autosaver
from nvg_studio.project import results
from nvg_studio.project.autosave import Autosave, Origin, recoverable
from nvg_studio.project.storage import project_file
from nvg_studio.ui.dialogs.recovery import RecoveryDialog
from tests.ui.driver import Studio, answering
from tests.ui.generation import engine_of, free_stroke, hold, let_go, make_variations
from tests.ui.pending import Button, edit, held, said, unsaved_answer

plain_save = project_file.save
SAVE, LOAD = "nvg_studio.project.storage.project_file.save", "nvg_studio.project.storage.project_file.load"


def save_as(studio: Studio, path: Path) -> None:
    with answering("getSaveFileName", path):
        studio.trigger("file.save_as")


def saved_project(studio: Studio, path: Path, marks: int = 0) -> Path:
    """A project file of the current document with some steps more."""
    document = studio.session.document
    for cluster in range(marks):
        edit(studio, cluster)
    project_file.save(studio.session.to_project(), path)
    assert document is not None
    studio.session.document_editor.go_to_step(0)
    return path


# -- a save that ends late -----------------------------------------------------------------------


def test_a_late_save_leaves_the_next_document_without_its_path(
    studio: Studio, tmp_path: Path, samples: list[Path]
) -> None:
    edit(studio)
    with held(SAVE) as gate:
        save_as(studio, tmp_path / "first.nvgs")
        gate.wait_entered(studio)
        with unsaved_answer(Button.Discard):
            studio.window.project_files.open(samples[1])
            studio.until(lambda: studio.session.name == samples[1].stem)
        gate.open()
        studio.until(lambda: "Saved first.nvgs." in studio.window.message.text.text())
        studio.settle()
    assert studio.session.path is None and studio.session.name == samples[1].stem
    assert studio.window.windowTitle().startswith(samples[1].stem)
    edit(studio)
    assert studio.session.modified


def test_a_late_save_leaves_a_new_picture_without_its_path(studio: Studio, tmp_path: Path) -> None:
    edit(studio)
    with held(SAVE) as gate:
        save_as(studio, tmp_path / "first.nvgs")
        gate.wait_entered(studio)
        with unsaved_answer(Button.Discard):
            studio.trigger_when_enabled("file.generate")
            studio.until(lambda: studio.session.name == "Untitled")
        gate.open()
        studio.until(lambda: (tmp_path / "first.nvgs").exists())
        studio.settle()
    assert studio.session.path is None and studio.session.name == "Untitled" and studio.session.modified


def test_two_saves_of_one_file_end_in_the_order_they_were_asked_for(studio: Studio, tmp_path: Path) -> None:
    target = tmp_path / "work.nvgs"
    edit(studio, 0)
    with held(SAVE) as gate:
        save_as(studio, target)
        gate.wait_entered(studio)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(project_file, "save", plain_save)  # the second one is not held
            edit(studio, 1)
            studio.window.project_files.save(target)
            studio.qtbot.wait(200)
            gate.open()
            studio.settle()
    assert project_file.load(target).document.index == 2 and not studio.session.modified


# -- a new picture -------------------------------------------------------------------------------


def test_painting_while_a_new_picture_is_made_is_not_lost(studio: Studio) -> None:
    engine = hold(studio)
    studio.trigger("file.generate")
    engine.step(2)
    free_stroke(studio)
    painted = studio.snapshot
    let_go(studio)
    studio.until(lambda: studio.session.run_queue.running is None)
    studio.settle()
    assert studio.snapshot is painted
    (waiting,) = studio.session.generation.pending_results
    assert waiting.started_from is None and waiting.title == "New picture"
    assert "waits" in studio.window.message.text.text()
    studio.session.generation.use_result(0)
    studio.settle()
    assert np.array_equal(studio.session.base, waiting.picture)
    studio.trigger_when_enabled("edit.undo")
    assert studio.snapshot is painted


def test_a_new_picture_still_replaces_what_nobody_touched(studio: Studio) -> None:
    studio.trigger_when_enabled("file.generate")
    studio.until(lambda: studio.session.name == "Untitled")
    studio.settle()
    assert len(studio.session.document.history.snapshots) == 1 and studio.session.path is None


def test_painting_while_a_file_is_opened_is_asked_about(studio: Studio, tmp_path: Path) -> None:
    target = saved_project(studio, tmp_path / "other.nvgs", marks=1)
    for answer, replaced in ((Button.Cancel, False), (Button.Discard, True)):
        with held(LOAD) as gate, unsaved_answer(answer) as asked:
            studio.window.project_files.open(target)
            gate.wait_entered(studio)
            edit(studio, 0)
            mine = studio.snapshot
            gate.open()
            studio.settle()
            studio.until(partial(bool, asked))
        assert (studio.session.path == target) is replaced
        assert (studio.snapshot is mine) is not replaced
        studio.session.document_editor.go_to_step(0)


# -- autosave and recovery -----------------------------------------------------------------------


def leave_unsaved(studio: Studio, name: str) -> None:
    place = Autosave(studio.session.autosaver.folder)
    place.write(studio.session.to_project(), Origin(name=name, path=None, time=1.0))
    place.close()


def recovery_dialog(studio: Studio) -> RecoveryDialog:
    studio.window.recovery.offer()
    studio.until(lambda: studio.window.findChild(RecoveryDialog) is not None)
    dialog = studio.window.findChild(RecoveryDialog)
    assert isinstance(dialog, RecoveryDialog)
    return dialog


def test_a_late_autosave_leaves_the_recovery_of_the_next_document(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autosaver, "SECOND_MS", 1)
    leave_unsaved(studio, "lost")
    (file,) = studio.session.autosaver.folder.glob("*.nvgs")
    with held("nvg_studio.project.autosave.save") as gate:
        edit(studio)
        gate.wait_entered(studio)
        with unsaved_answer(Button.Discard):
            recovery_dialog(studio).recover.click()
            studio.until(lambda: studio.session.name == "lost")
        with held("nvg_studio.project.autosave.save") as second:
            gate.open()  # the autosave of the first document ends; that of the recovered one has not been written
            second.wait_entered(studio)
            studio.qtbot.wait(50)
            assert file.exists()
    studio.settle()
    studio.until(lambda: studio.session.autosaver.up_to_date)
    assert not file.exists()


def test_a_cancelled_recovery_can_be_offered_again(studio: Studio) -> None:
    leave_unsaved(studio, "lost")
    edit(studio)
    with unsaved_answer(Button.Cancel):
        dialog = recovery_dialog(studio)  # kept, or its end would end the lock, too
        dialog.recover.click()
        studio.settle()
    found = recoverable(studio.session.autosaver.folder)
    assert [one.origin.name for one in found] == ["lost"]
    for one in found:
        one.close()
    del dialog


def test_a_copy_that_comes_late_gives_way_to_what_was_opened_after_it(
    studio: Studio, tmp_path: Path, samples: list[Path]
) -> None:
    studio.window.project_files.locked_elsewhere = saved_project(studio, tmp_path / "shared.nvgs")
    with held(LOAD) as gate:
        studio.window.project_files.open_copy()
        gate.wait_entered(studio)
        studio.window.project_files.open(samples[1])
        studio.until(lambda: studio.session.name == samples[1].stem)
        gate.open()
        studio.settle()
    assert studio.session.name == samples[1].stem


# -- results and runs ----------------------------------------------------------------------------


def test_a_result_is_kept_however_many_have_stars(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "MAX_PENDING", 3)
    make_variations(studio, 3)
    for index in range(3):
        studio.session.generation.toggle_star(index)
    engine = hold(studio)
    studio.set_run_options(variations=1)
    studio.press_card(4)
    edit(studio)
    engine.step(1)
    let_go(studio)
    studio.settle()
    assert "waits" in studio.window.message.text.text()
    made = studio.session.generation.pending_results
    assert [one.starred for one in made] == [True, True, True, False]


def test_live_leaves_a_run_that_waits(studio: Studio) -> None:
    engine = hold(studio)
    studio.set_run_options(live=True)
    free_stroke(studio, size=2)
    studio.until(lambda: len(engine.requests) == 1)
    engine.step(1)
    studio.session.generation.run(3)
    asked = studio.session.run_queue.waiting[0].request
    free_stroke(studio, level=2, size=2)
    studio.until(lambda: not studio.session.run_queue.waiting)
    let_go(studio)
    studio.settle()
    assert any(request is asked for request in engine.requests)


def test_discard_stops_the_run_of_the_old_document_at_once(studio: Studio, samples: list[Path]) -> None:
    engine = hold(studio)
    edit(studio)
    studio.press_card(0)
    engine.step(1)
    with held("nvg_studio.editor.files.project_files.read_image") as gate, unsaved_answer(Button.Discard):
        studio.window.commands.files.open_path(samples[1])
        gate.wait_entered(studio)
        studio.until(lambda: studio.session.run_queue.running is None)
        assert not engine.busy
        engine.manual = False
        gate.open()
        studio.until(lambda: studio.session.name == samples[1].stem)
        studio.settle()
    assert not studio.session.generation.pending_results


def test_variations_that_come_with_another_document_are_not_given_to_it(studio: Studio, samples: list[Path]) -> None:
    """The answers of the engine come in batches: the next document and the run of the last one in the same."""
    engine, session = hold(studio), studio.session
    studio.set_run_options(variations=2)
    studio.press_card(7)
    run = session.run_queue.running
    assert run is not None
    notices = said(studio)
    events = []
    session.engine_client.stop()
    for _ in range(5):
        engine.step()
        events += engine.poll()
    session.store.open(NewDocument(session.document.visit(0), "Another"))
    other = session.document
    for event in events:
        session.engine_client.event_received.emit(event)
    studio.qtbot.wait(20)
    assert session.document is other and not session.generation.pending_results
    assert session.run_queue.running is None and notices
    let_go_without_polling(studio)


def let_go_without_polling(studio: Studio) -> None:
    engine_of(studio).manual = False
