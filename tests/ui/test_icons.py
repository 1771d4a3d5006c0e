"""Icons can be seen on what lies behind them, in both themes and in every state."""

import numpy as np
import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QPixmap
from pytestqt.qtbot import QtBot

from nvg_studio.ui.qt.theme import Theme
from tests.ui.driver import Studio

Mode, State = QIcon.Mode, QIcon.State
LEAST_CONTRAST = 3.0
"""What WCAG asks of symbols."""


def luminance(colour: QColor) -> float:
    """Relative luminance of sRGB, 0..1 (WCAG 2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.getRgbF()[:3]]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def contrast(first: QColor, second: QColor) -> float:
    """Contrast ratio, 1..21 (WCAG 2)."""
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def drawn(pixmap: QPixmap) -> QColor:
    """The colour of the most opaque pixel."""
    image = pixmap.toImage()
    pixels = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    return max(pixels, key=lambda pixel: pixel.alpha())


@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize("mode", [Mode.Normal, Mode.Active, Mode.Selected])
@pytest.mark.parametrize("state", [State.Off, State.On])
def test_an_icon_stands_out_from_its_button(qtbot: QtBot, name: str, mode: QIcon.Mode, state: QIcon.State) -> None:
    theme = Theme()
    theme.set_scheme(name)
    colours = theme.colours
    behind = [colours.accent] if state is State.On else [colours.window, colours.hover, colours.panel, colours.raised]
    symbol = drawn(theme.icon("paint-brush").pixmap(QSize(32, 32), mode, state))
    for colour in behind:
        assert contrast(symbol, QColor(colour)) >= LEAST_CONTRAST, (symbol.name(), colour)


@pytest.mark.parametrize("name", ["dark", "light"])
def test_the_icon_of_what_is_in_use_stands_out_in_its_menu(studio: Studio, name: str) -> None:
    studio.set_preferences(theme=name)
    studio.trigger("tool.fill")
    studio.settle()
    menu, action = studio.window.menus["&Tools"], studio.window.action_set["tool.fill"]
    menu.ensurePolished()
    menu.resize(menu.sizeHint())
    image = menu.grab(menu.actionGeometry(action)).toImage()
    side, accent = image.height(), studio.theme.colours.accent
    pixels = [(x, y) for x in range(side) for y in range(side) if image.pixelColor(x, y).name() == accent]
    assert pixels
    xs, ys = zip(*pixels, strict=True)
    inside = [image.pixelColor(x, y) for x in range(min(xs) + 3, max(xs) - 2) for y in range(min(ys) + 3, max(ys) - 2)]
    assert max(contrast(pixel, QColor(accent)) for pixel in inside) >= LEAST_CONTRAST


@pytest.mark.parametrize("mode", [Mode.Normal, Mode.Active, Mode.Selected])
def test_an_icon_in_a_colour_of_its_own_keeps_it_under_the_pointer(qtbot: QtBot, mode: QIcon.Mode) -> None:
    theme = Theme()
    theme.set_scheme("dark")
    for icon in (theme.icon("play", "#ff0000"), theme.plain_icon("play", "#ff0000")):
        assert drawn(icon.pixmap(QSize(32, 32), mode, State.Off)).name() == "#ff0000"
