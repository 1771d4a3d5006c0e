"""The generate dock: class, seed, queue, cancel, expected time, precision, defaults."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from tests.ui.driver import LEFT, Studio
from tests.ui.generation import hold, let_go


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


@pytest.mark.parametrize(("typed", "found"), [("tul", 4), ("SUNFLOWERS", 3), ("no such", None), ("", None)])
def test_what_is_typed_takes_the_place_of_the_class_before(studio: Studio, typed: str, found: int | None) -> None:
    box = studio.window.generate.class_box
    line = box.lineEdit()
    studio.window.activateWindow()
    studio.window.generate.seed.setFocus()
    QTest.mouseClick(line, LEFT)
    studio.until(line.hasSelectedText)
    QTest.keyClicks(line, typed)
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert studio.session.run_queue.options.settings.class_id == found
    assert box.currentText() == ("No class" if found is None else box.itemText(found + 1))


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
    made = studio.session.generation.pending_results
    assert [one.title for one in made] == ["Run from level 4"]
    assert made[0].request.settings[0].seed == 77


def test_cancel_ends_the_run_and_the_queue_at_once(studio: Studio) -> None:
    engine = hold(studio)
    before = studio.session.document
    studio.press_card(3)
    studio.press_card(5)
    engine.step(2)
    studio.trigger_when_enabled("run.cancel")
    studio.session.engine_client.poll()
    assert studio.session.run_queue.running is None and not studio.session.run_queue.waiting
    let_go(studio)
    assert studio.session.document is before
    assert len(engine.requests) == 1


def test_the_same_run_is_not_asked_for_twice(studio: Studio) -> None:
    engine = hold(studio)
    studio.press_card(3)
    studio.press_card(3)
    assert "active or waiting already" in studio.window.message.text.text()
    let_go(studio)
    assert len(engine.requests) == 1


def test_the_expected_time_comes_from_measured_stages(studio: Studio) -> None:
    generate = studio.window.generate
    assert "Takes" not in generate.status.text()
    studio.press_card(0)
    studio.settle()
    assert "Takes about " in generate.status.text()
    times = studio.session.run_queue.times.seconds
    assert {stage for stage, _ in times} == set(range(9))
    assert {steps for _, steps in times} == {25}
    one = studio.session.run_queue.times.expected(0, 8, 25, 1)
    four = studio.session.run_queue.times.expected(0, 8, 25, 4)
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
    assert studio.session.run_queue.options.settings.temperature == 0.5
    fields.defaults.click()
    assert studio.session.run_queue.options.settings.temperature is None
    assert (fields.temperature.value(), fields.steps.value()) == (1.0, 25)


def test_the_wheel_passes_over_fields_and_turns_the_one_that_has_the_focus(studio: Studio) -> None:
    dock = studio.window.generate
    field, box = dock.variations, dock.class_box
    before = field.value(), box.currentIndex()
    for widget in (field, box):
        turn(widget)
    assert (field.value(), box.currentIndex()) == before
    field.setFocus()
    turn(field)
    assert field.value() == before[0] + 1


def turn(widget: QWidget) -> None:
    """One notch of the wheel, upwards, over the middle of a widget."""
    at = QPointF(widget.rect().center())
    notch = QWheelEvent(
        at,
        QPointF(widget.mapToGlobal(at)),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, notch)
