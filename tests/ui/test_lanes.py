"""Background work: long work holds nothing up, the end of the window waits only for what must be finished."""

from functools import partial
from pathlib import Path

import pytest
from PySide6.QtWidgets import QProgressDialog
from pytestqt.qtbot import QtBot

from nvg_studio.editor.files import autosaver
from nvg_studio.engine.scripted import ScriptedEngine
from nvg_studio.project.export.kinds import Format
from tests.ui.driver import Studio, answering, model_folder, no_threads_left
from tests.ui.pending import Gate, edit, held
from tests.ui.test_export import choose, confirm, dialog_of

EXPORT = "nvg_studio.project.export.export.export_to"


def begin_export(studio: Studio, path: Path) -> None:
    dialog = dialog_of(studio)
    choose(dialog, Format.ORA)
    with answering("getSaveFileName", path):
        confirm(studio, dialog)


def test_a_download_and_an_export_hold_nothing_up(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autosaver, "SECOND_MS", 1)
    with held(EXPORT) as export, held("nvg_studio.editor.model_manager.run_in_subprocess") as download:
        begin_export(studio, tmp_path / "out.ora")
        studio.window.model_manager.download("d16")
        export.wait_entered(studio)
        download.wait_entered(studio)
        edit(studio)
        studio.until(lambda: studio.session.autosaver.up_to_date)
        shown = studio.window.displayed.image
        studio.window.project_files.save(tmp_path / "work.nvgs")
        studio.until(lambda: not studio.session.modified)
        studio.press_card(7)
        studio.until(lambda: studio.snapshot.request is not None)
        studio.until(lambda: studio.window.displayed.image is not shown)
        studio.window.model_manager.stop()
    studio.settle()


def test_work_that_has_not_begun_is_not_begun_by_the_end(qtbot: QtBot, tmp_path: Path) -> None:
    begun: list[int] = []
    gate = Gate()

    def work(number: int) -> None:
        begun.append(number)

    with no_threads_left():
        studio = Studio(qtbot, ScriptedEngine(), tmp_path)
        jobs = studio.session.background
        blocked = gate.around(work)
        for number in range(4):
            jobs.start(partial(blocked, number), lambda _: None, lambda _: None)
        gate.wait_entered(studio)
        for number in range(4, 40):
            jobs.start(partial(work, number), lambda _: None, lambda _: None)
        studio.window.close_without_asking()
        qtbot.wait(50)
        studio.session.stop()
        gate.open()
        studio.close()
    assert not set(begun) & set(range(8, 40))


def test_a_save_that_has_not_begun_is_done_at_the_end(qtbot: QtBot, tmp_path: Path, samples: list[Path]) -> None:
    with no_threads_left():
        studio = Studio(qtbot, ScriptedEngine(), tmp_path)
        studio.load_model(model_folder(tmp_path))
        studio.open(samples[0])
        with held("nvg_studio.project.storage.project_file.save") as gate:
            for number in range(4):
                studio.window.project_files.save(tmp_path / f"work{number}.nvgs")
            gate.wait_entered(studio)
            studio.window.close_without_asking()
            qtbot.wait(50)
            gate.open()
            studio.close()
    assert all((tmp_path / f"work{number}.nvgs").exists() for number in range(4))


def test_the_window_stays_until_an_export_is_finished(studio: Studio, tmp_path: Path) -> None:
    with held(EXPORT) as gate:
        begin_export(studio, tmp_path / "out.ora")
        gate.wait_entered(studio)
        studio.window.close()
        studio.qtbot.wait(100)
        assert studio.window.isVisible()
        assert (
            studio.window.export_controller.running is not None and studio.window.export_controller.progress.isVisible()
        )
        gate.open()
        studio.until(lambda: not studio.window.isVisible())
    assert (tmp_path / "out.ora").exists()


def test_the_window_stays_until_a_save_is_finished(studio: Studio, tmp_path: Path) -> None:
    with held("nvg_studio.project.storage.project_file.save") as gate:
        studio.window.project_files.save(tmp_path / "work.nvgs")
        gate.wait_entered(studio)
        studio.window.close()
        studio.qtbot.wait(100)
        assert studio.window.isVisible()
        gate.open()
        studio.until(lambda: not studio.window.isVisible())
    assert (tmp_path / "work.nvgs").exists()


def test_a_disk_that_does_not_answer_need_not_be_waited_for(studio: Studio, tmp_path: Path) -> None:
    with held("nvg_studio.project.storage.project_file.save") as gate:
        studio.window.project_files.save(tmp_path / "work.nvgs")
        gate.wait_entered(studio)
        studio.window.close()
        studio.until(lambda: studio.window.findChild(QProgressDialog, "closing") is not None)
        dialog = studio.window.findChild(QProgressDialog, "closing")
        assert isinstance(dialog, QProgressDialog)
        assert dialog.isVisible() and dialog.labelText() == "Saving work.nvgs…"
        dialog.cancel()
        studio.until(lambda: not studio.window.isVisible())
