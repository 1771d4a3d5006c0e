"""Save the document, and ask before unsaved changes or files changed by other programs are lost."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QMessageBox, QWidget

from nvg_studio.editor.files.project_files import PROJECT_FILTER, PROJECT_SUFFIX, BlockedSave, ProjectFiles
from nvg_studio.editor.files.user_settings import UserSettings
from nvg_studio.editor.session import Session
from nvg_studio.ui.dialogs.changed_outside import ChangedOutsideDialog
from nvg_studio.ui.dialogs.save_target import ask_save_path
from nvg_studio.ui.dialogs.simple import ask_unsaved
from nvg_studio.ui.qt.open_dialog import open_dialog


def _nothing() -> None:
    """Where no caller waits for the result."""


class SaveCommands:
    """The saving half of the File menu; `parent` is the parent of its dialogs."""

    def __init__(self, parent: QWidget, session: Session, files: ProjectFiles, user_settings: UserSettings) -> None:
        self._parent, self._session, self._files, self._user_settings = parent, session, files, user_settings

    def save(self) -> None:
        """Save the project into its own file, or ask for one."""
        if self._session.path is None:
            self.save_as()
        else:
            self._files.save(self._session.path)

    def save_as(self, then: Callable[[], None] = _nothing, otherwise: Callable[[], None] = _nothing) -> None:
        """Ask where to save the project; then as `ProjectFiles.save`."""
        proposal = Path(self._user_settings.folder) / self._session.name
        path = ask_save_path(self._parent, "Save project", proposal, PROJECT_FILTER, (PROJECT_SUFFIX,))
        if path is not None:
            self._files.save(path, then, otherwise)
        else:
            otherwise()

    def resolve_blocked(self, save: BlockedSave) -> None:
        """Ask about a file that another program changed; it replaces the question about an earlier save."""
        for earlier in self._parent.findChildren(ChangedOutsideDialog):
            earlier.close()
        dialog = ChangedOutsideDialog(save.path.name, self._parent)
        dialog.replace_requested.connect(lambda: self._files.save(save.path, save.then, save.otherwise, True))
        dialog.save_as_requested.connect(lambda: self.save_as(save.then, save.otherwise))
        dialog.given_up.connect(save.otherwise)
        open_dialog(dialog)

    def confirm_unsaved(self, then: Callable[[], None], otherwise: Callable[[], None] = _nothing) -> None:
        """Call `then` once there are no unsaved changes to lose, or `otherwise` if the user cancels."""
        if self._session.document is None or not self._session.modified:
            then()
            return
        answer = ask_unsaved(self._session.name, self._parent)
        if answer == QMessageBox.StandardButton.Discard:
            self._session.discard_unsaved()
            then()
        elif answer == QMessageBox.StandardButton.Save:
            # Changes made while the file is written are asked about once more.
            again = partial(self.confirm_unsaved, then, otherwise)
            if self._session.path is None:
                self.save_as(again, otherwise)
            else:
                self._files.save(self._session.path, again, otherwise)
        else:
            otherwise()
