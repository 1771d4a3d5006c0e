"""The reference dock in the real window: every source, into the whole document or a part; one step, undone as such."""

import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from nvg_studio.editor.choices import LockKind, ViewMode
from nvg_studio.editor.pictures.qimages import to_qimage
from nvg_studio.editor.reference.controller import CROP_SIDE, KEPT_SIDE
from nvg_studio.editor.reference.structure_source import Area, Source
from nvg_studio.engine.scripted import SCRIPTED_INFO, ScriptedEngine, encode
from nvg_studio.errors import PictureError
from nvg_studio.granularity import edits
from nvg_studio.imaging.crop import Picture, reduced, square_crop
from nvg_studio.imaging.label_maps import LabelMap, read_label_map
from nvg_studio.imaging.read import read_image
from nvg_studio.project.document import Layout
from tests.imaging.test_regions import disc
from tests.ui.driver import LEFT, LIMIT, Studio, answering, move


def found(studio: Studio) -> None:
    """Wait for the structure of the reference."""
    reference = studio.window.reference_controller
    studio.until(lambda: not studio.session.background.busy and not reference.busy)
    studio.until(lambda: reference.found is not None)
    studio.settle()


def refer_to(studio: Studio, path: Path) -> None:
    with answering("getOpenFileName", path):
        studio.trigger("edit.reference")
    studio.until(lambda: studio.window.reference_controller.picture is not None)
    found(studio)


def choose(studio: Studio, source: Source) -> None:
    """Choose where the regions come from, in the dock."""
    box = studio.window.reference.source
    box.setCurrentIndex(box.findData(source))
    box.activated.emit(box.currentIndex())


def press(studio: Studio, run: bool = False) -> None:
    dock = studio.window.reference
    button = dock.apply_run if run else dock.apply
    studio.until(button.isEnabled)
    QTest.mouseClick(button, LEFT)
    studio.settle()


def test_the_structure_of_a_photo_goes_over_as_one_step(studio: Studio, samples: list[Path]) -> None:
    photo = studio.snapshot
    refer_to(studio, samples[1])
    source = encode(square_crop(read_image(samples[1]), max_size=CROP_SIDE), SCRIPTED_INFO)
    studio.window.reference.levels.setValue(3)
    studio.settle()
    assert studio.window.reference.preview.filled
    assert studio.snapshot is photo
    press(studio)
    after = studio.snapshot
    assert after.title == f"Structure of {samples[1].name}, levels 1 to 3"
    assert after.sequence == edits.transfer(photo.sequence, source, (1, 3))
    assert after.layout == Layout(3, 0)
    assert len(studio.session.document.titles) == 2
    studio.trigger_when_enabled("edit.undo")
    assert studio.snapshot is photo


def test_apply_and_run_keeps_the_layout_of_the_reference(studio: Studio, samples: list[Path]) -> None:
    refer_to(studio, samples[2])
    source = encode(square_crop(read_image(samples[2]), max_size=CROP_SIDE), SCRIPTED_INFO)
    press(studio, run=True)
    assert isinstance(studio.engine, ScriptedEngine)
    request = studio.engine.requests[-1]
    assert request.stage == 0
    assert request.locks is not None and (request.locks.structure == 4).all()
    assert np.array_equal(studio.snapshot.sequence.bits[:, :4], source.bits[:, :4])
    assert not np.array_equal(studio.snapshot.sequence.bits[:, 4:], source.bits[:, 4:])
    assert studio.snapshot.layout is None


def test_content_of_the_first_stages_goes_over_too(studio: Studio, samples: list[Path]) -> None:
    refer_to(studio, samples[3])
    source = encode(square_crop(read_image(samples[3]), max_size=CROP_SIDE), SCRIPTED_INFO)
    studio.window.reference.stages.setValue(3)
    press(studio, run=True)
    assert studio.engine.requests[-1].stage == 3  # type: ignore[attr-defined]
    assert np.array_equal(studio.snapshot.sequence.token_map[:3], source.token_map[:3])


def test_only_the_selected_cluster_changes(studio: Studio, samples: list[Path]) -> None:
    before = studio.snapshot.sequence
    studio.key("1")
    studio.choose(selected=frozenset({1}))
    mask = before.labels(1) == 1
    refer_to(studio, samples[1])
    area = studio.window.reference.area
    area.setCurrentIndex(area.findData(Area.SELECTED))
    area.activated.emit(area.currentIndex())
    press(studio)
    changed = edits.changed_cells(before, studio.snapshot.sequence)
    assert changed.any() and not (changed & ~mask).any()


def test_without_an_area_it_says_what_to_do(studio: Studio, samples: list[Path]) -> None:
    before = studio.session.document
    refer_to(studio, samples[1])
    area = studio.window.reference.area
    area.setCurrentIndex(area.findData(Area.PAINTED))
    area.activated.emit(area.currentIndex())
    press(studio)
    assert studio.session.document is before
    assert "paint first" in studio.window.message.text.text()


