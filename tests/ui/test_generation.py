"""New layouts from nothing, the scope of a run, live runs; checked in the document."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog

from nvg_studio.editor.choices import ViewMode
from nvg_studio.granularity.hierarchy import is_balanced
from nvg_studio.project.document import Layout, Snapshot
from nvg_studio.project.planning import Scope, painted_area
from tests.ui.driver import LEFT, Studio
from tests.ui.generation import begin_layout, engine_of, free_stroke, hold, let_go


def is_left(studio: Studio, before: Snapshot) -> bool:
    """Whether the document is at another step by now."""
    return studio.snapshot is not before


def test_a_layout_is_painted_from_nothing_and_run(ready_studio: Studio) -> None:
    studio = ready_studio
    QTest.mouseClick(studio.window.welcome_page.layout_button, LEFT)
    begin_layout(studio, class_id=4)
    assert studio.window.state.choices.view is ViewMode.STRUCTURE
    assert studio.snapshot.blank and studio.snapshot.layout == Layout(0)
    assert (studio.labels(4) == 0).all()

    studio.choose(size=5)
    studio.stroke([(5.5, 5.5), (10.5, 10.5)])
    studio.key("2")
    studio.window.state.activate(3)
    studio.choose(size=2)
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
    assert studio.window.state.choices.balanced
    studio.choose(size=4)
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


def test_what_was_painted_over_a_border_stays_after_the_run_and_after_another_seed(studio: Studio) -> None:
    state = studio.window.state
    state.set(replace(state.choices, balanced=False, size=1, inside_parent=False))
    studio.set_run_options(scope=Scope.WHOLE, keep_seed=False)
    studio.key("3")
    studio.key("b")
    state.activate(0)
    cells = np.argwhere(studio.labels(3) == 7)[:12]
    for y, x in cells:
        studio.click(x + 0.5, y + 0.5)
    assert (studio.labels(3)[tuple(cells.T)] == 0).all()
    studio.trigger_when_enabled("run.run")
    studio.settle()
    assert studio.snapshot.title == "Run from level 1"
    assert (studio.labels(3)[tuple(cells.T)] == 0).all()
    for name in ("run.again", "run.new_picture", "run.details"):
        before = studio.snapshot
        studio.trigger_when_enabled(name)
        studio.until(partial(is_left, studio, before))
        studio.settle()
        assert (studio.labels(3)[tuple(cells.T)] == 0).all(), name


def test_a_card_says_what_its_run_would_give_up(studio: Studio) -> None:
    free_stroke(studio, level=3, size=5)
    studio.settle()
    cards = studio.window.strip.cards
    assert "gives up the painted layout of levels 1 to 3" in cards[0].run.toolTip()
    assert cards[5].run.toolTip().startswith("Makes levels 5 to 8 anew")
    assert "gives up" not in cards[5].run.toolTip()


def test_the_painted_layout_can_be_released(studio: Studio) -> None:
    free_stroke(studio, level=2, size=3)
    studio.settle()
    assert "keeps the layout of levels 1 to 2" in studio.window.generate.status.text()
    studio.trigger_when_enabled("level.release_layout")
    studio.settle()
    assert studio.snapshot.held_levels == 0
    assert not studio.window.action_set["level.release_layout"].isEnabled()
    studio.trigger("edit.undo")
    assert studio.snapshot.held_levels == 2


def test_a_run_without_edits_asks_what_to_make_and_replaces_nothing(studio: Studio) -> None:
    before = studio.session.document
    dock, message = studio.window.generate, studio.window.message
    assert dock.run.text() == "From level 4, keep the layout"
    assert dock.run_here.text() == "New picture"
    assert dock.status.text().startswith("Makes levels 4 to 8 anew, keeps the layout of levels 1 to 4")
    assert "keeps nothing of this picture" in dock.run_here.toolTip()
    studio.trigger_when_enabled("run.run")
    studio.settle()
    assert studio.session.document is before and not engine_of(studio).requests
    assert (message.action_button.text(), message.second_offer.text()) == (
        "From level 4, keep the layout",
        "New picture",
    )
    QTest.mouseClick(message.action_button, LEFT)
    studio.settle()
    assert before is not None
    assert engine_of(studio).requests[-1].stage == 4
    assert np.array_equal(studio.snapshot.sequence.token_map[:4], before.sequence.token_map[:4])
    assert np.array_equal(studio.labels(4), before.sequence.labels(4).reshape(16, 16))
    assert not message.isVisible()


def test_the_other_choice_makes_a_new_picture_of_the_class(studio: Studio) -> None:
    box = studio.window.generate.class_box
    box.setCurrentIndex(3)
    box.activated.emit(3)
    studio.settle()
    second = studio.window.generate.run_here
    assert second.text() == "New picture of this class"
    QTest.mouseClick(second, LEFT)
    studio.settle()
    assert (engine_of(studio).requests[-1].stage, studio.snapshot.request.settings[0].class_id) == (0, 2)
    studio.trigger("edit.undo")
    assert studio.snapshot.request is None


def test_whole_picture_is_one_click_away(studio: Studio) -> None:
    photo = studio.snapshot.sequence
    free_stroke(studio)
    scope = studio.window.generate.scope
    scope.setCurrentIndex(1)
    scope.activated.emit(1)
    assert studio.session.run_queue.options.scope is Scope.WHOLE
    QTest.mouseClick(studio.window.generate.run, LEFT)
    studio.settle()
    changed = (studio.snapshot.sequence.token_map[1:] != photo.token_map[1:]).any(axis=0)
    assert changed.mean() > 0.9


def test_live_runs_after_every_stroke(studio: Studio) -> None:
    studio.trigger("run.live")
    assert studio.session.run_queue.options.live and studio.window.action_set["run.live"].isChecked()
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
    studio.set_run_options(live=True)
    free_stroke(studio, size=2)
    studio.until(lambda: len(engine.requests) == 1)
    engine.step(2)
    free_stroke(studio, level=2, size=2)
    latest = studio.snapshot.sequence
    let_go(studio)
    studio.until(lambda: studio.snapshot.title.startswith("Run"))
    assert len(engine.requests) == 2
    assert engine.requests[1].sequence == latest
    assert not studio.session.generation.pending_results
    assert studio.window.message.notice is None


def test_before_a_live_run_only_what_the_canvas_shows_is_drawn(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = hold(studio)
    studio.set_run_options(live=True)
    asked, decode = [], engine.decode
    monkeypatch.setattr(engine, "decode", lambda sequence, stages: asked.append(stages) or decode(sequence, stages))
    free_stroke(studio, level=2, size=3)
    studio.until(lambda: bool(asked))
    engine.step()  # while the engine answers, nothing else is asked for
    studio.session.engine_client.poll()
    studio.until(lambda: len(engine.requests) == 1)
    studio.settle_drawing()
    assert asked == [(2,)]
