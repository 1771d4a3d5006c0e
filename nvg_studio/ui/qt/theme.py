"""Colours, style sheet and icons, following the system's dark or light scheme."""

import json
from dataclasses import dataclass
from functools import cache

import qtawesome
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPalette
from PySide6.QtWidgets import QApplication

from nvg_studio.paths import resource

RESOURCES = resource()


@dataclass(frozen=True)
class Colours:
    """The named colours of one theme file, as #rrggbb (the style sheet uses the same names)."""

    window: str
    panel: str
    field: str
    raised: str
    hover: str
    canvas: str
    border: str
    text: str
    dim: str
    faint: str
    accent: str
    accent_hover: str
    on_accent: str
    edited: str
    fresh: str
    error: str
    message: str


@cache
def colours_of(name: str) -> Colours:
    """Colours of the theme "dark" or "light"."""
    return Colours(**json.loads((RESOURCES / "themes" / f"{name}.json").read_text(encoding="utf-8")))


def style_sheet(name: str) -> str:
    """The application's style sheet with the colours of theme `name` filled in."""
    sheet = (RESOURCES / "themes" / "studio.qss").read_text(encoding="utf-8")
    values = vars(colours_of(name)) | {"resources": RESOURCES.as_posix(), "theme": name}
    for key in sorted(values, key=len, reverse=True):
        sheet = sheet.replace(f"@{key}", values[key])
    return sheet


def qt_palette(colours: Colours) -> QPalette:
    """A QPalette for the parts that no style sheet reaches (native dialogs, disabled texts, links)."""
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: colours.window,
        QPalette.ColorRole.WindowText: colours.text,
        QPalette.ColorRole.Base: colours.field,
        QPalette.ColorRole.AlternateBase: colours.panel,
        QPalette.ColorRole.Text: colours.text,
        QPalette.ColorRole.Button: colours.raised,
        QPalette.ColorRole.ButtonText: colours.text,
        QPalette.ColorRole.ToolTipBase: colours.panel,
        QPalette.ColorRole.ToolTipText: colours.text,
        QPalette.ColorRole.PlaceholderText: colours.faint,
        QPalette.ColorRole.Highlight: colours.accent,
        QPalette.ColorRole.HighlightedText: colours.on_accent,
        QPalette.ColorRole.Link: colours.accent,
    }
    for role, colour in roles.items():
        palette.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(colours.faint))
    return palette


class Theme(QObject):
    """The theme in use; emits `changed` when the system (or `set_scheme`) switches between dark and light."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._preferred = "system"
        self._applied: str | None = None
        self.name = "dark"
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._apply)

    @property
    def colours(self) -> Colours:
        """The colours in use."""
        return colours_of(self.name)

    def set_scheme(self, name: str) -> None:
        """Use the theme "dark" or "light", or with "system" that of the system."""
        self._preferred = name
        self._apply()

    def _apply(self) -> None:
        light = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light
        name = ("light" if light else "dark") if self._preferred == "system" else self._preferred
        if name == self._applied:
            return
        self.name = self._applied = name
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.setStyle("Fusion")
        app.setPalette(qt_palette(self.colours))
        app.setStyleSheet(style_sheet(self.name))
        self.changed.emit()

    def icon(self, name: str, colour: str | None = None) -> QIcon:
        """A Phosphor icon by name, in the text colour; in `on_accent` where its button is checked."""
        return phosphor(name, colour or self.colours.text, self.colours.on_accent, self.colours.faint)

    def plain_icon(self, name: str, colour: str) -> QIcon:
        """A Phosphor icon in one colour, checked or not."""
        return phosphor(name, colour)


def phosphor(name: str, colour: str, checked: str | None = None, disabled: str | None = None) -> QIcon:
    """A Phosphor icon in `colour`, under the pointer as well; `checked`, `disabled`: other colours in those states.

    All states are named: QtAwesome draws what is under the pointer like a checked button unless these are set.
    """
    on, off = checked or colour, disabled or colour
    modes = {"": colour, "_active": colour, "_selected": colour, "_disabled": off}
    return qtawesome.icon(
        f"ph.{name}",
        **{f"color{mode}": value for mode, value in modes.items()},
        **{f"color_off{mode}": value for mode, value in modes.items()},
        **{f"color_on{mode}": off if mode == "_disabled" else on for mode in modes},
    )


def application_icon() -> QIcon:
    """The program's own icon."""
    return QIcon(str(RESOURCES / "icons" / "nvg-studio.svg"))
