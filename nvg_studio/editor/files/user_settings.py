"""What the program remembers between starts: geometry and recent files by QSettings, preferences in a JSON file."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from platformdirs import user_config_path
from PySide6.QtCore import QByteArray, QSettings, QStandardPaths

from nvg_studio.editor.files.preferences import Preferences, read_preferences, write_preferences

MAX_RECENT = 10
LAYOUT_VERSION = 2


def unsaved_folder() -> Path:
    """Where unsaved work is kept in case of a crash."""
    place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericDataLocation)
    return Path(place) / "nvg-studio" / "unsaved"


class UserSettings:
    """A typed view of one QSettings, and the preferences of one file (None: the user's own).

    Preferences are written on a thread of their own, one after the other: a slow disk never holds up the window.
    """

    def __init__(self, settings: QSettings | None = None, preferences: Path | None = None) -> None:
        self._settings = settings or QSettings("nvg-studio", "NVG Studio")
        self._file = preferences or user_config_path("nvg-studio", appauthor=False) / "preferences.json"
        self.preferences: Preferences = read_preferences(self._file)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="studio-preferences")

    def set_preferences(self, preferences: Preferences) -> None:
        """Set the preferences, and write them to the file where they differ."""
        if preferences != self.preferences:
            self.preferences = preferences
            self._writer.submit(write_preferences, self._file, preferences)

    def close(self) -> None:
        """Wait until everything is written; `set_preferences` must not be called afterwards."""
        self._writer.shutdown(wait=True)

    @property
    def geometry(self) -> QByteArray | None:
        """The window's geometry."""
        return self._bytes("window/geometry")

    @property
    def layout(self) -> QByteArray | None:
        """The layout of docks and toolbars."""
        return self._bytes(f"window/layout{LAYOUT_VERSION}")

    def save_window(self, geometry: QByteArray, layout: QByteArray) -> None:
        """Remember geometry and layout."""
        self._settings.setValue("window/geometry", geometry)
        self._settings.setValue(f"window/layout{LAYOUT_VERSION}", layout)

    @property
    def folder(self) -> str:
        """Where the last file dialog was."""
        return str(self._settings.value("folder", str(Path.home())))

    @property
    def recent(self) -> list[str]:
        """Files opened or saved, the latest first."""
        value = self._settings.value("recent", [])
        names = [value] if isinstance(value, str) else list(value or [])  # type: ignore[call-overload]
        return [str(name) for name in names if name][:MAX_RECENT]

    def add_recent(self, path: Path) -> None:
        """Put a file on top of the recent ones, and remember its folder."""
        name = str(path.resolve())
        self._settings.setValue("recent", [name, *(one for one in self.recent if one != name)][:MAX_RECENT])
        self._settings.setValue("folder", str(path.resolve().parent))

    def _bytes(self, key: str) -> QByteArray | None:
        value = self._settings.value(key)
        return value if isinstance(value, QByteArray) else None