def test_locked_cells_keep_their_structure(studio: Studio, samples: list[Path]) -> None:
    studio.key("1")
    studio.window.lock_cluster(0, LockKind.LAYOUT)
    studio.window.lock_cluster(1, LockKind.REGION)
    before, held = studio.snapshot.sequence, studio.snapshot.locks
    refer_to(studio, samples[4])
    press(studio, run=True)
    after = studio.snapshot.sequence
    assert np.array_equal(after.bits[held.bits], before.bits[held.bits])
    assert np.array_equal(after.token_map[held.tokens], before.token_map[held.tokens])


@pytest.mark.parametrize("source", [Source.SUPERPIXELS, Source.COLOURS])
def test_regions_of_like_colour_become_the_layout(studio: Studio, samples: list[Path], source: Source) -> None:
    refer_to(studio, samples[1])
    choose(studio, source)
    studio.window.reference.count.setValue(5)
    found(studio)
    regions = studio.window.reference_controller.found
    assert regions is not None and regions.levels >= 2
    assert studio.window.reference.levels.maximum() == regions.levels
    assert not studio.window.reference.stages.isEnabled()
    press(studio)
    levels = min(4, regions.levels)
    assert studio.snapshot.layout == Layout(levels)
    assert np.array_equal(studio.snapshot.sequence.labels(levels), regions.sequence.labels(levels))


def test_a_box_dragged_around_a_thing_cuts_it_out(studio: Studio, tmp_path: Path) -> None:
    picture, truth = disc()
    Image.fromarray(picture).save(tmp_path / "disc.png")
    refer_to(studio, tmp_path / "disc.png")
    choose(studio, Source.BOX)
    crop = studio.window.reference.crop
    studio.until(lambda: crop.cursor().shape() is Qt.CursorShape.CrossCursor)
    side = crop.crop_rect().width()
    start, end = QPoint(round(0.1 * side), round(0.15 * side)), QPoint(round(0.85 * side), round(0.9 * side))
    QTest.mousePress(crop, LEFT, pos=start)
    move(crop, end, LEFT, Qt.KeyboardModifier.NoModifier)
    QTest.mouseRelease(crop, LEFT, pos=end)
    assert studio.window.reference_controller.choices.box is not None
    found(studio)
    press(studio)
    labels, inside = studio.snapshot.sequence.labels(1), truth[3::6, 3::6].reshape(-1)
    assert max((labels == inside).mean(), (labels != inside).mean()) > 0.95
    assert studio.snapshot.title == "Structure of disc.png, level 1"


def test_a_label_map_from_disk_becomes_the_layout(studio: Studio, tmp_path: Path) -> None:
    labels = np.kron([[0, 1], [2, 3]], np.ones((8, 8), int))
    np.savez(tmp_path / "parts.npz", labels=labels)
    with answering("getOpenFileName", tmp_path / "parts.npz"):
        choose(studio, Source.FILE)
    found(studio)
    press(studio)
    assert studio.snapshot.title == "Structure of parts.npz, levels 1 to 2"
    pairs = {(int(a), int(b)) for a, b in zip(labels.reshape(-1), studio.snapshot.sequence.labels(2), strict=True)}
    assert len(pairs) == 4


def test_a_bad_map_is_one_line_and_leaves_everything(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 nothing")
    before = studio.session.document
    with answering("getOpenFileName", tmp_path / "bad.npz"):
        choose(studio, Source.FILE)
    studio.until(lambda: studio.window.message.notice is not None)
    assert "damaged" in studio.window.message.text.text()
    studio.settle()
    assert studio.session.document is before
    assert studio.window.reference.source.currentData() == Source.MODEL


def test_the_square_moves_over_a_wide_picture(studio: Studio, tmp_path: Path) -> None:
    wide = np.zeros((64, 160, 3), np.uint8)
    wide[:, 80:] = np.random.default_rng(0).integers(0, 256, (64, 80, 3))
    Image.fromarray(wide).save(tmp_path / "wide.png")
    refer_to(studio, tmp_path / "wide.png")
    crop, reference = studio.window.reference.crop, studio.window.reference_controller
    first = reference.found
    middle = crop.crop_rect().center().toPoint()
    QTest.mousePress(crop, LEFT, pos=middle)
    move(crop, middle + QPoint(200, 0), LEFT, Qt.KeyboardModifier.NoModifier)
    QTest.mouseRelease(crop, LEFT, pos=middle + QPoint(200, 0))
    assert reference.centre == (pytest.approx(0.8), 0.5)
    found(studio)
    assert reference.found is not first
    expected = encode(square_crop(wide, (0.8 * 160, 32), CROP_SIDE), SCRIPTED_INFO)
    assert reference.found is not None and reference.found.sequence == expected
    crop.setFocus()
    QTest.keyClick(crop, Qt.Key.Key_Left)
    assert reference.centre[0] == pytest.approx(0.78)


def test_drop_and_paste_on_the_dock_leave_the_document(studio: Studio, samples: list[Path]) -> None:
    before = studio.session.document
    dock, reference = studio.window.reference, studio.window.reference_controller
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(samples[2]))])
    copy, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    dock.dropEvent(QDropEvent(QPointF(5, 5), copy, data, Qt.MouseButton.LeftButton, none))
    studio.until(lambda: reference.title == samples[2].name)
    QApplication.clipboard().setImage(to_qimage(disc()[0]))
    studio.trigger("edit.reference_paste")
    studio.until(lambda: reference.title == "pasted picture")
    assert reference.picture is not None and np.array_equal(reference.picture, disc()[0])
    QApplication.clipboard().setImage(QImage())
    QApplication.clipboard().clear()
    found(studio)
    assert studio.session.document is before
    assert dock.isVisible()


