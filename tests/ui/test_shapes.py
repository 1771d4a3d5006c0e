"""Lasso, rectangle, ellipse and the pen in the real window; what counts is the document afterwards."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QPointingDevice, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from nvg_studio.granularity.hierarchy import is_balanced
from nvg_studio.ui.tools.cells import in_ellipse, in_lasso, in_rectangle
from tests.ui.driver import Studio
from tests.ui.test_tools import CTRL, SHIFT, changed, freely

TRIANGLE = [(2.2, 2.2), (12.2, 2.2), (2.2, 12.2)]


def painted(studio: Studio) -> np.ndarray:
    """Where cluster 0 of level 1 is, bool [grid, grid]."""
    return studio.labels(1) == 0


def expected(studio: Studio, cells: np.ndarray) -> np.ndarray:
    """Where it must be after `cells` bool [L] were given to it."""
    grid = studio.session.grid
    assert studio.session.document is not None
    before = studio.session.document.history.snapshots[0].sequence.labels(1).reshape(grid, grid) == 0
    return np.asarray(before | cells.reshape(grid, grid))


def test_rectangle_fills_the_cells_under_it(studio: Studio) -> None:
    freely(studio)
    studio.key("r")
    studio.stroke([(3.5, 4.5), (9.0, 6.0), (10.5, 8.5)])
    cells = np.zeros((16, 16), np.bool_)
    cells[4:9, 3:11] = True
    assert np.array_equal(painted(studio), expected(studio, cells.reshape(-1)))
    assert len(studio.session.document.history.snapshots) == 2
    assert studio.snapshot.title == "Paint cluster 0, level 1"
    studio.trigger("edit.undo")
    assert len(changed(studio)) == 0


def test_ellipse_fills_the_cells_within(studio: Studio) -> None:
    freely(studio)
    studio.key("u")
    studio.stroke([(12.5, 13.5), (8.0, 8.0), (2.5, 3.5)])
    cells = in_ellipse(16, (2.5, 3.5), (12.5, 13.5))
    assert 60 < cells.sum() < 121
    assert np.array_equal(painted(studio), expected(studio, cells))


def test_lasso_fills_what_it_goes_round(studio: Studio) -> None:
    freely(studio)
    studio.key("l")
    studio.stroke(TRIANGLE)
    assert np.array_equal(painted(studio), expected(studio, in_lasso(16, TRIANGLE)))
    assert painted(studio)[3, 3] and in_lasso(16, TRIANGLE).sum() == pytest.approx(50, abs=6)


def test_a_click_with_the_lasso_goes_round_nothing(studio: Studio) -> None:
    freely(studio)
    studio.key("l")
    before = studio.session.document
    studio.click(5.5, 5.5)
    assert studio.session.document is before


@pytest.mark.parametrize("key", ["r", "u"])
def test_shift_keeps_both_sides_equal(studio: Studio, key: str) -> None:
    freely(studio)
    studio.key(key)
    studio.stroke([(3.3, 3.3), (11.9, 5.0)], keys=SHIFT)
    area = in_rectangle if key == "r" else in_ellipse
    assert np.array_equal(painted(studio), expected(studio, area(16, (3.3, 3.3), (11.9, 11.9))))


@pytest.mark.parametrize("key", ["l", "r", "u"])
def test_shapes_may_leave_the_picture_and_ctrl_picks(studio: Studio, key: str) -> None:
    freely(studio)
    studio.key(key)
    corners = [(-1.0, -1.0), (5.5, -1.0), (5.5, 20.0), (-1.0, 20.0)]
    studio.stroke(corners if key == "l" else corners[:3])
    assert painted(studio)[8, :5].all()
    before = studio.session.document
    studio.click(*studio.a_cell_of(1, 1), keys=CTRL)
    assert studio.window.state.choices.cluster == 1
    assert studio.session.document is before


@pytest.mark.parametrize("key", ["l", "r", "u"])
def test_shapes_keep_a_balanced_tree_balanced_and_escape_gives_up(studio: Studio, key: str) -> None:
    studio.choose(balanced=True)
    studio.key("3")
    studio.key(key)
    before = studio.session.document
    studio.stroke(TRIANGLE, release=False)
    studio.key(Qt.Key.Key_Escape)
    studio.stroke([studio.a_cell_of(3, studio.window.state.choices.cluster)])  # it has that cluster: nothing to paint
    assert studio.session.document is before
    studio.stroke(TRIANGLE)
    assert studio.session.document is not before
    assert is_balanced(studio.snapshot.sequence.bits, studio.session.depth)


@pytest.mark.parametrize("key", ["b", "l", "r", "u", "g"])
def test_the_cell_under_the_cursor_is_shown_before_the_press(studio: Studio, key: str) -> None:
    freely(studio)
    studio.key(key)
    x, y = studio.a_cell_of(1, 1)
    studio.hover(x, y)
    assert studio.window.canvas.preview.cells[int(y) * 16 + int(x)]


def test_a_pen_paints_as_wide_as_it_is_pressed(studio: Studio) -> None:
    freely(studio, size=9)
    studio.pen([(2.5, 8.5), (13.5, 8.5)], pressure=0.12)
    assert set(changed(studio)[:, 0]) == {8}
    assert painted(studio)[8, 2:14].all()
    studio.pen([(2.5, 8.5), (13.5, 8.5)], pressure=1.0)
    assert painted(studio)[5:12, 3:13].all()
    assert len(studio.session.document.history.snapshots) == 3


def test_the_other_end_of_the_pen_gives_cells_back(studio: Studio) -> None:
    freely(studio, size=5)
    studio.pen([(4.5, 4.5), (10.5, 10.5)], pressure=1.0)
    assert len(changed(studio))
    studio.choose(size=16)
    studio.pen([(2.0, 2.0), (14.0, 14.0)], pressure=1.0, tip=QPointingDevice.PointerType.Eraser)
    assert len(changed(studio)) == 0
    assert studio.window.state.choices.tool == "brush"


def test_another_button_does_not_end_a_stroke(studio: Studio) -> None:
    freely(studio)
    canvas, before = studio.window.canvas, studio.session.document
    studio.stroke([(2.5, 6.5), (6.5, 6.5)], release=False)
    QTest.mouseClick(canvas, Qt.MouseButton.RightButton, pos=studio.at(6.5, 6.5))
    assert studio.session.document is before
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=studio.at(6.5, 6.5))
    QApplication.processEvents()
    assert painted(studio)[6, 2:7].all()


@pytest.mark.parametrize("key", ["b", "e", "k"])
def test_shift_click_goes_on_in_a_straight_line(studio: Studio, key: str) -> None:
    freely(studio, size=3)
    studio.stroke([(0.5, 0.5), (15.5, 15.5)])
    studio.choose(size=1)
    studio.key(key)
    for x, keys in ((1.5, Qt.KeyboardModifier.NoModifier), (14.5, SHIFT)):
        studio.click(x, 5.5, keys=keys)
    row = slice(5 * 16 + 1, 5 * 16 + 15)
    snapshot = studio.snapshot
    if key == "b":
        assert (snapshot.sequence.labels(1)[row] == 0).all()
    elif key == "e":
        assert np.array_equal(snapshot.sequence.bits[row], snapshot.result.bits[row])
    else:
        assert snapshot.locks.region[row].all() and snapshot.locks.region.sum() == 14


def test_the_view_follows_the_wheel_about_the_cursor(studio: Studio) -> None:
    canvas = studio.window.canvas
    here = studio.at(4, 11)
    before = canvas.viewport.scale
    wheel(studio, here, 240)
    assert canvas.viewport.scale > before
    assert canvas.viewport.to_cells(QPointF(here)) == pytest.approx((4, 11), abs=0.1)
    wheel(studio, here, -240)
    assert canvas.viewport.scale == pytest.approx(before)


def wheel(studio: Studio, here: QPoint, delta: int) -> None:
    """Turn the wheel over a point of the canvas."""
    canvas = studio.window.canvas
    event = QWheelEvent(
        QPointF(here),
        QPointF(canvas.mapToGlobal(here)),
        QPoint(),
        QPoint(0, delta),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas, event)
