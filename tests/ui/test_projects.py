"""Projects in the window: what comes back after opening one, and one that another window has open."""

from pathlib import Path

import pytest

from nvg_studio.editor.pictures import thumbnails
from nvg_studio.engine.scripted import ScriptedEngine
from nvg_studio.project.storage import project_file
from tests.ui.driver import Studio, answering


def save_as(studio: Studio, path: Path) -> None:
    with answering("getSaveFileName", path):
        studio.trigger("file.save_as")
    studio.settle()


def make_variations(studio: Studio, count: int) -> None:
    studio.window.generate.variations.setValue(count)
    studio.press_card(2)
    studio.until(lambda: len(studio.session.generation.pending_results) == count)
    studio.settle()


def test_waiting_results_and_stars_are_work_that_is_saved_and_comes_back(studio: Studio, tmp_path: Path) -> None:
    target = tmp_path / "work.nvgs"
    save_as(studio, target)
    make_variations(studio, 3)
    assert studio.session.modified
    save_as(studio, target)
    assert not studio.session.modified
    studio.session.generation.toggle_star(1)
    assert studio.session.modified and studio.session.autosaver.up_to_date is False
    save_as(studio, target)
    made = studio.session.generation.pending_results
    studio.open(target)
    found = studio.session.generation.pending_results
    assert [one.starred for one in found] == [False, True, False]
    assert [one.sequence for one in found] == [one.sequence for one in made]
    row = studio.window.history.rows[-2]
    assert row.pending and row.starred and row.detail.startswith("Made from step 1")
    studio.session.generation.use_result(2)
    studio.until(lambda: studio.snapshot.sequence == made[2].sequence)


def test_history_shows_its_pictures_as_soon_as_a_project_is_open(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.press_card(3)
    studio.settle()
    studio.window.lock_cluster(0, None)
    studio.window.state.set_level(2)
    save_as(studio, tmp_path / "work.nvgs")
    drawn = []
    monkeypatch.setattr(thumbnails, "step_picture", lambda *given: drawn.append(given))
    studio.window.results_connector.thumbnails._images.clear()
    studio.open(tmp_path / "work.nvgs")
    rows = studio.window.history.rows
    assert len(rows) == 2 and all(row.picture() is not None for row in rows) and drawn == []


def test_stages_that_are_known_are_saved_although_others_are_not(studio: Studio, tmp_path: Path) -> None:
    assert isinstance(studio.engine, ScriptedEngine)
    studio.until(lambda: studio.session.to_project().complete_rendering is not None)
    studio.engine.manual = True
    studio.choose(balanced=False, size=1, level=4, tool="brush")
    studio.window.state.activate(0)
    studio.click(*studio.a_cell_of(4, 1))
    before = studio.session.to_project().rendering
    assert before is not None and 0 in before.pictures and not before.complete
    save_as(studio, tmp_path / "work.nvgs")
    loaded = project_file.load(tmp_path / "work.nvgs")
    assert loaded.current_rendering is not None and loaded.current_rendering.pictures.keys() == before.pictures.keys()
    studio.engine.manual = False
