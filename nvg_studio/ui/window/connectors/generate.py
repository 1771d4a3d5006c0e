"""Connects the generate dock with the run queue."""

from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from nvg_studio.editor.choices import EditorState
from nvg_studio.editor.files.user_settings import UserSettings
from nvg_studio.editor.session import Session
from nvg_studio.ui.actions.action_set import ActionSet
from nvg_studio.ui.docks.generate import GenerateDock
from nvg_studio.ui.view_models import generation_view
from nvg_studio.ui.window.applied_preferences import AppliedPreferences


class GenerateConnector(QObject):
    """`changed`: other choices of the next runs are shown."""

    changed = Signal()

    def __init__(
        self,
        dock: GenerateDock,
        session: Session,
        state: EditorState,
        actions: ActionSet,
        user_settings: UserSettings,
        preferences: AppliedPreferences,
    ) -> None:
        super().__init__(dock)
        self._dock, self._session, self._state, self._actions = dock, session, state, actions
        self._user_settings = user_settings
        runs = session.run_queue
        dock.options_chosen.connect(runs.set_options)
        dock.precision_chosen.connect(
            lambda device, dtype: preferences.set(replace(preferences.current, device=device, dtype=dtype))
        )
        dock.randomize_requested.connect(runs.randomize_seed)
        dock.run_requested.connect(lambda name: actions[name].trigger())
        dock.cancel_requested.connect(runs.cancel)
        runs.options_changed.connect(self.show_choices)
        preferences.changed.connect(self.show_precision)

    def refresh(self) -> None:
        """Show runs and documents as they are."""
        session, choices = self._session, self._state.choices
        self._dock.show_run(generation_view.run_view(session, choices))
        generation_view.show_run_actions(session, choices, self._actions)
        self._actions.check("run.live", session.run_queue.options.live)

    def show_choices(self) -> None:
        """Show the choices of the next runs."""
        self._dock.show_options(self._session.run_queue.options)
        self.changed.emit()

    def show_precision(self) -> None:
        """Show the preferred device and precision."""
        chosen = self._user_settings.preferences
        self._dock.advanced.show_precision(chosen.device, chosen.dtype)

    def show_model(self) -> None:
        """Show the classes and the defaults of the loaded model."""
        self.show_precision()
        self._dock.show_model(self._session.info)
        self.show_choices()
