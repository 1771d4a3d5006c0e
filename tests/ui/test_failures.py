"""What fails unexpectedly is said, with details, and never leaves the window busy."""

from pathlib import Path

import pytest
from pytestqt.exceptions import capture_exceptions

from nvg_studio.editor.documents.open_document import NewDocument
from nvg_studio.editor.notices import Kind
from nvg_studio.project import results
from tests.ui.driver import Studio, answering, model_folder
from tests.ui.generation import engine_of, hold, let_go
from tests.ui.pending import edit, said


def fail(*arguments: object, **named: object) -> None:
    raise RuntimeError("a mistake in the program")


def test_a_failing_callback_does_not_leave_a_run_going_on(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    with capture_exceptions() as caught:
        with monkeypatch.context() as patch:
            patch.setattr("nvg_studio.editor.documents.store.replace", fail)
            studio.press_card(6)
            studio.until(lambda: bool(caught))
    assert [str(error) for _, error, _ in caught] == ["a mistake in the program"]
    studio.until(lambda: studio.session.run_queue.running is None)
    studio.press_card(6)
    studio.until(lambda: studio.snapshot.request is not None)


def test_a_failing_callback_of_a_finished_run_lets_the_next_one_begin(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = hold(studio)
    studio.press_card(6)
    studio.session.generation.run(5)
    assert len(studio.session.run_queue.waiting) == 1
    with capture_exceptions() as caught, monkeypatch.context() as patch:
        patch.setattr(results, "results_of_run", fail)
        engine.step(4)
        studio.until(lambda: bool(caught))
    studio.until(lambda: len(engine.requests) == 2)
    let_go(studio)
    studio.until(lambda: studio.snapshot.request is not None)


def test_a_failing_callback_of_a_save_gives_the_file_back(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with capture_exceptions() as caught, monkeypatch.context() as patch:
        patch.setattr("nvg_studio.editor.files.project_files.Notice", fail)
        with answering("getSaveFileName", tmp_path / "work.nvgs"):
            studio.trigger("file.save_as")
        studio.until(lambda: bool(caught))
    studio.settle()
    studio.session.store.open(NewDocument(studio.session.document, "Another"))
    assert not list(tmp_path.glob(".*.lock"))


def test_a_failing_callback_of_an_autosave_is_tried_again(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = studio.session.autosaver
    keeper.set_delay(3600)
    edit(studio, 0)
    with monkeypatch.context() as patch:
        patch.setattr("nvg_studio.project.autosave.save", fail)
        keeper.write()
        studio.settle()
    keeper.write()
    studio.until(lambda: keeper.up_to_date)


# -- the model -----------------------------------------------------------------------------------


def test_the_second_of_two_loads_fails_with_a_word(ready_studio: Studio, tmp_path: Path) -> None:
    studio, engine, notices = ready_studio, engine_of(ready_studio), said(ready_studio)
    engine.manual = True
    other = tmp_path / "other"
    other.mkdir()
    model_folder(other)
    studio.session.load_model(tmp_path / "model")
    studio.session.load_model(other / "model")
    engine.step()
    engine.fail_next("The model is damaged: import it again.")
    engine.step()
    engine.manual = False
    studio.until(lambda: not engine.busy)
    studio.settle()
    studio.until(lambda: studio.session.loading is None)
    assert [(notice.text, notice.kind) for notice in notices] == [
        ("The model is damaged: import it again.", Kind.ERROR)
    ]
    assert studio.session.info is not None and studio.session.info.folder == str(tmp_path / "model")


def test_the_last_of_two_loads_is_the_one_that_is_waited_for(ready_studio: Studio, tmp_path: Path) -> None:
    studio, engine = ready_studio, engine_of(ready_studio)
    engine.manual = True
    (tmp_path / "other").mkdir()
    other = model_folder(tmp_path / "other")
    studio.session.load_model(tmp_path / "model")
    studio.session.load_model(other)
    engine.step()
    studio.session.engine_client.poll()
    assert studio.session.loading == other.name
    let_go(studio)
    studio.until(lambda: studio.session.loading is None)


def test_a_reload_that_fails_after_the_engine_died_is_said(studio: Studio) -> None:
    engine, notices = hold(studio), said(studio)
    studio.press_card(3)
    engine.step(1)
    engine.die()
    engine.fail_next("There is too little memory for the model.")
    engine.step()
    engine.manual = False
    studio.until(lambda: any("too little memory" in notice.text + notice.details for notice in notices))
    studio.settle()
    assert studio.session.info is None and not studio.session.can_run
    studio.until(lambda: not studio.window.action_set["run.run"].isEnabled())


def test_a_reload_that_works_after_the_engine_died_says_nothing_new(studio: Studio) -> None:
    engine = hold(studio)
    info = studio.session.info
    studio.press_card(3)
    engine.step(1)
    engine.die()
    let_go(studio)
    assert studio.session.info == info and studio.session.loading is None
