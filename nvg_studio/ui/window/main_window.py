"""The main window: makes the parts, connects them, and refreshes them when session or choices change."""

from dataclasses import replace

from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QStyle

from nvg_studio.editor.choices import Choices, EditorState, LockKind
from nvg_studio.editor.files.project_files import ProjectFiles
from nvg_studio.editor.files.recovery import RecoveryController
from nvg_studio.editor.files.user_settings import UserSettings
from nvg_studio.editor.model_manager import ModelManager
from nvg_studio.editor.reference.controller import ReferenceController
from nvg_studio.editor.session import Session
from nvg_studio.editor.timers import single_shot
from nvg_studio.ui.actions.action_set import ActionSet
from nvg_studio.ui.canvas.tool import ToolContext
from nvg_studio.ui.canvas.view import CanvasView
from nvg_studio.ui.qt.dropped_data import may_be_usable
from nvg_studio.ui.qt.theme import Theme
from nvg_studio.ui.tools import make_navigation_tools, make_tools
from nvg_studio.ui.view_models import action_conditions, level_cards, model_status
from nvg_studio.ui.view_models.cluster_rows import cluster_rows, cluster_summary
from nvg_studio.ui.window.applied_preferences import AppliedPreferences
from nvg_studio.ui.window.canvas_presenter import CanvasPresenter
from nvg_studio.ui.window.choices_controller import ChoicesController
from nvg_studio.ui.window.closing import ClosingController
from nvg_studio.ui.window.commands.action_handlers import ActionTargets, Commands, action_handlers
from nvg_studio.ui.window.commands.cluster_commands import ClusterCommands
from nvg_studio.ui.window.commands.dialog_commands import DialogCommands
from nvg_studio.ui.window.commands.file_commands import FileCommands
from nvg_studio.ui.window.commands.model_commands import ModelCommands
from nvg_studio.ui.window.commands.run_commands import RunCommands
from nvg_studio.ui.window.commands.save_commands import SaveCommands
from nvg_studio.ui.window.connectors.generate import GenerateConnector
from nvg_studio.ui.window.connectors.reference import ReferenceConnector
from nvg_studio.ui.window.connectors.results import ResultsConnector
from nvg_studio.ui.window.context_menus import ContextMenus
from nvg_studio.ui.window.export import ExportController
from nvg_studio.ui.window.first_size import first_size
from nvg_studio.ui.window.layout import arrange, make_widgets
from nvg_studio.ui.window.recent_files import RecentFiles
from nvg_studio.ui.window.recovery import RecoveryPrompt


