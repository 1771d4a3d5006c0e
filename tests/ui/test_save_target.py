"""Names that are typed into the save dialogs: what is replaced is asked about, whatever is added to the name."""

from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QMessageBox

from nvg_studio.imaging.read import read_image
from nvg_studio.project.export.export import ENDINGS
from nvg_studio.project.export.kinds import Format
from nvg_studio.project.storage import project_file
from nvg_studio.ui.dialogs.save_target import ask_save_path, completed
from tests.ui.driver import Studio, answering
from tests.ui.test_export import choose, confirm, dialog_of

YES, NO = QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.No


@pytest.mark.parametrize(
    ("name", "endings", "wanted"),
    [
        ("rose", (".nvgs",), "rose.nvgs"),
        ("rose.v2", (".nvgs",), "rose.v2.nvgs"),
        ("rose.png", (".nvgs",), "rose.png.nvgs"),
        ("Rose.NVGS", (".nvgs",), "Rose.NVGS"),
        (".nvgs", (".nvgs",), ".nvgs.nvgs"),
        ("scan.TIFF", (".tif", ".tiff"), "scan.TIFF"),
        ("scan.2024", (".tif", ".tiff"), "scan.2024.tif"),
        ("levels.png", ("-strip.png", ".png"), "levels.png"),
        ("levels", ("-strip.png", ".png"), "levels-strip.png"),
    ],
)
def test_endings_are_added_to_all_of_the_name(name: str, endings: tuple[str, ...], wanted: str) -> None:
    assert completed(Path("folder") / name, endings) == Path("folder") / wanted


@pytest.mark.parametrize("letter", ["a", "花", "\N{ROSE}"])
def test_what_is_proposed_is_a_name_that_can_be_saved(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, letter: str
) -> None:
    proposed: list[str] = []

    def give_up(parent: object, title: str, name: str, kinds: str) -> tuple[str, str]:
        proposed.append(name)
        return "", ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", staticmethod(give_up))
    assert ask_save_path(studio.window, "Save", tmp_path / (letter * 255), "", (".nvgs",)) is None
    project_file.save(studio.session.to_project(), proposed[0])
    project_file.save(studio.session.to_project(), proposed[0])  # with a backup beside it


def type_name(studio: Studio, folder: Path, action: str, name: str, answer: QMessageBox.StandardButton) -> list[str]:
    """Type a name into the real save dialog; returns the questions that came, each answered with `answer`."""
    asked: list[str] = []

    def look() -> None:
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox):
            asked.append(box.text())
            box.button(answer).click()
        if isinstance(QApplication.activeModalWidget(), QFileDialog):
            QApplication.activeModalWidget().reject()

    def fill() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QFileDialog)
        dialog.setDirectory(str(folder))
        dialog.findChild(QLineEdit, "fileNameEdit").setText(name)
        QTimer.singleShot(100, look)
        dialog.accept()

    QTimer.singleShot(100, fill)
    studio.trigger(action)
    studio.until(lambda: studio.window.export_controller.running is None)
    studio.settle()
    return asked


@pytest.mark.parametrize("answer", [YES, NO])
@pytest.mark.parametrize(
    ("action", "name", "target"),
    [
        ("file.save_as", "rose", "rose.nvgs"),
        ("file.save_as", "rose.v2", "rose.v2.nvgs"),
        ("file.export_png", "rose", "rose.png"),
        ("file.export_png", "rose.v2", "rose.v2.png"),
    ],
)
def test_a_name_without_its_ending_is_asked_about(
    studio: Studio, tmp_path: Path, action: str, name: str, target: str, answer: QMessageBox.StandardButton
) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / target).write_bytes(b"precious")
    asked = type_name(studio, folder, action, name, answer)
    assert asked == [f"{target} already exists. Replace it?"]
    assert ((folder / target).read_bytes() == b"precious") is (answer == NO)
    if answer == YES and target.endswith(".nvgs"):
        assert project_file.load(folder / target).document.snapshot == studio.snapshot


def test_a_new_name_is_not_asked_about(studio: Studio, tmp_path: Path) -> None:
    assert type_name(studio, tmp_path, "file.save_as", "fresh.v2", NO) == []
    assert (tmp_path / "fresh.v2.nvgs").exists() and studio.session.name == "fresh.v2"


@pytest.mark.parametrize("kind", [Format.ORA, Format.TIFF, Format.STRIP, Format.JPEG])
def test_an_export_writes_the_very_name_that_was_asked_about(studio: Studio, tmp_path: Path, kind: Format) -> None:
    """Letters of the ending in upper case, another ending of the same format, dots in the name."""
    wanted = f"Rose.v2{ENDINGS[kind][-1].upper()}"
    near = [f"Rose{ending}" for ending in ENDINGS[kind]] + [f"Rose.v2{ending}" for ending in ENDINGS[kind]]
    for name in near:
        (tmp_path / name).write_bytes(b"precious")
    dialog = dialog_of(studio)
    choose(dialog, kind)
    with answering("getSaveFileName", tmp_path / wanted):
        confirm(studio, dialog)
    studio.until((tmp_path / wanted).exists)
    studio.until(lambda: studio.window.export_controller.running is None)
    studio.settle()
    assert all((tmp_path / name).read_bytes() == b"precious" for name in near)
    if kind is Format.JPEG:
        assert read_image(tmp_path / wanted).shape == studio.session.base.shape
