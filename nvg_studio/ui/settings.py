"""What the program remembers between starts: window geometry, recent files, theme. Kept by QSettings."""

from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings, QStandardPaths

from nvg_studio.ui.state import Palette

MOST_RECENT = 10
LAYOUT_VERSION = 2


def unsaved_folder() -> Path:
    """Where unsaved work is kept for the case that the program dies."""
    place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericDataLocation)
    return Path(place) / "nvg-studio" / "unsaved"


class Remembered:
    """A typed view of one QSettings."""

    def __init__(self, settings: QSettings | None = None) -> None:
        self._settings = settings or QSettings("nvg-studio", "NVG Studio")

    @property
    def geometry(self) -> QByteArray | None:
        """The window's geometry."""
        return self._bytes("window/geometry")

    @property
    def layout(self) -> QByteArray | None:
        """The layout of docks and toolbars."""
        return self._bytes(f"window/layout{LAYOUT_VERSION}")

    def keep_window(self, geometry: QByteArray, layout: QByteArray) -> None:
        """Remember geometry and layout."""
        self._settings.setValue("window/geometry", geometry)
        self._settings.setValue(f"window/layout{LAYOUT_VERSION}", layout)

    @property
    def theme(self) -> str | None:
        """ "dark", "light", or None to follow the system."""
        value = self._settings.value("theme")
        return value if value in ("dark", "light") else None

    @theme.setter
    def theme(self, name: str | None) -> None:
        self._settings.setValue("theme", name or "")

    @property
    def palette(self) -> Palette:
        """How clusters are coloured."""
        value = self._settings.value("palette")
        return Palette(value) if value in tuple(Palette) else Palette.DISTINCT

    @palette.setter
    def palette(self, palette: Palette) -> None:
        self._settings.setValue("palette", str(palette))

    @property
    def folder(self) -> str:
        """Where the last file dialog was."""
        return str(self._settings.value("folder", str(Path.home())))

    @property
    def model(self) -> str:
        """The model folder chosen last; "" for the shipped one."""
        return str(self._settings.value("model", ""))

    @model.setter
    def model(self, folder: str) -> None:
        self._settings.setValue("model", folder)

    @property
    def recent(self) -> list[str]:
        """Files opened or saved, the latest first."""
        value = self._settings.value("recent", [])
        names = [value] if isinstance(value, str) else list(value or [])  # type: ignore[call-overload]
        return [str(name) for name in names if name][:MOST_RECENT]

    def add_recent(self, path: Path) -> None:
        """Put a file on top of the recent ones, and remember its folder."""
        name = str(path.resolve())
        self._settings.setValue("recent", [name, *(one for one in self.recent if one != name)][:MOST_RECENT])
        self._settings.setValue("folder", str(path.resolve().parent))

    def _bytes(self, key: str) -> QByteArray | None:
        value = self._settings.value(key)
        return value if isinstance(value, QByteArray) else None
