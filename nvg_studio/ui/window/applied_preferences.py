"""Applies the user's preferences to window, session and choices."""

from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from nvg_studio.editor.choices import EditorState
from nvg_studio.editor.files.preferences import PHOTO_STRUCTURES, Preferences
from nvg_studio.editor.files.user_settings import UserSettings
from nvg_studio.editor.session import Session
from nvg_studio.ui.qt.theme import Theme


class AppliedPreferences(QObject):
    """`changed` after every change; `compute_changed` where device or precision differ, so the model must be loaded
    again."""

    changed = Signal()
    compute_changed = Signal()

    def __init__(self, settings: UserSettings, session: Session, state: EditorState, theme: Theme) -> None:
        super().__init__(state)
        self._settings, self._session, self._state, self._theme = settings, session, state, theme
        self._apply()
        state.set(replace(state.choices, contiguous=settings.preferences.contiguous))

    @property
    def current(self) -> Preferences:
        """The preferences that apply now."""
        return self._settings.preferences

    def set(self, now: Preferences) -> None:
        """Store the preferences and apply them."""
        before = self._settings.preferences
        self._settings.set_preferences(now)
        self._apply()
        if (now.device, now.dtype) != (before.device, before.dtype):
            self.compute_changed.emit()
        self.changed.emit()

    def _apply(self) -> None:
        now = self._settings.preferences
        self._theme.set_scheme(now.theme)
        self._session.autosaver.set_delay(now.autosave_s)
        self._session.photo_structure = PHOTO_STRUCTURES[now.photo_structure]
        self._session.generation.exact_pixels = now.exact_pixels
        self._state.set(replace(self._state.choices, palette=now.palette, exact_pixels=now.exact_pixels))

    def store_choices(self) -> None:
        """Store the choices that are preferences, too: they are the same at the next start."""
        choices = self._state.choices
        self._session.generation.exact_pixels = choices.exact_pixels
        self._settings.set_preferences(
            replace(
                self._settings.preferences,
                palette=choices.palette,
                exact_pixels=choices.exact_pixels,
                contiguous=choices.contiguous,
            )
        )
