"""The menu of recent files."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QMenu

from nvg_studio.editor.files.user_settings import UserSettings


class RecentFiles:
    """Fills a menu with the files that were opened or saved last; `open_path` opens one of them."""

    def __init__(self, menu: QMenu, user_settings: UserSettings, open_path: Callable[[Path], None]) -> None:
        self._menu, self._user_settings, self._open_path = menu, user_settings, open_path
        self._fill()

    def add(self, path: Path) -> None:
        """Put a file at the top."""
        self._user_settings.add_recent(path)
        self._fill()

    def _fill(self) -> None:
        self._menu.clear()
        for path in map(Path, self._user_settings.recent):
            action = self._menu.addAction(path.name)
            action.setToolTip(str(path))
            action.triggered.connect(partial(self._open, path))
        self._menu.setEnabled(bool(self._user_settings.recent))

    def _open(self, path: Path, checked: bool = False) -> None:
        self._open_path(path)
