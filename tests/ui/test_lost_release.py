"""A drag whose release goes elsewhere ends where its button was last down, whatever the tool and the widget."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QFocusEvent, QHideEvent, QPointingDevice, QTabletEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from nvg_studio.editor.reference.structure_source import Source
from nvg_studio.imaging.read import read_image
from nvg_studio.ui.canvas.view import CanvasView
from nvg_studio.ui.docks.crop_view import CropView
from tests.ui.driver import LEFT, NO_KEYS, Studio, a_pen, move
from tests.ui.test_reference import choose, found

NONE, MIDDLE = Qt.MouseButton.NoButton, Qt.MouseButton.MiddleButton
DRAG = [(2.5, 2.5), (6.5, 3.5), (3.5, 6.5)]
FAR = [(9.5, 12.5), (13.5, 13.5), (3.5, 14.5)]
PAINTING = ["brush", "eraser", "lock", "lasso", "rectangle", "ellipse"]


def send(event: QEvent) -> Callable[[CanvasView], bool]:
    return lambda canvas: QApplication.sendEvent(canvas, event)


LOSSES: dict[str, Callable[[CanvasView], object]] = {
    "nothing is told": lambda canvas: None,  # the first move without the button tells it
    "the keyboard goes elsewhere": send(QFocusEvent(QEvent.Type.FocusOut, Qt.FocusReason.OtherFocusReason)),
    "the window goes behind another one": send(QEvent(QEvent.Type.WindowDeactivate)),
    "the canvas is hidden": send(QHideEvent()),
}


def ready(studio: Studio, tool: str) -> None:
    studio.window.state.set_level(2)
    studio.choose(tool=tool, size=2, balanced=False, inside_parent=False)
    studio.window.state.activate((int(studio.labels(2)[4, 4]) + 1) % 4)
    studio.settle()


def what_there_is(studio: Studio) -> tuple[object, ...]:
    viewport = studio.window.canvas.viewport
    return studio.snapshot.sequence, studio.snapshot.locks, viewport, studio.window.state.choices.wipe


def drag(studio: Studio, button: Qt.MouseButton = LEFT) -> None:
    studio.stroke(DRAG, button, release=False)


def wander(studio: Studio) -> None:
    """The pointer comes back without a button, and is clicked far away from the drag where that changes nothing."""
    for point in FAR:
        move(studio.window.canvas, studio.at(*point), NONE, NO_KEYS)
    QApplication.processEvents()


@pytest.mark.parametrize("loss", LOSSES)
def test_a_stroke_ends_as_if_it_were_released(studio: Studio, loss: str) -> None:
    """With an outline, the brush and the lock brush, by each way of losing the release."""
    for tool in PAINTING:
        ready(studio, tool)
        if tool == "eraser":
            ready(studio, "brush")
            studio.choose(size=8)
            studio.stroke([(4.5, 4.5), (12.5, 12.5)])
            ready(studio, tool)
        start = studio.session.document
        assert start is not None
        studio.stroke(DRAG)
        wanted = what_there_is(studio)
        assert studio.session.document is not start, f"{tool} changes nothing"
        studio.session.store.edit(start)
        drag(studio)
        LOSSES[loss](studio.window.canvas)
        wander(studio)
        assert what_there_is(studio) == wanted, tool
        QTest.mouseRelease(studio.window.canvas, LEFT, NO_KEYS, studio.at(*FAR[-1]))
        assert what_there_is(studio) == wanted, tool
        studio.session.store.edit(start)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_view_stops_following_a_pointer_without_its_button(studio: Studio, loss: str) -> None:
    studio.window.canvas.zoom(4.0)
    for tool, button in (("hand", LEFT), ("zoom", LEFT), ("brush", MIDDLE)):
        ready(studio, tool)
        drag(studio, button)
        LOSSES[loss](studio.window.canvas)
        there = what_there_is(studio)
        wander(studio)
        assert what_there_is(studio) == there, tool


def test_the_divider_stays_where_it_was_let_go(studio: Studio) -> None:
    studio.trigger("view.wipe")
    studio.settle()
    middle = studio.session.grid / 2
    studio.stroke([(middle, 8.0), (middle - 4, 8.0)], release=False)
    wander(studio)
    assert studio.window.state.choices.wipe == pytest.approx((middle - 4) / studio.session.grid, abs=0.02)


def test_the_same_button_again_begins_another_stroke(studio: Studio) -> None:
    ready(studio, "brush")
    steps = len(studio.session.document.history.snapshots)
    drag(studio)
    y, x = next((y, x) for y, x in np.argwhere(studio.labels(2) != studio.window.state.choices.cluster) if y > 11)
    studio.stroke([(x + 0.5, y + 0.5)])
    assert len(studio.session.document.history.snapshots) == steps + 2
    assert len(set(studio.labels(2)[7:12, 7:12].flat)) > 1  # not painted all the way from one to the other


def test_a_pen_that_left_the_tablet_ends_its_stroke(studio: Studio) -> None:
    ready(studio, "brush")
    before, canvas, pen = studio.labels(2).copy(), studio.window.canvas, a_pen(QPointingDevice.PointerType.Pen)

    def pen_event(kind: QEvent.Type, point: tuple[float, float], button: Qt.MouseButton, held: Qt.MouseButton) -> None:
        here = QPointF(studio.at(*point))
        force = 1.0 if held == LEFT else 0.0
        there = QPointF(canvas.mapToGlobal(here))
        event = QTabletEvent(kind, pen, here, there, force, 0, 0, 0, 0, 0, NO_KEYS, button, held)
        QApplication.sendEvent(canvas, event)

    pen_event(QEvent.Type.TabletPress, (2.5, 2.5), LEFT, LEFT)
    pen_event(QEvent.Type.TabletMove, (4.5, 2.5), NONE, LEFT)
    for point in FAR:
        pen_event(QEvent.Type.TabletMove, point, NONE, NONE)
    changed = studio.labels(2) != before
    assert changed[:5].any() and not changed[8:].any()


def refer(studio: Studio, picture: np.ndarray) -> CropView:
    source = studio.window.reference_controller
    source.use_picture(lambda: picture, "reference")
    found(studio)
    return studio.window.reference.crop


def test_the_square_of_the_reference_stops_following(studio: Studio, samples: list[Path]) -> None:
    picture = read_image(samples[1])
    crop, moves = refer(studio, picture[: len(picture) // 2]), []
    crop.crop_moved.connect(lambda x, y: moves.append((x, y)))
    middle = crop.crop_rect().center().toPoint()
    QTest.mousePress(crop, LEFT, NO_KEYS, middle)
    move(crop, middle + QPoint(5, 0), LEFT, NO_KEYS)
    assert len(moves) == 1
    move(crop, middle + QPoint(9, 0), NONE, NO_KEYS)
    move(crop, middle + QPoint(20, 0), Qt.MouseButton.RightButton, NO_KEYS)
    assert len(moves) == 1
    found(studio)


def test_a_box_of_the_reference_is_drawn_where_its_button_was_last_down(studio: Studio, samples: list[Path]) -> None:
    crop, boxes = refer(studio, read_image(samples[1])), []
    choose(studio, Source.BOX)
    found(studio)
    crop.box_drawn.connect(lambda box: boxes.append(box))
    square = crop.crop_rect()
    QTest.mousePress(crop, LEFT, NO_KEYS, square.topLeft().toPoint() + QPoint(4, 4))
    move(crop, square.center().toPoint(), LEFT, NO_KEYS)
    move(crop, square.bottomRight().toPoint(), NONE, NO_KEYS)
    assert len(boxes) == 1
    assert boxes[0][2:] == pytest.approx((0.5, 0.5), abs=0.03)
    found(studio)
