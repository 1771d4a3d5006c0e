"""Layouts, runs, variations and history in the real window; what counts is the document afterwards."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog

from nvg_studio.granularity.hierarchy import is_balanced
from nvg_studio.project.document import Layout
from nvg_studio.project.planning import Scope, painted_area
from nvg_studio.sampling.scripted import ScriptedEngine
from nvg_studio.ui.dialogs.new_layout import NewLayoutDialog
from nvg_studio.ui.state import LockKind, ViewMode
from tests.ui.driver import LEFT, Studio


def engine_of(studio: Studio) -> ScriptedEngine:
    assert isinstance(studio.engine, ScriptedEngine)
    return studio.engine


def begin_layout(studio: Studio, class_id: int, bands: bool = False) -> None:
    """Fill in the dialog of a new layout."""
    dialog = studio.window.findChild(QDialog, "new_layout")
    assert isinstance(dialog, NewLayoutDialog)
    dialog.class_box.setCurrentIndex(class_id + 1)
    (dialog.bands if bands else dialog.one).click()
    QTest.mouseClick(dialog.create_button, LEFT)
    studio.until(lambda: studio.session.document is not None and studio.snapshot.title == "New layout")
    studio.window.activateWindow()
    studio.settle()


def hold(studio: Studio) -> ScriptedEngine:
    """Have the engine wait for `step` from now on."""
    engine = engine_of(studio)
    studio.settle()
    studio.until(lambda: not engine.busy)
    engine.manual = True
    return engine


def let_go(studio: Studio) -> None:
    engine_of(studio).manual = False
    studio.settle()


def free_stroke(studio: Studio, level: int = 1, size: int = 1) -> None:
    """Give some cells of cluster 1 of a level to cluster 0."""
    studio.window.state.update(balanced=False, size=size)
    studio.key(str(level))
    studio.key("b")
    studio.window.state.take(0)
    studio.click(*studio.a_cell_of(level, 1))


# -- new layout -----------------------------------------------------------------------------------


def test_a_layout_is_painted_from_nothing_and_run(ready_studio: Studio) -> None:
    studio = ready_studio
    QTest.mouseClick(studio.window.empty.layout_button, LEFT)
    begin_layout(studio, class_id=4)
    assert studio.window.state.now.view is ViewMode.STRUCTURE
    assert studio.snapshot.blank and studio.snapshot.layout == Layout(0)
    assert (studio.labels(4) == 0).all()

    studio.window.state.update(size=5)
    studio.stroke([(5.5, 5.5), (10.5, 10.5)])
    studio.key("2")
    studio.window.state.take(3)
    studio.window.state.update(size=2)
    studio.stroke([(6, 6), (7, 7)])
    studio.settle()
    assert studio.snapshot.layout == Layout(2)
    laid_out = studio.snapshot.sequence
    assert set(np.unique(studio.labels(2))) == {0, 2, 3}
    assert studio.card_states()[:4] == ["stale", "edited", "edited", "stale"]

    QTest.mouseClick(studio.window.generate.run, LEFT)
    studio.settle()
    request = engine_of(studio).requests[-1]
    assert (request.stage, request.settings[0].class_id) == (0, 4)
    assert np.array_equal(studio.snapshot.sequence.bits[:, :2], laid_out.bits[:, :2])
    assert len(np.unique(studio.labels(8))) > 100
    assert studio.snapshot.layout is None and not studio.snapshot.blank
    assert studio.card_states() == ["fresh"] * 9
    for _ in range(3):
        studio.trigger_when_enabled("edit.undo")
        studio.settle()
    assert studio.snapshot.title == "New layout"


def test_balanced_layouts_start_with_bands_and_stay_balanced(ready_studio: Studio) -> None:
    studio = ready_studio
    studio.trigger("file.new_layout")
    begin_layout(studio, class_id=0, bands=True)
    assert studio.window.state.now.balanced
    studio.window.state.update(size=4)
    studio.stroke([(4, 3), (11, 3)])
    studio.settle()
    assert is_balanced(studio.snapshot.sequence.bits, 8)
    assert (studio.labels(1)[2:4, 4:11] == 1).all()
    assert studio.snapshot.layout == Layout(1)


def test_a_layout_can_only_be_run_from_its_start(ready_studio: Studio) -> None:
    ready_studio.trigger("file.new_layout")
    begin_layout(ready_studio, class_id=1)
    cards = ready_studio.window.strip.cards
    assert [card.run.isEnabled() for card in cards] == [True] + [False] * 8
    assert ready_studio.window.generate.run_here.text() == "From level 0"
    assert not any(card.picture.filled for card in cards)


def test_a_layout_that_was_given_up_leaves_the_document(studio: Studio) -> None:
    before = studio.session.document
    studio.trigger("file.new_layout")
    dialog = studio.window.findChild(QDialog, "new_layout")
    assert dialog is not None
    dialog.reject()
    studio.settle()
    assert studio.session.document is before


# -- the generate dock ----------------------------------------------------------------------------


def test_what_was_painted_is_run_alone_after_a_small_stroke(studio: Studio) -> None:
    photo = studio.snapshot.sequence
    free_stroke(studio)
    studio.settle()
    area = painted_area(studio.snapshot)
    assert area is not None and area.sum() <= 9
    assert studio.window.generate.scope.currentText() == "Auto: what I painted"
    QTest.mouseClick(studio.window.generate.run, LEFT)
    studio.settle()
    after = studio.snapshot.sequence
    assert np.array_equal(after.token_map[:, ~area], photo.token_map[:, ~area])
    assert not np.array_equal(after.token_map[:, area], photo.token_map[:, area])


def test_whole_picture_is_one_click_away(studio: Studio) -> None:
    photo = studio.snapshot.sequence
    free_stroke(studio)
    scope = studio.window.generate.scope
    scope.setCurrentIndex(1)
    scope.activated.emit(1)
    assert studio.session.runs.scope is Scope.WHOLE
    QTest.mouseClick(studio.window.generate.run, LEFT)
    studio.settle()
    changed = (studio.snapshot.sequence.token_map[1:] != photo.token_map[1:]).any(axis=0)
    assert changed.mean() > 0.9


def test_classes_are_found_by_typing(studio: Studio) -> None:
    box = studio.window.generate.class_box
    box.setFocus()
    line = box.lineEdit()
    line.selectAll()
    QTest.keyClicks(line, "Tul")
    QTest.keyClick(line, Qt.Key.Key_Down)
    popup = box.completer().popup()
    assert popup.model().rowCount() == 1
    assert popup.model().index(0, 0).data() == "Tulips"
    popup.hide()


def test_every_run_rolls_a_seed_unless_it_is_kept(studio: Studio) -> None:
    generate = studio.window.generate
    generate.keep.setChecked(False)
    seeds = []
    for _ in range(2):
        studio.press_card(3)
        studio.settle()
        assert studio.snapshot.request is not None
        seeds.append(studio.snapshot.request.settings[0].seed)
    assert seeds[0] != seeds[1]
    assert generate.seed.text() == str(seeds[1])


def test_runs_queue_with_the_settings_of_the_moment(studio: Studio) -> None:
    engine = hold(studio)
    studio.press_card(3)
    studio.window.generate.seed.setText("77")
    studio.window.generate.seed.editingFinished.emit()
    studio.press_card(4)
    studio.until(lambda: not studio.window.refresh_pending)
    studio.window.generate.seed.setText("5")
    studio.window.generate.seed.editingFinished.emit()
    assert len(engine.requests) == 1
    assert "1 more waits" in studio.window.generate.status.text()
    assert studio.window.generate.cancel.text() == "Cancel all 2"
    let_go(studio)
    assert [(r.stage, r.settings[0].seed) for r in engine.requests] == [(3, 0), (4, 77)]
    assert studio.snapshot.title == "Run from level 3"
    made = studio.session.making.made
    assert [one.title for one in made] == ["Run from level 4"]
    assert made[0].request.settings[0].seed == 77


def test_cancel_ends_the_run_and_the_queue_at_once(studio: Studio) -> None:
    engine = hold(studio)
    before = studio.session.document
    studio.press_card(3)
    studio.press_card(5)
    engine.step(2)
    studio.trigger_when_enabled("run.cancel")
    studio.session.link.poll()
    assert studio.session.runs.running is None and not studio.session.runs.waiting
    let_go(studio)
    assert studio.session.document is before
    assert len(engine.requests) == 1


def test_the_same_run_is_not_asked_for_twice(studio: Studio) -> None:
    engine = hold(studio)
    studio.press_card(3)
    studio.press_card(3)
    assert "under way already" in studio.window.message.text.text()
    let_go(studio)
    assert len(engine.requests) == 1


def test_the_expected_time_comes_from_measured_stages(studio: Studio) -> None:
    generate = studio.window.generate
    assert "Takes" not in generate.status.text()
    studio.press_card(0)
    studio.settle()
    assert generate.status.text().startswith("Takes about ")
    times = studio.session.runs.times.seconds
    assert {stage for stage, _ in times} == set(range(9))
    assert {steps for _, steps in times} == {25}
    one = studio.session.runs.times.expected(0, 8, 25, 1)
    four = studio.session.runs.times.expected(0, 8, 25, 4)
    assert one is not None and four == pytest.approx(4 * one)


def test_another_precision_loads_the_model_anew(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    load = studio.engine.load
    monkeypatch.setattr(studio.engine, "load", lambda *given: asked.append(given) or load(*given))
    box = studio.window.generate.advanced.dtype
    box.setCurrentIndex(box.findData("bfloat16"))
    box.activated.emit(box.currentIndex())
    studio.until(lambda: studio.session.loading is None)
    assert asked == [(studio.session.info.folder, "auto", "bfloat16")]
    assert box.currentData() == "float32"  # what the scripted engine has


def test_defaults_bring_the_models_own_settings_back(studio: Studio) -> None:
    fields = studio.window.generate.advanced
    fields.temperature.setValue(0.5)
    fields.steps.setValue(3)
    assert studio.session.runs.settings.temperature == 0.5
    fields.defaults.click()
    assert studio.session.runs.settings.temperature is None
    assert (fields.temperature.value(), fields.steps.value()) == (1.0, 25)


# -- live -----------------------------------------------------------------------------------------


def test_live_runs_after_every_stroke(studio: Studio) -> None:
    studio.trigger("run.live")
    assert studio.session.runs.live and studio.window.actions_set["run.live"].isChecked()
    free_stroke(studio, size=3)
    studio.until(lambda: studio.snapshot.title.startswith("Run"))
    studio.settle()
    assert [title.split()[0] for title in studio.session.document.titles] == ["Open", "Paint", "Run"]
    count = len(engine_of(studio).requests)
    studio.trigger_when_enabled("edit.undo")
    QTest.qWait(400)
    assert len(engine_of(studio).requests) == count
    studio.trigger("run.live")
    free_stroke(studio, level=2, size=2)
    QTest.qWait(400)
    assert len(engine_of(studio).requests) == count


def test_live_gives_the_old_run_up_for_the_latest_stroke(studio: Studio) -> None:
    engine = hold(studio)
    studio.session.runs.choose(live=True)
    free_stroke(studio, size=2)
    studio.until(lambda: len(engine.requests) == 1)
    engine.step(2)
    free_stroke(studio, level=2, size=2)
    latest = studio.snapshot.sequence
    let_go(studio)
    studio.until(lambda: studio.snapshot.title.startswith("Run"))
    assert len(engine.requests) == 2
    assert engine.requests[1].sequence == latest
    assert not studio.session.making.made
    assert studio.window.message.notice is None


# -- variations and results -----------------------------------------------------------------------


def make_variations(studio: Studio, count: int, stage: int = 2) -> None:
    studio.window.generate.variations.setValue(count)
    studio.press_card(stage)
    studio.until(lambda: len(studio.session.making.made) >= count)
    studio.settle()


def test_variations_come_in_one_batch_and_choosing_one_is_a_step(studio: Studio) -> None:
    photo = studio.snapshot
    make_variations(studio, 4)
    assert len(engine_of(studio).requests) == 1
    assert [s.seed for s in engine_of(studio).requests[0].settings] == [0, 1, 2, 3]
    page = studio.window.results
    assert studio.window.stack.currentWidget() is page
    assert page.grid.count() == 5
    assert studio.snapshot is photo
    where = page.grid.visualItemRect(page.grid.item(3)).center()
    QTest.mouseClick(page.grid.viewport(), LEFT, pos=where)
    QTest.mouseClick(page.use, LEFT)
    studio.settle()
    made = studio.session.making.made
    assert studio.snapshot.sequence == made[2].sequence
    assert studio.snapshot.request.settings[0].seed == 2
    assert studio.window.stack.currentWidget() is studio.window.canvas
    studio.trigger_when_enabled("edit.undo")
    assert studio.snapshot is photo


def test_variations_keep_what_is_locked(studio: Studio) -> None:
    studio.key("1")
    studio.window.lock_cluster(0, LockKind.REGION)
    held = studio.snapshot.locks.region
    before = studio.snapshot.sequence
    make_variations(studio, 3, stage=1)
    for index in range(3):
        studio.session.making.choose(index)
        studio.settle()
        assert np.array_equal(studio.snapshot.sequence.token_map[:, held], before.token_map[:, held])
        assert np.array_equal(studio.snapshot.sequence.bits[held], before.bits[held])


def test_any_two_are_compared_side_by_side_or_by_wipe(studio: Studio) -> None:
    make_variations(studio, 3)
    page = studio.window.results
    page.select(0, 2)
    QTest.mouseClick(page.compare, LEFT)
    view = page.compare_view
    assert page.views.currentWidget() is view
    left, right = view.frames()
    shot = view.grab().toImage()
    ratio = shot.devicePixelRatio()
    pictures = [made.picture for made in studio.session.making.made]
    for frame, own, other in ((left, 0, 2), (right, 2, 0)):
        where = (frame.topLeft() + (frame.bottomRight() - frame.topLeft()) * (5.5 / 16)) * ratio  # inside one cell
        colour = shot.pixelColor(where.toPoint())
        seen = np.array([colour.red(), colour.green(), colour.blue()])
        assert np.abs(pictures[own][22, 22] - seen).max() < 8
        assert np.abs(pictures[other][22, 22] - seen).max() > 8
    QTest.mouseClick(page.wipe, LEFT)
    frame = view.frames()[0]
    QTest.mouseClick(view, LEFT, pos=(frame.topLeft() + (frame.bottomRight() - frame.topLeft()) * 0.25).toPoint())
    assert view.wipe == pytest.approx(0.25, abs=0.02)
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.wipe == pytest.approx(0.30, abs=0.02)
    QTest.mouseClick(page.back, LEFT)
    assert page.views.currentWidget() is page.grid


def test_one_result_is_compared_with_the_picture_as_it_is_now(studio: Studio) -> None:
    make_variations(studio, 2)
    page = studio.window.results
    page.select(1)
    pairs = []
    page.compare_asked.connect(lambda *pair: pairs.append(pair))
    QTest.mouseClick(page.compare, LEFT)
    assert pairs == [(None, 1)]


def test_stars_stay_when_the_others_are_cleared(studio: Studio) -> None:
    make_variations(studio, 3)
    page = studio.window.results
    page.select(1)
    QTest.mouseClick(page.star, LEFT)
    studio.settle()
    assert [made.starred for made in studio.session.making.made] == [False, True, False]
    kept = studio.session.making.made[1].sequence
    studio.trigger_when_enabled("run.clear")
    studio.settle()
    assert [made.sequence for made in studio.session.making.made] == [kept]
    assert page.grid.count() == 2


def test_the_settings_behind_a_result_come_back(studio: Studio) -> None:
    studio.window.generate.advanced.temperature.setValue(0.7)
    make_variations(studio, 3)
    studio.window.generate.advanced.temperature.setValue(1.3)
    page = studio.window.results
    page.select(2)
    QTest.mouseClick(page.settings, LEFT)
    settings = studio.session.runs.settings
    assert (settings.seed, settings.temperature) == (2, 0.7)
    assert studio.window.generate.seed.text() == "2"


def test_new_pictures_come_in_variations_too(ready_studio: Studio) -> None:
    studio = ready_studio
    studio.window.generate.variations.setValue(3)
    QTest.mouseClick(studio.window.generate.run, LEFT)
    studio.until(lambda: studio.session.document is not None)
    studio.settle()
    assert len(studio.session.making.made) == 3
    assert studio.snapshot.sequence == studio.session.making.made[0].sequence
    assert studio.window.stack.currentWidget() is studio.window.results


# -- history --------------------------------------------------------------------------------------


def test_every_step_has_a_thumbnail_and_can_be_visited(studio: Studio) -> None:
    free_stroke(studio, size=4)
    studio.press_card(1)
    studio.settle()
    history = studio.window.history
    studio.until(lambda: all(row.picture() is not None for row in history.rows))
    studio.settle()
    rows = history.rows
    assert [row.title.split()[0] for row in rows] == ["Open", "Paint", "Run"]
    images = [np.array(row.picture().constBits()).tobytes() for row in rows]
    assert len(set(images)) == 3
    for step in (0, 1, 2):
        item = history.list.item(step)
        QTest.mouseClick(history.list.viewport(), LEFT, pos=history.list.visualItemRect(item).center())
        assert studio.session.document.index == step
        studio.settle()


def test_a_late_result_says_which_step_it_was_made_from(studio: Studio) -> None:
    hold(studio)
    studio.press_card(4)
    free_stroke(studio)
    let_go(studio)
    row = studio.window.history.rows[-1]
    assert row.made and row.detail == "Made from step 1, seed 0"
    menu = studio.window.history.menu_for(row)
    actions = {action.text(): action for action in menu.actions()}
    actions["Star"].trigger()
    assert studio.session.making.made[0].starred
    actions["Use this result"].trigger()
    studio.settle()
    assert studio.snapshot.sequence == studio.session.making.made[0].sequence
    menu.deleteLater()


def test_the_settings_behind_a_step_come_back(studio: Studio) -> None:
    studio.window.generate.seed.setText("31")
    studio.window.generate.seed.editingFinished.emit()
    studio.press_card(2)
    studio.settle()
    studio.session.runs.roll()
    row = next(row for row in studio.window.history.rows if row.settings)
    menu = studio.window.history.menu_for(row)
    menu.actions()[-1].trigger()
    assert studio.session.runs.settings.seed == 31
    menu.deleteLater()
