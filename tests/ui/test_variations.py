"""Variations: made in one batch, compared, starred, chosen, with their settings."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from nvg_studio.editor.choices import LockKind
from tests.ui.driver import LEFT, Studio
from tests.ui.generation import engine_of, make_variations


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
    made = studio.session.generation.pending_results
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
        studio.session.generation.use_result(index)
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
    pictures = [made.picture for made in studio.session.generation.pending_results]
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
    page.compare_requested.connect(lambda *pair: pairs.append(pair))
    QTest.mouseClick(page.compare, LEFT)
    assert pairs == [(None, 1)]


def test_stars_stay_when_the_others_are_cleared(studio: Studio) -> None:
    make_variations(studio, 3)
    page = studio.window.results
    page.select(1)
    QTest.mouseClick(page.star, LEFT)
    studio.settle()
    assert [made.starred for made in studio.session.generation.pending_results] == [False, True, False]
    kept = studio.session.generation.pending_results[1].sequence
    studio.trigger_when_enabled("run.clear")
    studio.settle()
    assert [made.sequence for made in studio.session.generation.pending_results] == [kept]
    assert page.grid.count() == 2


def test_the_settings_behind_a_result_come_back(studio: Studio) -> None:
    studio.window.generate.advanced.temperature.setValue(0.7)
    make_variations(studio, 3)
    studio.window.generate.advanced.temperature.setValue(1.3)
    page = studio.window.results
    page.select(2)
    QTest.mouseClick(page.settings, LEFT)
    settings = studio.session.run_queue.options.settings
    assert (settings.seed, settings.temperature) == (2, 0.7)
    assert studio.window.generate.seed.text() == "2"


def test_new_pictures_come_in_variations_too(ready_studio: Studio) -> None:
    studio = ready_studio
    studio.window.generate.variations.setValue(3)
    QTest.mouseClick(studio.window.generate.run, LEFT)
    studio.until(lambda: studio.session.document is not None)
    studio.settle()
    assert len(studio.session.generation.pending_results) == 3
    assert studio.snapshot.sequence == studio.session.generation.pending_results[0].sequence
    assert studio.window.stack.currentWidget() is studio.window.results


def test_new_results_come_into_view_and_a_star_leaves_the_place(studio: Studio) -> None:
    studio.window.resize(900, 640)
    grid = studio.window.results.grid
    for count in (5, 5):
        make_variations(studio, count)
    rows = grid.viewport().rect()
    assert rows.contains(grid.visualItemRect(grid.item(6)).center())
    assert not rows.contains(grid.visualItemRect(grid.item(0)).center())
    place = grid.verticalScrollBar().value()
    studio.session.generation.toggle_star(7)
    studio.settle()
    assert grid.verticalScrollBar().value() == place > 0
