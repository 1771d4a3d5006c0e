"""The history dock: thumbnails, steps that are visited, results that came late, settings of a step."""

import numpy as np
from PySide6.QtTest import QTest

from tests.ui.driver import LEFT, Studio
from tests.ui.generation import free_stroke, hold, let_go


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
    assert row.pending and row.detail == "Made from step 1, seed 0"
    menu = studio.window.history.menu_for(row)
    actions = {action.text(): action for action in menu.actions()}
    actions["Star"].trigger()
    assert studio.session.generation.pending_results[0].starred
    actions["Use this result"].trigger()
    studio.settle()
    assert studio.snapshot.sequence == studio.session.generation.pending_results[0].sequence
    menu.deleteLater()


def test_the_settings_behind_a_step_come_back(studio: Studio) -> None:
    studio.window.generate.seed.setText("31")
    studio.window.generate.seed.editingFinished.emit()
    studio.press_card(2)
    studio.settle()
    studio.session.run_queue.randomize_seed()
    row = next(row for row in studio.window.history.rows if row.settings)
    menu = studio.window.history.menu_for(row)
    menu.actions()[-1].trigger()
    assert studio.session.run_queue.options.settings.seed == 31
    menu.deleteLater()


def test_the_dock_opens_at_the_current_step(studio: Studio) -> None:
    for number in range(20):
        studio.session.document_editor.rename(1, 0, f"name {number}")
    studio.settle()
    history = studio.window.history.list
    studio.window.show_dock("history")
    item = history.item(20)
    studio.until(lambda: history.viewport().rect().contains(history.visualItemRect(item).center()))