class MainWindow(QMainWindow):
    """Canvas in the middle, levels below, tools on the left, docks on the right."""

    def __init__(self, session: Session, theme: Theme, user_settings: UserSettings) -> None:
        super().__init__()
        self.session, self.theme, self.user_settings = session, theme, user_settings
        self.state = EditorState(self)
        self.action_set = ActionSet(self, theme)
        self.tools = make_tools()
        self.canvas = CanvasView(theme, make_navigation_tools())
        self._images = level_cards.ImageCache()
        self._refresh_timer = single_shot(self, 0, self._refresh)
        self._build_widgets()
        self._build_controllers()
        self._build_commands()
        self._connect_session()
        self._connect_widgets()
        self._restore_window()
        self._follow_model()
        self._refresh()

    def _build_widgets(self) -> None:
        self.setAcceptDrops(True)
        widgets = make_widgets(self.canvas, self.theme, self.action_set)
        bars = arrange(self, widgets, self.action_set, self.theme, self.state)
        self.message, self.hint, self.status, self.strip = widgets.message, widgets.hint, widgets.status, widgets.strip
        self.stack, self.welcome_page, self.results = widgets.stack, widgets.welcome_page, widgets.results
        self.clusters, self.reference = widgets.clusters, widgets.reference
        self.history, self.generate = widgets.history, widgets.generate
        self.menus, self.bars, self._recent_menu = bars.menus, bars.tools, bars.recent

    def _build_controllers(self) -> None:
        session, state, settings = self.session, self.state, self.user_settings
        self.preferences = AppliedPreferences(settings, session, state, self.theme)
        self.project_files = ProjectFiles(session.context, session.read_photo, session)
        self.model_manager = ModelManager(session.context, session.model_loader, session)
        self.export_controller = ExportController(session, lambda: settings.folder, self)
        self.reference_controller = ReferenceController(
            session.context, session.engine_client, session.model_loader, session.generation, session
        )
        self._choices = ChoicesController(session, state)
        self._presenter = CanvasPresenter(self.canvas, session, state, self)
        self.displayed, self.comparison = self._presenter.displayed, self._presenter.comparison
        self._generate = GenerateConnector(self.generate, session, state, self.action_set, settings, self.preferences)
        self.results_connector = ResultsConnector(self.history, self.results, session, self.action_set)
        self.reference_connector = ReferenceConnector(
            self.reference, self.reference_controller, session, state, settings
        )
        self._menus = ContextMenus(self, state, self.action_set, self._refresh_actions)

    def _build_commands(self) -> None:
        session, state, settings, preferences = self.session, self.state, self.user_settings, self.preferences
        saving = SaveCommands(self, session, self.project_files, settings)
        self.commands = Commands(
            files=FileCommands(self, session, state, self.project_files, settings, saving.confirm_unsaved),
            saving=saving,
            clusters=ClusterCommands(self, session, state),
            runs=RunCommands(session, state),
            models=ModelCommands(self, session, self.model_manager, settings, preferences, self.theme),
            dialogs=DialogCommands(self, session, self.action_set, settings, preferences),
        )
        targets = ActionTargets(
            commands=self.commands,
            session=session,
            state=state,
            canvas=self.canvas,
            exports=self.export_controller,
            reference=self.reference_connector,
            results=self.results_connector,
            preferences=preferences,
            copy_picture=self._presenter.copy_picture,
            rename_cluster=self.clusters.edit_name,
            close_window=self._close,
        )
        self.action_set.connect_handlers(action_handlers(targets))
        self.recovery = RecoveryController(session.context, session.autosaver, saving.confirm_unsaved, self)
        self._recovery_prompt = RecoveryPrompt(self.recovery, self)
        self.closing = ClosingController(self, session.background, self.export_controller, self.model_manager.stop)
        self._recent_files = RecentFiles(self._recent_menu, settings, self.commands.files.open_path)

    # -- connections ----------------------------------------------------------------------------

    def _connect_session(self) -> None:
        session, commands = self.session, self.commands
        for source in (
            session.changed,
            session.pictures_changed,
            session.pending_photo_changed,
            session.run_queue.changed,
            self.project_files.changed,
            self.preferences.changed,
            self.model_manager.changed,
            self.theme.changed,
            self._presenter.changed,
            self._generate.changed,
            self.results_connector.changed,
            self.reference_connector.changed,
        ):
            source.connect(self.refresh_soon)
        session.store.replace_requested.connect(
            lambda other: commands.saving.confirm_unsaved(other.accept, other.decline)
        )
        session.model_changed.connect(self._follow_model)
        session.notified.connect(self.message.show_notice)
        session.changed.connect(self.message.dismiss_warning)
        session.device_refused.connect(commands.models.refuse_device)
        self.preferences.compute_changed.connect(commands.models.load_model)
        self.project_files.file_used.connect(self._recent_files.add)
        self.project_files.changed_outside.connect(commands.saving.resolve_blocked)
        self.reference_connector.opened.connect(lambda: self.show_dock("reference"))

    def _connect_widgets(self) -> None:
        session, state = self.session, self.state
        self.canvas.set_tool_context(ToolContext(session, state, self.canvas))
        self.canvas.set_tool(self.tools[state.choices.tool])
        state.changed.connect(self._follow_choices)
        self.canvas.hovered.connect(lambda cell: self.status.show_cell(session, state.choices, cell))
        self.canvas.viewport_changed.connect(lambda: self.status.show_zoom(self.canvas.zoom_percent()))
        self.canvas.menu_requested.connect(self._menus.open_on_canvas)
        self.canvas.size_stepped.connect(lambda step: state.set(replace(state.choices, size=state.choices.size + step)))
        self.hint.dismissed.connect(self._dismiss_hint)
        self.strip.level_chosen.connect(state.set_level)
        self.strip.run_requested.connect(session.generation.run)
        self.strip.menu_requested.connect(self._menus.open_for_level)
        self.clusters.selected.connect(self._choices.select_clusters)
        self.clusters.shown_toggled.connect(state.toggle_only)
        self.clusters.activated.connect(state.activate)
        self.clusters.lock_toggled.connect(self._choices.toggle_lock)
        self.clusters.renamed.connect(session.document_editor.rename)
        self.clusters.menu_requested.connect(self._menus.open_for_clusters)

    def _follow_choices(self, before: Choices, now: Choices) -> None:
        if now.tool != before.tool:
            self.canvas.set_tool(self.tools[now.tool])
        self.preferences.store_choices()
        self.canvas.refresh_hover()
        self.refresh_soon()

    def _dismiss_hint(self) -> None:
        self.preferences.set(replace(self.preferences.current, hint_seen=True))

    def _follow_model(self) -> None:
        self._generate.show_model()
        self._choices.follow_model()
        self.refresh_soon()

    # -- refresh --------------------------------------------------------------------------------

    @property
    def refresh_pending(self) -> bool:
        """Whether a refresh is scheduled."""
        return self._refresh_timer.isActive()

    def refresh_soon(self) -> None:
        """Refresh everything once, when the event loop is next idle."""
        if not self._refresh_timer.isActive():
            self._refresh_timer.start()

    def _refresh(self) -> None:
        session = self.session
        self._choices.fit_to_document()
        choices = self.state.choices
        self._presenter.refresh()
        self.status.show_cell(session, choices, self.canvas.cell)
        self._show_page()
        self.strip.show_views(level_cards.cards(session, choices, self._images))
        self.clusters.show_rows(cluster_rows(session, choices), cluster_summary(session, choices), choices.selected)
        self._refresh_actions()
        for connector in (self._generate, self.results_connector, self.reference_connector):
            connector.refresh()
        self._show_title()
        self.status.show_session(session, self.model_manager.progress)
        self.status.show_zoom(self.canvas.zoom_percent())
        self.welcome_page.show_status(model_status.model_line(session))

    def _show_page(self) -> None:
        page = self.results if self.results_connector.comparing else self.canvas
        self.stack.setCurrentWidget(page if self.canvas.layers is not None else self.welcome_page)
        hint_seen = self.user_settings.preferences.hint_seen
        self.hint.setVisible(self.stack.currentWidget() is self.canvas and not hint_seen)

    def _refresh_actions(self) -> None:
        session, choices, actions = self.session, self.state.choices, self.action_set
        actions.refresh(action_conditions.conditions(session, choices, self.project_files.locked_elsewhere))
        actions.check(f"view.theme_{self.user_settings.preferences.theme}")
        self.bars.refresh(session, choices)

    def _show_title(self) -> None:
        if self.session.document is None:
            self.setWindowTitle("NVG Studio")
        else:
            self.setWindowTitle(f"{self.session.name}[*] - NVG Studio")
        self.setWindowModified(self.session.document is not None and self.session.modified)

    # -- window ---------------------------------------------------------------------------------

    def lock_cluster(self, cluster: int, kind: LockKind | None) -> None:
        """Lock a cluster of the active level, or release it (None)."""
        editor, level, clusters = self.session.document_editor, self.state.choices.level, frozenset((cluster,))
        if kind is None:
            editor.unlock_clusters(level, clusters)
        else:
            editor.lock_clusters(level, clusters, kind)

    def show_dock(self, name: str) -> None:
        """Bring a dock to the front."""
        dock = self.findChild(QDockWidget, f"dock.{name}")
        if dock is not None:
            dock.show()
            dock.raise_()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if may_be_usable(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.setAccepted(self.commands.files.open_data(event.mimeData(), "dropped picture"))

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.closing.ready:
            event.ignore()
            self.commands.saving.confirm_unsaved(self.close_without_asking)
            return
        self.user_settings.save_window(self.saveGeometry(), self.saveState())
        self.user_settings.close()
        if not self.closing.work_stays:
            self.session.autosaver.discard_on_close()
        # Late answers would start timers and jobs for a window that is closed.
        self.session.stop()
        self.message.clear()
        self._presenter.stop()
        self._refresh_timer.stop()
        self.reference_controller.close()
        self.recovery.close()
        event.accept()

    def close_without_asking(self) -> None:
        """Close without asking about unsaved changes, once files that are being written are complete."""
        self.closing.start()

    def _close(self) -> None:
        self.close()

    def _restore_window(self) -> None:
        title_bar = self.style().pixelMetric(QStyle.PixelMetric.PM_TitleBarHeight)  # its own frame is not known yet
        self.resize(first_size(self.screen().availableGeometry().size(), title_bar))
        if self.user_settings.geometry is not None:
            self.restoreGeometry(self.user_settings.geometry)
        if self.user_settings.layout is not None:
            self.restoreState(self.user_settings.layout)
