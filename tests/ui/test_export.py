"""Export and import through the window: the dialog, the files, stopping, and work that comes back from a picture."""

from pathlib import Path

import numpy as np
import pytest
from psd_tools import PSDImage
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialogButtonBox, QFileDialog

from nvg_studio.editor.choices import ViewMode
from nvg_studio.editor.notices import Kind, Notice
from nvg_studio.imaging.read import read_image
from nvg_studio.project.export import picture as picture_module
from nvg_studio.project.export.export import ENCODERS
from nvg_studio.project.export.kinds import Format, LayerChoice, Part
from nvg_studio.project.export.layers import Advance, Scene
from nvg_studio.project.importing import project_in_picture
from nvg_studio.ui.dialogs.export import ExportDialog
from nvg_studio.ui.window import export
from tests.ui.driver import LEFT, Studio, answering
from tests.ui.generation import hold, let_go


def dialog_of(studio: Studio) -> ExportDialog:
    studio.trigger("file.export")
    dialog = studio.window.findChild(ExportDialog)
    assert dialog is not None
    return dialog


def choose(dialog: ExportDialog, kind: Format) -> None:
    dialog.format.setCurrentIndex(dialog.format.findData(kind))


def confirm(studio: Studio, dialog: ExportDialog) -> None:
    button = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok)
    studio.qtbot.mouseClick(button, LEFT)


def said(studio: Studio) -> list[Notice]:
    notices: list[Notice] = []
    studio.session.notified.connect(notices.append)
    return notices


def test_layers_are_written_where_the_person_says(studio: Studio, tmp_path: Path) -> None:
    notices = said(studio)
    dialog = dialog_of(studio)
    choose(dialog, Format.PSD)
    dialog.level.setValue(1)
    dialog.first.setValue(2)
    dialog.last.setValue(2)
    dialog.parts[Part.RESIDUAL].setChecked(False)
    dialog.size_box.setCurrentIndex(dialog.size_box.findData(2))
    with answering("getSaveFileName", tmp_path / "out.psd"):
        confirm(studio, dialog)
    studio.until(lambda: bool(notices))
    assert [notice.text for notice in notices] == ["Exported out.psd."]
    document = PSDImage.open(tmp_path / "out.psd")
    assert document.size == (2 * studio.session.info.image_size,) * 2
    assert [layer.name for layer in document] == ["Picture", "Level 1, cluster 0", "Level 1, cluster 1", "Level 2"]
    studio.settle()


