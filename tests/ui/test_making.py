"""New layouts from nothing, the scope of a run, live runs; checked in the document."""

import numpy as np
import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog

from nvg_studio.granularity.hierarchy import is_balanced
from nvg_studio.project.document import Layout
from nvg_studio.project.planning import Scope, painted_area
from nvg_studio.ui.state import ViewMode
from tests.ui.driver import LEFT, Studio
from tests.ui.making import begin_layout, engine_of, free_stroke, hold, let_go


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


def test_before_a_live_run_only_what_the_canvas_shows_is_drawn(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = hold(studio)
    studio.session.runs.choose(live=True)
    asked, decode = [], engine.decode
    monkeypatch.setattr(engine, "decode", lambda sequence, stages: asked.append(stages) or decode(sequence, stages))
    free_stroke(studio, level=2, size=3)
    studio.until(lambda: bool(asked))
    engine.step()  # while the engine answers, nothing else is asked for
    studio.session.link.poll()
    studio.until(lambda: len(engine.requests) == 1)
    studio.settle_drawing()
    assert asked == [(2,)]