def test_a_reference_begins_a_document_where_there_is_none(ready_studio: Studio, samples: list[Path]) -> None:
    studio = ready_studio
    refer_to(studio, samples[1])
    press(studio, run=True)
    studio.until(lambda: studio.session.document is not None and studio.snapshot.request is not None)
    source = encode(square_crop(read_image(samples[1]), max_size=CROP_SIDE), SCRIPTED_INFO)
    assert np.array_equal(studio.snapshot.sequence.bits[:, :4], source.bits[:, :4])
    assert [title.split(",")[0] for title in studio.session.document.titles] == [
        "New layout",
        f"Structure of {samples[1].name}",
        "Run from level 0",
    ]


def test_a_layout_from_a_reference_is_seen_as_structure(ready_studio: Studio, samples: list[Path]) -> None:
    refer_to(ready_studio, samples[1])
    press(ready_studio, run=False)
    ready_studio.settle()
    assert ready_studio.snapshot.blank and ready_studio.window.state.choices.view is ViewMode.STRUCTURE


def test_the_window_works_while_a_large_picture_is_read(studio: Studio, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((3000, 4000, 3), np.uint8)).save(tmp_path / "large.png", compress_level=1)
    reference = studio.window.reference_controller
    reference.open(tmp_path / "large.png")
    studio.key("3")
    assert studio.window.state.choices.level == 3
    studio.qtbot.waitUntil(lambda: reference.picture is not None, timeout=LIMIT)
    assert reference.shown is not None and reference.shown.width() == 512
    found(studio)


def test_of_two_pictures_the_one_asked_for_last_stays_whichever_is_read_first(
    studio: Studio, samples: list[Path]
) -> None:
    reference, slow_one_may_end = studio.window.reference_controller, threading.Event()
    picture = read_image(samples[1])

    def slowly() -> Picture:
        assert slow_one_may_end.wait(LIMIT / 1000)
        return picture

    reference.use_picture(slowly, "slow")
    reference.use_picture(lambda: picture[::-1], "latest")
    studio.until(lambda: reference.title == "latest")
    slow_one_may_end.set()
    found(studio)
    assert reference.title == "latest" and reference.picture is studio.session.store.current.reference
    assert np.array_equal(reference.picture, reduced(picture[::-1], KEPT_SIDE))


def test_a_picture_that_cannot_be_read_is_not_told_of_when_another_was_asked_for(
    studio: Studio, samples: list[Path]
) -> None:
    reference, slow_one_may_end = studio.window.reference_controller, threading.Event()

    def fails() -> Picture:
        assert slow_one_may_end.wait(LIMIT / 1000)
        raise PictureError("It is damaged.")

    reference.use_picture(fails, "slow")
    reference.use_picture(lambda: read_image(samples[1]), "latest")
    studio.until(lambda: reference.title == "latest")
    slow_one_may_end.set()
    found(studio)
    assert studio.window.message.notice is None or "damaged" not in studio.window.message.notice.text


def test_of_two_maps_the_one_asked_for_last_stays(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference, slow_one_may_end = studio.window.reference_controller, threading.Event()
    for name in ("slow", "latest"):
        np.savez(tmp_path / f"{name}.npz", labels=np.kron([[0, 1], [2, 3]], np.ones((8, 8), int)))

    def read(path: Path) -> LabelMap:
        assert path.stem == "latest" or slow_one_may_end.wait(LIMIT / 1000)
        return read_label_map(path)

    monkeypatch.setattr("nvg_studio.editor.reference.controller.read_label_map", read)
    reference.open_map(tmp_path / "slow.npz")
    reference.open_map(tmp_path / "latest.npz")
    studio.until(lambda: reference.map_name == "latest.npz")
    slow_one_may_end.set()
    found(studio)
    assert reference.map_name == "latest.npz"