def test_every_format_is_offered_with_what_it_can_hold(studio: Studio) -> None:
    dialog = dialog_of(studio)
    shown = {}
    for kind in Format:
        choose(dialog, kind)
        assert dialog.kind is kind and dialog.about.text()
        shown[kind] = (dialog.form.isRowVisible(dialog.level), dialog.form.isRowVisible(dialog.groups))
    assert {kind for kind, rows in shown.items() if rows == (True, True)} == {Format.ORA, Format.PSD, Format.TIFF}
    assert shown[Format.PNG] == (True, False) and shown[Format.STRIP] == (False, False)
    choose(dialog, Format.ORA)
    assert dialog.choice == LayerChoice()
    for box in dialog.parts.values():
        box.setChecked(False)
    assert dialog.choice == LayerChoice(groups=(), parts=frozenset())
    studio.qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_a_folder_of_png_files(studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notices = said(studio)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", staticmethod(lambda *args: str(tmp_path / "folder")))
    dialog = dialog_of(studio)
    choose(dialog, Format.PNG)
    confirm(studio, dialog)
    studio.until(lambda: bool(notices))
    np.testing.assert_array_equal(read_image(tmp_path / "folder" / "picture.png"), studio.session.base)
    assert (tmp_path / "folder" / "manifest.json").exists()


def test_an_export_can_be_stopped(studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notices = said(studio)
    write = ENCODERS[Format.PSD]

    def stopped(scene: Scene, advance: Advance) -> bytes:
        studio.window.export_controller.running.stop()
        return write(scene, advance)

    monkeypatch.setitem(ENCODERS, Format.PSD, stopped)
    dialog = dialog_of(studio)
    choose(dialog, Format.PSD)
    with answering("getSaveFileName", tmp_path / "out.psd"):
        confirm(studio, dialog)
    studio.until(lambda: bool(notices))
    assert notices[0].text == "The export was cancelled." and not (tmp_path / "out.psd").exists()
    assert studio.window.export_controller.running is None


def test_a_refusal_is_one_notice(studio: Studio, tmp_path: Path) -> None:
    notices = said(studio)
    (tmp_path / "file").touch()
    dialog = dialog_of(studio)
    with answering("getSaveFileName", tmp_path / "file" / "out.ora"):
        confirm(studio, dialog)
    studio.until(lambda: bool(notices))
    assert notices[0].text.startswith("Cannot make the folder")


def test_the_exported_picture_opens_as_the_work(studio: Studio, tmp_path: Path) -> None:
    notices, saved = said(studio), studio.snapshot
    dialog = dialog_of(studio)
    choose(dialog, Format.PICTURE)
    with answering("getSaveFileName", tmp_path / "out.png"):
        confirm(studio, dialog)
    studio.until(lambda: bool(notices))
    studio.session.store.current = None
    studio.open(tmp_path / "out.png")
    assert studio.snapshot == saved
    assert studio.session.path is None and studio.session.name == "out"


def test_a_project_is_looked_at_and_exported_without_its_model(studio: Studio, tmp_path: Path) -> None:
    pictures, sequence = studio.session.stage_pictures, studio.session.sequence
    stages = range(sequence.depth + 1)
    studio.until(lambda: all(pictures.picture(sequence, stage) is not None for stage in stages))
    dialog = dialog_of(studio)
    choose(dialog, Format.PICTURE)
    notices = said(studio)
    with answering("getSaveFileName", tmp_path / "view.png"):
        confirm(studio, dialog)
    studio.until(lambda: bool(notices))
    session = studio.session
    session.model_loader.info, before = None, session.stage_pictures.picture(session.sequence, 1)
    studio.choose(tool="brush", cluster=3)
    studio.stroke([(2, 2), (12, 12)])  # now there are stages that only the model can draw
    studio.settle()
    dialog = dialog_of(studio)
    choose(dialog, Format.ORA)
    with answering("getSaveFileName", tmp_path / "out.ora"):
        confirm(studio, dialog)
    studio.until(lambda: len(notices) == 2)
    assert "need the model" in notices[1].text
    studio.session.store.current = None
    studio.open(tmp_path / "view.png")
    np.testing.assert_array_equal(session.stage_pictures.picture(session.sequence, 1), before)
    notices.clear()
    dialog = dialog_of(studio)
    with answering("getSaveFileName", tmp_path / "out.ora"):
        confirm(studio, dialog)
    studio.until(lambda: bool(notices))
    assert notices[-1].text == "Exported out.ora."


def save_picture(studio: Studio, target: Path) -> None:
    notices = said(studio)
    with answering("getSaveFileName", target):
        studio.trigger("file.export_png")
    studio.until(lambda: bool(notices))
    studio.settle()


def test_a_saved_picture_is_the_document_at_its_own_size_whatever_is_shown(studio: Studio, tmp_path: Path) -> None:
    studio.window.state.set_level(2)
    studio.choose(level_picture=True, view=ViewMode.STRUCTURE)
    studio.settle()
    assert len(studio.window.displayed.picture) < len(studio.session.base)
    save_picture(studio, tmp_path / "out.png")
    np.testing.assert_array_equal(read_image(tmp_path / "out.png"), studio.session.base)


def test_a_picture_saved_during_a_run_is_the_document(studio: Studio, tmp_path: Path) -> None:
    base, engine, runs = studio.session.base, hold(studio), studio.session.run_queue
    studio.press_card(2)
    studio.until(lambda: runs.running is not None)
    while runs.running is not None and not runs.running.previews:
        engine.step()
        studio.settle_drawing()
        studio.session.engine_client.poll()
    with answering("getSaveFileName", tmp_path / "out.png"):
        studio.trigger("file.export_png")
    studio.until(lambda: studio.window.export_controller.running is None)
    np.testing.assert_array_equal(read_image(tmp_path / "out.png"), base)
    let_go(studio)


def test_a_saved_picture_opens_as_the_work_with_its_edits(studio: Studio, tmp_path: Path) -> None:
    studio.choose(tool="brush", size=3, balanced=False, level=2)
    studio.stroke([(2.5, 2.5), (12.5, 12.5)])
    studio.settle()
    saved = studio.snapshot
    save_picture(studio, tmp_path / "out.png")
    assert not np.array_equal(read_image(tmp_path / "out.png"), studio.session.base)
    assert project_in_picture(tmp_path / "out.png").document.snapshot == saved


def test_work_that_does_not_fit_into_a_picture_is_told(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_module, "MAX_WORK", 10)
    save_picture(studio, tmp_path / "out.png")
    notice = studio.window.message.notice
    assert notice is not None and notice.kind is Kind.WARNING and "without the work" in notice.text
    assert project_in_picture(tmp_path / "out.png") is None


@pytest.mark.parametrize("replace", [True, False])
def test_a_folder_with_files_of_the_same_names_is_asked_about(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replace: bool
) -> None:
    asked, folder = [], tmp_path / "folder"
    folder.mkdir()
    for name in ("picture.png", "stage_3.png", "holiday.png"):
        (folder / name).write_bytes(b"precious")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", staticmethod(lambda *args: str(folder)))
    monkeypatch.setattr(export, "confirm_replacing_in", lambda *args: asked.append(args[:2]) or replace)
    dialog = dialog_of(studio)
    choose(dialog, Format.PNG)
    confirm(studio, dialog)
    studio.until(lambda: bool(asked))
    studio.until(lambda: studio.window.export_controller.running is None)
    studio.settle()
    assert asked == [(folder, ["picture.png", "stage_3.png"])]
    assert ((folder / "picture.png").read_bytes() == b"precious") is not replace
    assert (folder / "holiday.png").read_bytes() == b"precious"
    assert (folder / "manifest.json").exists() is replace
