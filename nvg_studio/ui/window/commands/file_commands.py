"""Open files, clipboard contents and new documents; each asks about unsaved changes first."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QMimeData
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget

from nvg_studio.editor.choices import EditorState
from nvg_studio.editor.files.project_files import PHOTO_FILTER, ProjectFiles
from nvg_studio.editor.files.user_settings import UserSettings
from nvg_studio.editor.notices import Kind, Notice
from nvg_studio.editor.session import Session
from nvg_studio.ui.dialogs.new_layout import LayoutChoice, NewLayoutDialog
from nvg_studio.ui.qt.dropped_data import IncomingFile, IncomingPicture, incoming
from nvg_studio.ui.qt.open_dialog import open_dialog

CLIPBOARD = "clipboard"
"""Title of a pasted picture."""
Confirm = Callable[[Callable[[], None]], None]
"""Calls its argument once there are no unsaved changes to lose."""


class FileCommands:
    """The opening half of the File menu; `parent` is the parent of its dialogs."""

    def __init__(
        self,
        parent: QWidget,
        session: Session,
        state: EditorState,
        files: ProjectFiles,
        user_settings: UserSettings,
        confirm_unsaved: Confirm,
    ) -> None:
        self._parent, self._session, self._state = parent, session, state
        self._files, self._user_settings, self._confirm_unsaved = files, user_settings, confirm_unsaved

    def open(self) -> None:
        """Ask for a photo or a project, and open it."""
        name, _ = QFileDialog.getOpenFileName(self._parent, "Open", self._user_settings.folder, PHOTO_FILTER)
        if name:
            self.open_path(Path(name))

    def open_path(self, path: Path) -> None:
        """Open a file, once unsaved changes are confirmed."""
        self._confirm_unsaved(lambda: self._files.open(path))

    def open_copy(self) -> None:
        """Open a copy of the project that another window has open."""
        self._confirm_unsaved(self._files.open_copy)

    def paste(self) -> None:
        """Open the clipboard's picture, or its first file."""
        self.open_data(QApplication.clipboard().mimeData(), CLIPBOARD)

    def open_data(self, data: QMimeData | None, title: str) -> bool:
        """Open dropped or pasted data, a file or a picture; False, and a notice, where nothing can be used."""
        found = incoming(data, pasted=title == CLIPBOARD)
        if isinstance(found, IncomingFile):
            self.open_path(found.path)
        elif isinstance(found, IncomingPicture):
            read = found.read
            self._confirm_unsaved(lambda: self._files.open_picture(read, title))
        else:
            self._session.notified.emit(Notice(found.reason, Kind.WARNING))
            return False
        return True

    def generate(self) -> None:
        """Generate a new picture, once unsaved changes are confirmed."""
        self._confirm_unsaved(self._session.generation.generate)

    def new_layout(self) -> None:
        """Ask for a class and begin a blank document, once unsaved changes are confirmed."""
        session, info = self._session, self._session.info
        if info is None:
            return
        dialog = NewLayoutDialog(info, session.run_queue.options.settings.class_id, self._parent)
        dialog.chosen.connect(lambda choice: self._confirm_unsaved(lambda: self._begin_layout(choice)))
        open_dialog(dialog)

    def _begin_layout(self, choice: LayoutChoice) -> None:
        self._session.generation.new_layout(choice.class_id, choice.bands)
        self._state.set_level(1)
        self._state.set(replace(self._state.choices, tool="brush", balanced=choice.bands, cluster=1, other=0))
