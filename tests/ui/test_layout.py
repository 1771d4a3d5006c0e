"""The layout of the window at its usual sizes: texts are whole, every action can be reached, it fits the screen."""

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QToolButton, QWidget

from nvg_studio.ui.docks.level_strip import StageCard
from tests.ui.driver import Studio

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
