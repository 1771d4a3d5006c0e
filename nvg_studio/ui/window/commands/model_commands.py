"""Choose and load models."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from nvg_studio.editor.files.preferences import DEVICES
from nvg_studio.editor.files.user_settings import UserSettings
from nvg_studio.editor.model_manager import ModelManager
from nvg_studio.editor.notices import Kind, Notice
from nvg_studio.editor.session import Session
from nvg_studio.paths import shipped_model
from nvg_studio.sampling.events import Failed
from nvg_studio.ui.dialogs.models import ModelsDialog
from nvg_studio.ui.qt.theme import Theme
from nvg_studio.ui.window.applied_preferences import AppliedPreferences


class ModelCommands:
    """Loads models as the preferences say; `parent` is the parent of its dialogs."""

    def __init__(
        self,
        parent: QWidget,
        session: Session,
        manager: ModelManager,
        user_settings: UserSettings,
        preferences: AppliedPreferences,
        theme: Theme,
    ) -> None:
        self._parent, self._session, self._manager = parent, session, manager
        self._user_settings, self._preferences, self._theme = user_settings, preferences, theme

    def show_models(self) -> None:
        """Show the models; there is one such dialog."""
        dialog = self._parent.findChild(ModelsDialog)
        if dialog is None:
            dialog = ModelsDialog(self._manager, self._session, self._theme, self._parent)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.use_requested.connect(self.use_model)
        dialog.show()
        dialog.raise_()

    def use_model(self, folder: Path) -> None:
        """Load a model, now and at every start."""
        model = "" if folder == shipped_model() else str(folder)
        self._user_settings.set_preferences(replace(self._user_settings.preferences, model=model))
        self.load_model()

    def load_model(self) -> None:
        """Load the chosen model, or the shipped one, on the device and in the precision of the preferences."""
        chosen = self._user_settings.preferences
        folder = Path(chosen.model) if chosen.model else shipped_model()
        self._session.load_model(folder, chosen.device, chosen.dtype)

    def refuse_device(self, device: str, failure: Failed) -> None:
        """Set the device back to automatic, which every computer has."""
        text = f"{DEVICES[device]} cannot be used on this computer, so the device is Automatic again."
        details = "\n".join(filter(None, (failure.message, failure.details)))
        self._session.notified.emit(Notice(text, Kind.WARNING, details))
        self._preferences.set(replace(self._preferences.current, device="auto"))
