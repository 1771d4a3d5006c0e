"""Class and seed belong to the document: they come back with it, and do not go over to another one."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nvg_studio.editor.choices import LockKind
from nvg_studio.editor.files import autosaver
from nvg_studio.project.autosave import recoverable
from nvg_studio.project.storage import project_file
from nvg_studio.sampling.settings import GenerationSettings
from nvg_studio.ui.dialogs.recovery import RecoveryDialog
from tests.ui.driver import LEFT, Studio, answering

CHOSEN = {"class_id": 2, "seed": 77}


def choose(studio: Studio, **values: Any) -> GenerationSettings:
    runs = studio.session.run_queue
    runs.set_settings(replace(runs.options.settings, **values))
    studio.settle()
    return runs.options.settings


def shown(studio: Studio) -> tuple[int | None, int]:
    """What the dock shows."""
    settings = studio.session.run_queue.options.settings
    assert studio.window.generate.class_box.class_id == settings.class_id
    return settings.class_id, settings.seed


def save_as(studio: Studio, path: Path) -> None:
    with answering("getSaveFileName", path):
        studio.trigger("file.save_as")
    studio.settle()


def test_another_photo_begins_without_the_class_and_the_seed_of_the_last_one(
    studio: Studio, samples: list[Path]
) -> None:
    choose(studio, **CHOSEN, temperature=0.5)
    studio.open(samples[1])
    assert shown(studio) == (None, 0)
    assert (
        studio.session.run_queue.options.settings.temperature == 0.5
    )  # how to sample is the person's taste, not the photo's


def test_what_was_chosen_before_anything_was_open_goes_to_the_first_photo(
    ready_studio: Studio, samples: list[Path]
) -> None:
    choose(ready_studio, **CHOSEN)
    ready_studio.open(samples[0])
    assert shown(ready_studio) == (2, 77)


def test_a_project_brings_its_settings_back(studio: Studio, tmp_path: Path, samples: list[Path]) -> None:
    settings = choose(studio, **CHOSEN, top_p=(0.9, 0.4), greedy=True)
    save_as(studio, tmp_path / "work.nvgs")
    studio.open(samples[1])
    assert shown(studio) == (None, 0)
    studio.open(tmp_path / "work.nvgs")
    assert studio.session.run_queue.options.settings == settings and shown(studio) == (2, 77)


def test_a_picture_with_the_work_brings_them_back_too(studio: Studio, tmp_path: Path, samples: list[Path]) -> None:
    choose(studio, **CHOSEN)
    with answering("getSaveFileName", tmp_path / "out.png"):
        studio.trigger("file.export_png")
    studio.until(lambda: studio.window.export_controller.running is None)
    studio.open(samples[1])
    assert shown(studio) == (None, 0)
    studio.open(tmp_path / "out.png")
    assert shown(studio) == (2, 77)


def test_a_project_from_before_goes_on_with_the_settings_of_its_last_run(studio: Studio, tmp_path: Path) -> None:
    choose(studio, **CHOSEN)
    studio.press_card(2)
    studio.settle()
    choose(studio, class_id=1, seed=5)
    project_file.save(replace(studio.session.to_project(), settings=None), tmp_path / "old.nvgs")
    studio.session.store.finish_saving(studio.session.store.begin_saving(), tmp_path / "own.nvgs")
    studio.open(tmp_path / "old.nvgs")
    assert shown(studio) == (2, 77)


def test_a_changed_class_is_work_of_a_project_but_not_of_a_photo(studio: Studio, tmp_path: Path) -> None:
    choose(studio, **CHOSEN)
    assert not studio.session.modified
    save_as(studio, tmp_path / "work.nvgs")
    choose(studio, class_id=1)
    assert studio.session.modified
    choose(studio, class_id=2)
    assert not studio.session.modified


def test_a_new_layout_has_the_class_that_was_asked_for(studio: Studio) -> None:
    choose(studio, **CHOSEN)
    studio.session.generation.new_layout(1, False)
    studio.settle()
    assert shown(studio) == (1, 0)


def test_unsaved_work_is_recovered_with_its_class_and_seed(
    studio: Studio, samples: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The class is chosen after the work was kept: that alone is kept, too."""
    monkeypatch.setattr(autosaver, "SECOND_MS", 1)
    session = studio.session
    session.autosaver.set_delay(5)
    studio.window.lock_cluster(1, LockKind.REGION)
    studio.until(lambda: session.autosaver.up_to_date)
    choose(studio, **CHOSEN)
    studio.until(lambda: session.autosaver.up_to_date)
    kept = next(session.autosaver.folder.glob("*.nvgs"))
    left = session.autosaver.folder / "0123456789abcdef.nvgs"
    left.write_bytes(kept.read_bytes())  # what another program left that died in this state
    studio.window.lock_cluster(1, None)
    session.store.finish_saving(session.store.begin_saving(), samples[0].with_name("never written.nvgs"))
    studio.open(samples[1])
    assert shown(studio) == (None, 0)
    studio.window.recovery.offer()
    studio.until(lambda: studio.window.findChild(RecoveryDialog) is not None)
    studio.qtbot.mouseClick(studio.window.findChild(RecoveryDialog).recover, LEFT)
    studio.until(lambda: shown(studio) == (2, 77))
    studio.settle()
    assert recoverable(session.autosaver.folder) == []
