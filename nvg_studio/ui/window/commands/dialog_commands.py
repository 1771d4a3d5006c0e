"""The Help menu and the preferences."""

from PySide6.QtWidgets import QWidget

from nvg_studio.editor.files.user_settings import UserSettings
from nvg_studio.editor.session import Session
from nvg_studio.ui.actions.action_set import ActionSet
from nvg_studio.ui.dialogs.about import AboutDialog
from nvg_studio.ui.dialogs.palette import CommandPalette
from nvg_studio.ui.dialogs.preferences import PreferencesDialog
from nvg_studio.ui.dialogs.simple import shortcuts_dialog
from nvg_studio.ui.qt.open_dialog import open_dialog
from nvg_studio.ui.window.applied_preferences import AppliedPreferences


class DialogCommands:
    """Opens dialogs; `parent` is their parent."""

    def __init__(
        self,
        parent: QWidget,
        session: Session,
        actions: ActionSet,
        user_settings: UserSettings,
        preferences: AppliedPreferences,
    ) -> None:
        self._parent, self._session, self._actions = parent, session, actions
        self._user_settings, self._preferences = user_settings, preferences

    def show_palette(self) -> None:
        """Open the command palette."""
        CommandPalette(self._actions, self._parent).show_over(self._parent)

    def show_shortcuts(self) -> None:
        """List all shortcuts."""
        open_dialog(shortcuts_dialog(self._actions, self._parent))

    def show_about(self) -> None:
        """Show version, model and licences."""
        open_dialog(AboutDialog(self._session.info, self._parent))

    def edit_preferences(self) -> None:
        """Let the user change preferences."""
        dialog = PreferencesDialog(self._user_settings.preferences, self._parent)
        dialog.chosen.connect(self._preferences.set)
        open_dialog(dialog)
