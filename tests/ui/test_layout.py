"""The layout of the window at its usual sizes: texts are whole, every action can be reached, it fits the screen."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QToolBar, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from nvg_studio.engine.scripted import ScriptedEngine
from nvg_studio.ui.docks.level_strip import StageCard
from nvg_studio.ui.window.first_size import first_size
from nvg_studio.ui.window.main_window import MainWindow
from tests.ui.driver import Studio, no_threads_left

SIZES = [(1024, 700), (1280, 720), (1280, 800), (1600, 1000), (1900, 1040)]


def resize(studio: Studio, width: int, height: int) -> None:
    """Give the window a size, and let all layouts follow."""
    studio.window.resize(width, height)
    QTest.qWait(0)
    studio.settle_drawing()
    assert studio.window.size().toTuple() == (width, height)


def inside(widget: QWidget, ancestor: QWidget) -> bool:
    """Whether no part of a widget lies beyond an ancestor."""
    return ancestor.rect().contains(QRect(widget.mapTo(ancestor, QPoint(0, 0)), widget.size()))


def whole_texts(card: StageCard) -> bool:
    """Whether the texts of a card have the room they need, and lie within it."""
    texts: list[QLabel | QToolButton] = [card.title, card.state, card.run]
    advance = [text.fontMetrics().horizontalAdvance(text.text()) for text in texts]
    room = [card.title.width(), card.state.width(), card.run.width() - card.run.iconSize().width() - 8]
    return all(need <= there for need, there in zip(advance, room, strict=True)) and all(
        inside(text, card) for text in texts
    )


@pytest.mark.parametrize("size", SIZES)
def test_level_cards_are_whole_at_every_size(studio: Studio, size: tuple[int, int]) -> None:
    strip = studio.window.strip
    for width, height in ((1280, 800), size):  # from another size, as when the window is maximised
        resize(studio, width, height)
    row = strip.cards[0].parentWidget()
    for card in strip.cards:
        assert card.height() >= card.sizeHint().height() and whole_texts(card)
        top, bottom = card.mapTo(strip, QPoint(0, 0)).y(), card.mapTo(strip, QPoint(0, card.height())).y()
        assert 0 <= top and bottom <= strip.visibleRegion().boundingRect().bottom(), (card.stage, top, bottom)
    assert row is not None and row.height() <= strip.height()


@pytest.mark.parametrize("size", [size for size in SIZES if size[0] >= 1280])
def test_all_level_cards_are_in_view_from_1280_pixels_on(studio: Studio, size: tuple[int, int]) -> None:
    resize(studio, *size)
    assert all(inside(card, studio.window.strip) for card in studio.window.strip.cards)


@pytest.mark.parametrize("available", [(1280, 720), (1366, 728), (1920, 1040), (3840, 2120)])
def test_a_new_window_fits_the_screen(available: tuple[int, int]) -> None:
    """1280 x 720 is what a screen of 2560 x 1440 pixels has at scale 2."""
    size = first_size(QSize(*available), title_bar=24)
    assert size.width() < available[0] and size.height() + 24 < available[1]
    assert size.width() >= min(1280, available[0] - 2) and size.height() <= 800


def test_the_window_opens_within_a_small_screen(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = SimpleNamespace(availableGeometry=lambda: QRect(0, 0, 1280, 720))
    monkeypatch.setattr(MainWindow, "screen", lambda window: screen)
    with no_threads_left():
        studio = Studio(qtbot, ScriptedEngine(), tmp_path)
        size, least = studio.window.size(), studio.window.minimumSizeHint()
        studio.close()
    assert size.width() < 1280 and size.height() < 720
    assert least.width() < 1024 and least.height() < 660, least


TOOLS = ("select", "brush", "fill", "rectangle", "pick", "lock", "eraser")


@pytest.mark.parametrize("size", SIZES)
def test_every_view_button_is_there_with_every_tool(studio: Studio, size: tuple[int, int]) -> None:
    studio.trigger("view.overlay")  # it has a slider of its own on the toolbar
    resize(studio, *size)
    main = studio.window.findChild(QToolBar, "main")
    assert isinstance(main, QToolBar)
    for tool in TOOLS:
        studio.trigger(f"tool.{tool}")
        studio.settle_drawing()
        QTest.qWait(0)
        for spec, action in studio.window.action_set.on_bar("view"):
            button = main.widgetForAction(action)
            assert button.isVisible() and inside(button, main), (tool, spec.name)


def test_what_has_no_room_is_in_the_menu_of_the_toolbar(studio: Studio) -> None:
    """With a larger font the buttons do not all fit; then the button for more is there, and seen."""
    main = studio.window.findChild(QToolBar, "main")
    assert isinstance(main, QToolBar)
    main.setIconSize(QSize(44, 44))
    studio.trigger("tool.brush")
    resize(studio, 1024, 700)
    more = main.findChild(QToolButton, "qt_toolbar_ext_button")
    assert isinstance(more, QToolButton)
    studio.until(more.isVisible)
    assert inside(more, main) and not more.icon().pixmap(16).toImage().isNull()
    pixels = main.grab(more.geometry()).toImage()
    colours = {pixels.pixelColor(x, y).lightness() for x in range(pixels.width()) for y in range(pixels.height())}
    assert max(colours) - min(colours) > 60
