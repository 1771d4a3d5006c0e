"""The window's manners: opening, running, history, files, actions, empty states."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox

from nvg_studio.editor.choices import LockKind, ViewMode
from nvg_studio.editor.notices import Kind
from nvg_studio.engine.scripted import SCRIPTED_INFO, ScriptedEngine, draw
from nvg_studio.imaging.crop import square_crop
from nvg_studio.imaging.read import read_image
from nvg_studio.project.storage import project_file
from nvg_studio.ui.actions.table import MENUS, TABLE
from nvg_studio.ui.dialogs.palette import CommandPalette
from nvg_studio.ui.docks.cluster_model import CONTENT, LAYOUT, REGION
from nvg_studio.ui.window.commands import save_commands
from tests.ui.driver import LEFT, Studio, answering


def test_empty_window_offers_two_ways_to_begin(bare_studio: Studio, tmp_path: Path) -> None:
    window = bare_studio.window
    assert window.stack.currentWidget() is window.welcome_page
    assert "No model" in window.welcome_page.status.text()
    assert not window.welcome_page.generate.isEnabled()
    assert not window.action_set["file.save"].isEnabled()
    bare_studio.session.load_model(tmp_path / "nowhere")
    assert "There is no model" in window.message.text.text()


def test_a_photo_without_a_model_is_refused_in_one_line(bare_studio: Studio, samples: list[Path]) -> None:
    bare_studio.window.project_files.open(samples[0])
    bare_studio.until(lambda: bare_studio.window.message.notice is not None)
    assert "No model is loaded" in bare_studio.window.message.text.text()
    assert bare_studio.session.document is None


def test_an_open_photo_shows_every_level(studio: Studio) -> None:
    studio.until(lambda: all(card.picture.filled and card.structure.filled for card in studio.window.strip.cards))
    assert studio.card_states() == ["fresh"] * 9
    assert studio.window.stack.currentWidget() is studio.window.canvas
    assert studio.snapshot.title.startswith("Open ")


def test_drop_opens_a_photo(ready_studio: Studio, samples: list[Path]) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(samples[1]))])
    copy, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    ready_studio.window.dropEvent(QDropEvent(QPointF(5, 5), copy, data, Qt.MouseButton.LeftButton, none))
    ready_studio.until(lambda: ready_studio.session.document is not None)
    assert np.array_equal(ready_studio.session.base, square_crop(read_image(samples[1])))


def test_paste_opens_the_picture_on_the_clipboard(ready_studio: Studio) -> None:
    image = QImage(40, 30, QImage.Format.Format_RGB32)
    image.fill(0xFF3060A0)
    QApplication.clipboard().setImage(image)
    ready_studio.trigger("file.paste")
    ready_studio.until(lambda: ready_studio.session.document is not None)
    assert ready_studio.session.base.shape == (30, 30, 3)
    assert tuple(ready_studio.session.base[0, 0]) == (0x30, 0x60, 0xA0)


@pytest.mark.parametrize("content", [b"just text", b"", b"\x89PNG\r\n\x1a\n broken"])
def test_a_bad_picture_gives_one_line_and_leaves_the_document(studio: Studio, tmp_path: Path, content: bytes) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(content)
    before = studio.session.document
    with answering("getOpenFileName", bad):
        studio.trigger("file.open")
    studio.until(lambda: studio.window.message.notice is not None and studio.window.message.notice.kind is Kind.ERROR)
    assert "\n" not in studio.window.message.text.text()
    assert studio.session.document is before


def test_run_from_a_card_fills_the_cards_one_by_one(studio: Studio) -> None:
    engine = studio.engine
    assert isinstance(engine, ScriptedEngine)
    studio.settle()
    studio.until(lambda: not engine.busy)
    engine.manual = True
    studio.press_card(3)
    engine.step()
    studio.session.engine_client.poll()
    studio.until(lambda: not studio.window.refresh_pending)
    views = [card.view.state for card in studio.window.strip.cards if card.view is not None]
    assert views == ["fresh"] * 4 + ["working"] + ["waiting"] * 4
    assert studio.window.canvas.layers.note.startswith("Level 3 of 8")
    engine.manual = False
    studio.until(lambda: studio.session.run_queue.running is None)
    assert engine.requests[-1].stage == 3
    assert studio.card_states() == ["fresh"] * 9
    assert studio.snapshot.title == "Run from level 3"


def test_rough_previews_say_so_and_are_never_kept(studio: Studio) -> None:
    engine = studio.engine
    assert isinstance(engine, ScriptedEngine)
    studio.settle()
    studio.until(lambda: not engine.busy)
    engine.manual = engine.rough = True
    studio.press_card(3)
    engine.step()
    studio.session.engine_client.poll()
    studio.settle_drawing()
    canvas, session = studio.window.canvas, studio.session
    assert canvas.layers.note == "Preview, level 3 of 8, run under way"
    run = session.run_queue.running
    assert run is not None and run.sequence is not None
    assert studio.window.strip.cards[3].picture.filled
    assert session.stage_pictures.picture(run.sequence, 3) is None
    assert session.stage_pictures.picture_or_preview(run.sequence, 3) is not None
    engine.step(5)  # the last stage is drawn in full
    session.engine_client.poll()
    studio.settle_drawing()
    assert canvas.layers.note == "Level 8 of 8, run under way"
    engine.manual = False
    studio.settle()
    np.testing.assert_array_equal(session.base, draw(session.sequence, 8, engine.info))
    studio.until(lambda: session.stage_pictures.picture(session.sequence, 3) is not None)
    np.testing.assert_array_equal(
        session.stage_pictures.picture(session.sequence, 3), draw(session.sequence, 3, engine.info)
    )


def test_cards_wait_for_a_run_with_what_they_have_decoded(studio: Studio) -> None:
    engine = studio.engine
    assert isinstance(engine, ScriptedEngine)
    studio.settle()
    studio.until(lambda: not engine.busy)
    engine.manual = engine.rough = True
    studio.press_card(2)
    asked = []
    decode = engine.decode
    engine.decode = lambda sequence, stages: asked.append(stages) or decode(sequence, stages)
    engine.step(3)
    studio.session.engine_client.poll()
    studio.settle_drawing()
    assert asked == []
    engine.manual = False
    studio.settle()
    studio.until(lambda: sorted(stage for stages in asked for stage in stages) == list(range(2, 8)))


def test_run_keeps_the_levels_below_and_the_locked_pixels(studio: Studio) -> None:
    photo, crop = studio.snapshot.sequence, studio.session.base
    studio.key("1")
    studio.window.lock_cluster(1, LockKind.REGION)
    held = studio.snapshot.locks.region
    studio.press_card(2)
    studio.settle()
    result = studio.snapshot.sequence
    assert np.array_equal(result.bits[:, :2], photo.bits[:, :2])
    assert np.array_equal(result.bits[held], photo.bits[held])
    assert not np.array_equal(result.token_map[:, ~held], photo.token_map[:, ~held])
    side = len(crop) // 16
    y, x = divmod(int(np.flatnonzero(held)[0]), 16)
    block = (slice(y * side + 1, (y + 1) * side - 1), slice(x * side + 1, (x + 1) * side - 1))
    assert np.array_equal(studio.session.base[block], crop[block])


def test_exact_pixels_off_takes_the_decoded_picture(studio: Studio) -> None:
    studio.trigger("edit.exact")
    studio.window.lock_cluster(1, LockKind.REGION)
    studio.press_card(2)
    studio.settle()
    assert studio.session.base.shape == (64, 64, 3)


def test_cancel_changes_nothing(studio: Studio) -> None:
    engine = studio.engine
    assert isinstance(engine, ScriptedEngine)
    studio.until(lambda: not engine.busy)
    engine.manual = True
    before = studio.session.document
    studio.press_card(0)
    engine.step(3)
    studio.trigger_when_enabled("run.cancel")
    studio.session.engine_client.poll()
    assert studio.session.run_queue.running is None
    assert studio.session.document is before
    engine.manual = False


def test_a_failed_run_is_one_line_and_changes_nothing(studio: Studio) -> None:
    engine = studio.engine
    assert isinstance(engine, ScriptedEngine)
    studio.until(lambda: not engine.busy)
    before = studio.session.document
    engine.fail_next("The device is out of memory: close other programs, or run on the CPU.")
    studio.press_card(0)
    studio.until(lambda: studio.session.run_queue.running is None)
    assert studio.session.document is before
    assert "out of memory" in studio.window.message.text.text()


def test_a_result_that_comes_after_an_edit_waits_as_candidate(studio: Studio) -> None:
    engine = studio.engine
    assert isinstance(engine, ScriptedEngine)
    studio.until(lambda: not engine.busy)
    engine.manual = True
    studio.press_card(4)
    studio.choose(balanced=False)
    studio.key("1")
    studio.key("b")
    studio.click(*studio.a_cell_of(1, 1))
    edited = studio.snapshot
    engine.manual = False
    studio.until(lambda: studio.session.run_queue.running is None)
    studio.settle()
    assert studio.snapshot is edited
    assert len(studio.session.generation.pending_results) == 1
    history = studio.window.history.list
    item = history.item(history.count() - 1)
    QTest.mouseClick(history.viewport(), LEFT, pos=history.visualItemRect(item).center())
    studio.settle()
    assert studio.snapshot.title == "Run from level 4"
    studio.trigger("edit.undo")
    assert studio.snapshot is edited


def test_an_equal_run_is_not_made_twice(studio: Studio) -> None:
    studio.press_card(2)
    studio.settle()
    count = len(studio.engine.requests)  # type: ignore[attr-defined]
    studio.press_card(2)
    assert len(studio.engine.requests) == count  # type: ignore[attr-defined]
    assert "Nothing has changed" in studio.window.message.text.text()
    QTest.mouseClick(studio.window.generate.randomize, LEFT)
    studio.press_card(2)
    studio.settle()
    assert len(studio.engine.requests) == count + 1  # type: ignore[attr-defined]


def test_generate_without_a_photo(ready_studio: Studio) -> None:
    studio = ready_studio
    generate = studio.window.generate
    generate.class_box.setCurrentIndex(3)
    generate.class_box.activated.emit(3)
    generate.seed.setText("42")
    generate.seed.editingFinished.emit()
    QTest.mouseClick(generate.run, LEFT)
    studio.until(lambda: studio.session.document is not None)
    request = studio.engine.requests[0]  # type: ignore[attr-defined]
    assert (request.stage, request.settings[0].class_id, request.settings[0].seed) == (0, 2, 42)
    assert studio.card_states() == ["fresh"] * 9


@pytest.mark.parametrize(
    ("steps", "few_steps", "word"),
    [(2, 4, "Fast"), (4, 4, "Fast"), (5, 4, "Rough"), (2, 0, "Rough"), (8, 4, "Fine"), (25, 0, "slower")],
)
def test_a_number_of_steps_is_explained(studio: Studio, steps: int, few_steps: int, word: str) -> None:
    advanced = studio.window.generate.advanced
    advanced.show_model(replace(SCRIPTED_INFO, few_steps=few_steps))
    advanced.steps.setValue(steps)
    assert word in advanced.steps_hint.text()


def test_settings_in_the_dock_reach_the_request(studio: Studio) -> None:
    generate = studio.window.generate
    generate.advanced.temperature.setValue(0.8)
    generate.advanced.steps.setValue(7)
    studio.press_card(5)
    studio.settle()
    settings = studio.engine.requests[-1].settings[0]  # type: ignore[attr-defined]
    assert (settings.temperature, settings.structure_steps) == (0.8, 7)
    assert settings.content_guidance == SCRIPTED_INFO.defaults.content_guidance


def test_locks_in_the_cluster_dock(studio: Studio) -> None:
    studio.key("2")
    studio.settle()
    tree = studio.window.clusters.tree
    row = studio.window.clusters.model.index_of(2, 1)
    mask = studio.labels(2).reshape(-1) == 1
    expected = {LAYOUT: (2, 0), CONTENT: (2, 3), REGION: (8, 9)}
    for column, held in expected.items():
        QTest.mouseClick(tree.viewport(), LEFT, pos=tree.visualRect(row.siblingAtColumn(column)).center())
        studio.settle()
        locks = studio.snapshot.locks
        assert {(int(s), int(c)) for s, c in zip(locks.structure[mask], locks.content[mask], strict=True)} == {held}
    assert np.array_equal(locks.region, mask)
    QTest.mouseClick(tree.viewport(), LEFT, pos=tree.visualRect(row.siblingAtColumn(LAYOUT)).center())
    assert not studio.snapshot.locks.structure.any() and studio.snapshot.locks.content[mask].all()
    studio.settle()
    QTest.mouseClick(tree.viewport(), LEFT, pos=tree.visualRect(row.siblingAtColumn(CONTENT)).center())
    assert not studio.snapshot.locks.any


def test_history_visits_any_step(studio: Studio) -> None:
    for cluster in (0, 1):
        studio.window.lock_cluster(cluster, LockKind.LAYOUT)
    studio.settle()
    studio.window.history.visited.emit(0)
    assert not studio.snapshot.locks.any
    studio.settle()
    studio.trigger("edit.redo")
    studio.trigger("edit.redo")
    assert studio.snapshot.locks.any
    studio.settle()
    assert not studio.window.action_set["edit.redo"].isEnabled()
    assert studio.window.history.list.currentRow() == 2


def test_save_and_open_a_project(studio: Studio, tmp_path: Path) -> None:
    studio.window.lock_cluster(1, LockKind.REGION)
    studio.settle()
    assert studio.window.isWindowModified()
    target = tmp_path / "work.nvgs"
    with answering("getSaveFileName", tmp_path / "work"):
        studio.trigger("file.save_as")
    studio.until(lambda: not studio.session.modified)
    saved = studio.snapshot
    assert project_file.load(target).document.snapshot == saved
    studio.settle()
    assert studio.window.windowTitle().startswith("work[*]")
    studio.open(target)
    assert studio.snapshot == saved
    assert str(target) in studio.user_settings.recent


def test_save_png_of_what_is_seen(studio: Studio, tmp_path: Path) -> None:
    target = tmp_path / "out.png"
    with answering("getSaveFileName", target):
        studio.trigger("file.export_png")
    studio.until(target.exists)
    assert np.array_equal(np.asarray(Image.open(target)), studio.session.base)


@pytest.mark.parametrize(
    ("answer", "closes"), [(QMessageBox.StandardButton.Cancel, False), (QMessageBox.StandardButton.Discard, True)]
)
def test_unsaved_changes_are_asked_about(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, answer: QMessageBox.StandardButton, closes: bool
) -> None:
    asked = []
    monkeypatch.setattr(save_commands, "ask_unsaved", lambda name, parent: asked.append(name) or answer)
    studio.window.lock_cluster(1, LockKind.LAYOUT)
    studio.window.close()
    QTest.qWait(50)
    assert asked == [studio.session.name]
    assert studio.window.isVisible() is not closes


def test_a_photo_as_it_was_opened_closes_without_a_question(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(save_commands, "ask_unsaved", lambda name, parent: pytest.fail("asked"))
    studio.window.lock_cluster(1, LockKind.LAYOUT)
    studio.trigger_when_enabled("edit.undo")
    studio.window.close()
    studio.until(lambda: not studio.window.isVisible())


def test_view_modes_and_the_level_picture(studio: Studio) -> None:
    for mode in ViewMode:
        studio.trigger(f"view.{mode}")
        studio.settle()
        assert studio.window.canvas.layers.mode is mode
        studio.window.canvas.grab()
    studio.key("1")
    studio.trigger("view.level_picture")
    studio.until(lambda: studio.window.canvas.layers.picture.side == 64)
    assert studio.window.canvas.layers.note == "Picture of level 1"


def test_the_canvas_shows_an_edit_before_any_run(studio: Studio) -> None:
    studio.settle()
    crop = studio.session.base
    studio.choose(balanced=False, size=4)
    studio.key("1")
    studio.key("b")
    x, y = studio.a_cell_of(1, 1)
    studio.click(x, y)
    studio.until(lambda: not np.array_equal(studio.window.displayed.picture, crop))
    assert np.array_equal(studio.session.base, crop)
    assert studio.window.displayed.picture.shape == crop.shape


def test_every_action_is_in_its_menu_and_has_a_unique_shortcut(bare_studio: Studio) -> None:
    keys = [key for spec in TABLE for key in spec.shortcuts]
    assert len(keys) == len(set(keys))
    assert [menu.title() for menu in bare_studio.window.menus.values()] == list(MENUS)
    for spec in TABLE:
        assert bare_studio.window.action_set[spec.name] in bare_studio.window.menus[spec.menu].actions()


def test_command_palette_finds_and_triggers(studio: Studio) -> None:
    studio.trigger("help.palette")
    palette = QApplication.activePopupWidget()
    palette = palette or next(w for w in QApplication.topLevelWidgets() if w.objectName() == "palette")
    assert isinstance(palette, CommandPalette)
    QTest.keyClicks(palette.search, "overlay")
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Down):  # around the ends of the list, and back
        QTest.keyClick(palette.search, key)
    QTest.keyClick(palette.search, Qt.Key.Key_Return)
    assert studio.window.state.choices.view is ViewMode.OVERLAY
    assert not palette.isVisible()


def test_theme_switches_and_is_remembered(studio: Studio) -> None:
    for name in ("light", "dark"):
        studio.trigger(f"view.theme_{name}")
        assert studio.window.theme.name == name
        assert studio.user_settings.preferences.theme == name
        studio.settle()
        studio.window.grab()


def test_an_idle_window_does_nothing(ready_studio: Studio) -> None:
    ready_studio.settle()
    QTest.qWait(30)
    assert not ready_studio.window.refresh_pending


def test_the_window_never_imports_torch() -> None:
    code = (
        "import sys\n"
        "from nvg_studio.ui.app import make_application\n"
        "from nvg_studio.editor.session import Session\n"
        "from nvg_studio.editor.files.user_settings import UserSettings\n"
        "from nvg_studio.ui.qt.theme import Theme\n"
        "from nvg_studio.ui.window.main_window import MainWindow\n"
        "from nvg_studio.engine.process import ProcessEngine\n"
        "app = make_application(['studio'])\n"
        "session = Session(ProcessEngine())\n"
        "window = MainWindow(session, Theme(), UserSettings())\n"
        "window.show()\n"
        "app.processEvents()\n"
        "session.close()\n"
        "sys.exit('torch' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
