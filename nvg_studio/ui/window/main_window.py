"""The main window: puts the parts together, and brings them up to date when session or choices change."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QDockWidget, QGridLayout, QMainWindow, QMenu, QStackedWidget, QStyle, QVBoxLayout, QWidget

from nvg_studio.editor.choices import EditorState, LockKind
from nvg_studio.editor.files.preferences import PHOTO_STRUCTURES
from nvg_studio.editor.files.project_files import ProjectFiles
from nvg_studio.editor.files.user_settings import UserSettings
from nvg_studio.editor.model_manager import ModelManager
from nvg_studio.editor.session import Session
from nvg_studio.editor.timers import single_shot
from nvg_studio.ui.actions.action_set import ActionSet
from nvg_studio.ui.canvas.displayed_picture import DisplayedPicture
from nvg_studio.ui.canvas.tool import ToolContext
from nvg_studio.ui.canvas.view import CanvasView
from nvg_studio.ui.docks.clusters import ClusterRow, ClustersDock
from nvg_studio.ui.docks.level_strip import LevelStrip
from nvg_studio.ui.qt.dropped_data import may_be_usable
from nvg_studio.ui.qt.theme import Theme
from nvg_studio.ui.tools import make_navigation_tools, make_tools
from nvg_studio.ui.view_models import action_conditions, canvas_layers, level_cards, model_status
from nvg_studio.ui.view_models.cluster_rows import cluster_rows, cluster_summary
from nvg_studio.ui.window.beginner_hint import BeginnerHint
from nvg_studio.ui.window.closing import ClosingController
from nvg_studio.ui.window.commands import Commands
from nvg_studio.ui.window.export import ExportController
from nvg_studio.ui.window.first_size import first_size
from nvg_studio.ui.window.generation_docks import GenerationDocks
from nvg_studio.ui.window.message_bar import MessageBar
from nvg_studio.ui.window.recovery import RecoveryController
from nvg_studio.ui.window.status_bar import StatusBar
from nvg_studio.ui.window.toolbars import Toolbars
from nvg_studio.ui.window.welcome_page import WelcomePage

FLASH_MS = 450
LOCK_MENU = ("cluster.lock_layout", "cluster.lock_region", "cluster.lock_coarse", "cluster.unlock")
CLUSTER_MENU = (
    *("cluster.take", "cluster.content", "cluster.colour", ""),
    *("cluster.rename", "cluster.only", "cluster.show_all", ""),
    *(*LOCK_MENU, "", "cluster.merge", "cluster.swap", "cluster.balance"),
)
LEVEL_LOCKS = ("level.lock_layout", "level.lock_coarse", "cluster.unlock_all", "level.release_layout")
LEVEL_MENU = ("run.here", "", *LEVEL_LOCKS, "", "cluster.balance")


class MainWindow(QMainWindow):
    """Canvas in the middle, levels below, tools on the left, docks on the right."""

    def __init__(self, session: Session, theme: Theme, remembered: UserSettings) -> None:
        super().__init__()
        self.session, self.theme, self.user_settings = session, theme, remembered
        self.state = EditorState(self)
        self.project_files = ProjectFiles(session.context, session.read_photo, session)
        self.model_manager = ModelManager(session)
        self.export_controller = ExportController(session, lambda: remembered.folder, self)
        self.displayed = DisplayedPicture(session.background, self)
        self.comparison = DisplayedPicture(session.background, self)
        self.tools = make_tools()
        self.canvas = CanvasView(theme, make_navigation_tools())
        self.commands = Commands(self)
        self.recovery = RecoveryController(session.context, session.autosaver, self.commands.confirm_unsaved, self)
        self.closing = ClosingController(self, session.background, self.export_controller, self.model_manager.stop)
        preferences = remembered.preferences
        theme.set_scheme(preferences.theme)
        session.generation.exact_pixels = preferences.exact_pixels
        session.photo_structure = PHOTO_STRUCTURES[preferences.photo_structure]
        session.autosaver.set_delay(preferences.autosave_s)
        self.state.update(
            palette=preferences.palette,
            exact_pixels=preferences.exact_pixels,
            contiguous=preferences.contiguous,
        )
        self.action_set = ActionSet(self, self.commands.handlers(), theme)
        self._images = level_cards.ImageCache()
        self._flash: NDArray[np.bool_] | None = None
        self._refresh_timer = single_shot(self, 0, self._refresh)
        self._flash_timer = single_shot(self, FLASH_MS, self._end_flash)
        self._build()
        self._connect()
        self._restore_window()
        self._model_changed()
        self._refresh()

    # -- putting together -----------------------------------------------------------------------

    def _build(self) -> None:
        self.setAcceptDrops(True)
        self.setDockOptions(QMainWindow.DockOption.AllowTabbedDocks | QMainWindow.DockOption.AnimatedDocks)
        self.setDocumentMode(True)
        self.message = MessageBar(self.theme, self.action_set)
        self.hint = BeginnerHint()
        self.welcome_page = WelcomePage(self.theme, self.action_set)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.welcome_page)
        self.stack.addWidget(self.canvas)
        self.generation_docks = GenerationDocks(self)
        self.generate, self.history, self.results = (
            self.generation_docks.generate,
            self.generation_docks.history,
            self.generation_docks.results,
        )
        self.reference = self.generation_docks.reference
        self.stack.addWidget(self.results)
        self.strip = LevelStrip(self.theme)
        self.setCentralWidget(self._middle())
        self.menus = self.action_set.fill_menus(self.menuBar())
        self.bars = Toolbars(self, self.action_set, self.theme, self.state)
        self._build_docks()
        self.status = StatusBar()
        self.setStatusBar(self.status)
        self.recent_menu = QMenu("Open &recent", self)
        self.menus["&File"].insertMenu(self.action_set["file.paste"], self.recent_menu)
        self._fill_recent()

    def _middle(self) -> QWidget:
        """The hint over the stack of pages; messages float: a canvas that moved away from them would spoil a stroke."""
        middle = QWidget()
        layers = QGridLayout(middle)
        layers.setContentsMargins(0, 0, 0, 0)
        layers.setSpacing(0)
        layers.setRowStretch(1, 1)
        layers.addWidget(self.hint, 0, 0)
        layers.addWidget(self.stack, 1, 0)
        edge = QVBoxLayout()
        edge.setContentsMargins(10, 0, 10, 8)
        edge.addWidget(self.message)
        layers.addLayout(edge, 1, 0, Qt.AlignmentFlag.AlignBottom)
        self.message.raise_()
        return middle

    def _build_docks(self) -> None:
        self.clusters = ClustersDock(self.theme, self.action_set)
        right = Qt.DockWidgetArea.RightDockWidgetArea
        named = {
            "Clusters": self.clusters,
            "Reference": self.reference,
            "History": self.history,
            "Generate": self.generate,
        }
        docks = [self._dock(name, widget, right) for name, widget in named.items()]
        for before, dock in pairwise(docks[:3]):
            self.tabifyDockWidget(before, dock)
        for dock in docks[:3]:
            dock.setTitleBarWidget(QWidget())  # the tab already says what it is
        docks[0].raise_()
        docks[2].visibilityChanged.connect(self.history.show_latest)
        self.setTabPosition(right, self.tabPosition(Qt.DockWidgetArea.TopDockWidgetArea).North)
        self.resizeDocks([docks[0], docks[3]], [256, 324], Qt.Orientation.Vertical)
        self.resizeDocks([docks[0]], [312], Qt.Orientation.Horizontal)
        strip = self._dock("Levels", self.strip, Qt.DockWidgetArea.BottomDockWidgetArea)
        strip.setTitleBarWidget(QWidget())
        strip.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
        for corner in (Qt.Corner.BottomLeftCorner, Qt.Corner.BottomRightCorner):
            self.setCorner(corner, Qt.DockWidgetArea.BottomDockWidgetArea)
        self.menus["&View"].addSeparator()
        for dock in docks:
            self.menus["&View"].addAction(dock.toggleViewAction())

    def _dock(self, title: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title)
        dock.setObjectName(f"dock.{title.lower()}")
        dock.setWidget(widget)
        self.addDockWidget(area, dock)
        return dock

    def _connect(self) -> None:
        session, state = self.session, self.state
        self.canvas.set_tool_context(ToolContext(session, state, self.canvas))
        self.canvas.set_tool(self.tools[state.choices.tool])
        for source in (
            session.changed,
            session.pictures_changed,
            session.pending_photo_changed,
            session.run_queue.changed,
        ):
            source.connect(self.refresh_soon)
        session.store.replace_requested.connect(
            lambda other: self.commands.confirm_unsaved(other.accept, other.decline)
        )
        self.project_files.changed.connect(self.refresh_soon)
        session.model_changed.connect(self._model_changed)
        session.cells_rebalanced.connect(self._start_flash)
        session.notified.connect(self.message.show_notice)
        session.changed.connect(self.message.dismiss_warning)
        session.device_refused.connect(self.commands.device_refused)
        for picture in (self.displayed, self.comparison):
            picture.changed.connect(self.refresh_soon)
        state.changed.connect(self._state_changed)
        self.project_files.file_used.connect(self._file_used)
        self.project_files.changed_outside.connect(self.commands.ask_changed)
        self.canvas.hovered.connect(lambda cell: self.status.show_cell(session, state.choices, cell))
        self.canvas.viewport_changed.connect(lambda: self.status.show_zoom(self.canvas.zoom_percent()))
        self.canvas.menu_requested.connect(self._canvas_menu)
        self.canvas.size_stepped.connect(lambda step: state.update(size=state.choices.size + step))
        self.hint.dismissed.connect(lambda: self.update_preferences(hint_seen=True))
        self.strip.level_chosen.connect(state.set_level)
        self.strip.run_requested.connect(session.generation.run)
        self.strip.menu_requested.connect(self._level_menu)
        self.clusters.selected.connect(self._clusters_selected)
        self.clusters.shown_toggled.connect(state.toggle_only)
        self.clusters.activated.connect(state.activate)
        self.clusters.lock_toggled.connect(self._toggle_lock)
        self.clusters.renamed.connect(session.document_editor.rename)
        self.clusters.menu_requested.connect(self._cluster_menu)
        self.theme.changed.connect(self.refresh_soon)
        self.model_manager.changed.connect(self.refresh_soon)

    # -- bringing up to date --------------------------------------------------------------------

    @property
    def refresh_pending(self) -> bool:
        """Whether something waits to be shown."""
        return self._refresh_timer.isActive()

    def refresh_soon(self) -> None:
        """Bring everything up to date, once, when the event loop is next idle."""
        if not self._refresh_timer.isActive():
            self._refresh_timer.start()

    def _refresh(self) -> None:
        session = self.session
        if session.document is not None:
            self.state.fit_to(session.depth, session.grid)
        choices = self.state.choices
        session.stage_pictures.request(canvas_layers.requested_pictures(session, choices))
        self.displayed.show(canvas_layers.composition(session, choices))
        self.comparison.show(canvas_layers.comparison(session, choices))
        layers = canvas_layers.layers(session, choices, self.displayed.image, self.comparison.image, self._flash)
        self.canvas.show_layers(layers)
        self.canvas.refresh_hover()
        self.status.show_cell(session, choices, self.canvas.cell)
        middle = self.results if self.generation_docks.comparing else self.canvas
        self.stack.setCurrentWidget(middle if layers is not None else self.welcome_page)
        self.strip.show_views(level_cards.cards(session, choices, self._images))
        self.clusters.show_rows(cluster_rows(session, choices), cluster_summary(session, choices), choices.selected)
        self.hint.setVisible(self.stack.currentWidget() is self.canvas and not self.user_settings.preferences.hint_seen)
        self._show_actions()
        self.generation_docks.refresh()
        self._show_title()
        self.status.show_session(session, self.model_manager.progress)
        self.status.show_zoom(self.canvas.zoom_percent())
        self.welcome_page.show_status(model_status.model_line(session))

    def _show_actions(self) -> None:
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

    def _state_changed(self, names: frozenset[str]) -> None:
        if "tool" in names:
            self.canvas.set_tool(self.tools[self.state.choices.tool])
        if "exact_pixels" in names:
            self.session.generation.exact_pixels = self.state.choices.exact_pixels
            self.user_settings.update_preferences(exact_pixels=self.state.choices.exact_pixels)
        if "level" in names and self.session.document is not None:
            self._activate_empty_sibling()
        if names & {"palette", "contiguous"}:
            self.user_settings.update_preferences(
                palette=self.state.choices.palette, contiguous=self.state.choices.contiguous
            )
        self.canvas.refresh_hover()
        self.refresh_soon()

    def _activate_empty_sibling(self) -> None:
        """Where the active cluster is all of its parent, painting with it does nothing: take the other half."""
        now = self.state.choices
        if now.level and now.level <= self.session.depth:
            labels, sibling = self.session.labels(now.level), now.cluster ^ 1
            if (labels == now.cluster).any() and not (labels == sibling).any():
                self.state.update(cluster=sibling, other=now.cluster)

    def _model_changed(self) -> None:
        info = self.session.info
        self.generation_docks.show_model()
        if info is not None:
            self.state.update(balanced=not info.supports_unbalanced_trees)
        self.refresh_soon()

    # -- what widgets ask for -------------------------------------------------------------------

    def lock_cluster(self, cluster: int, kind: LockKind | None) -> None:
        """Lock a cluster of the active level, or release it (None)."""
        editing, level, clusters = self.session.document_editor, self.state.choices.level, frozenset((cluster,))
        if kind is None:
            editing.unlock_clusters(level, clusters)
        else:
            editing.lock_clusters(level, clusters, kind)

    def _clusters_selected(self, clusters: frozenset[int]) -> None:
        """Select clusters that were clicked in their dock; a single one is what is painted with from now on."""
        self.state.update(selected=clusters)
        if len(clusters) == 1:
            self.state.activate(min(clusters))

    def _toggle_lock(self, row: ClusterRow, kind: LockKind) -> None:
        held = {LockKind.LAYOUT: row.layout, LockKind.COARSE: row.content, LockKind.REGION: row.region}[kind]
        editing = self.session.document_editor
        toggle = editing.unlock_clusters if held == "all" else editing.lock_clusters
        toggle(row.level, frozenset((row.cluster,)), kind)

    def _canvas_menu(self, cluster: int | None, where: QPointF) -> None:
        if cluster is None:
            return
        if cluster not in self.state.choices.selected:
            self.state.update(selected=frozenset((cluster,)))
        self._cluster_menu(where.toPoint())

    def _cluster_menu(self, where: QPoint) -> None:
        self._menu(CLUSTER_MENU, where)

    def _level_menu(self, level: int, where: QPoint) -> None:
        self.state.set_level(level)
        self._menu(LEVEL_MENU, where)

    def _menu(self, names: tuple[str, ...], where: QPoint) -> None:
        """Open a menu of actions of the table; "" stands for a line."""
        self._show_actions()
        menu = QMenu(self)
        for name in names:
            if name:
                menu.addAction(self.action_set[name])
            else:
                menu.addSeparator()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(where)

    def show_dock(self, name: str) -> None:
        """Bring a dock to the front."""
        dock = self.findChild(QDockWidget, f"dock.{name}")
        if dock is not None:
            dock.show()
            dock.raise_()

    def update_preferences(self, **values: Any) -> None:
        """Choose other `Preferences` and follow them; the model is loaded anew where it is to compute elsewhere."""
        before = self.user_settings.preferences
        self.user_settings.update_preferences(**values)
        now = self.user_settings.preferences
        self.theme.set_scheme(now.theme)
        self.session.autosaver.set_delay(now.autosave_s)
        self.session.photo_structure = PHOTO_STRUCTURES[now.photo_structure]
        self.state.update(palette=now.palette, exact_pixels=now.exact_pixels)
        if (now.device, now.dtype) != (before.device, before.dtype):
            self.commands.load_model()
        self.refresh_soon()

    # -- window manners -------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if may_be_usable(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.setAccepted(self.commands.open_data(event.mimeData(), "dropped picture"))

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.closing.ready:
            self.user_settings.save_window(self.saveGeometry(), self.saveState())
            self.user_settings.close()
            # Answers that come late would start timers and jobs for a window that is gone.
            if not self.closing.work_stays:
                self.session.autosaver.discard_on_close()
            self.session.stop()
            self.message.clear()
            self._flash_timer.stop()
            self._refresh_timer.stop()
            self.generation_docks.close()
            self.recovery.close()
            event.accept()
            return
        event.ignore()
        self.commands.confirm_unsaved(self.close_without_asking)

    def close_without_asking(self) -> None:
        """Close without asking about unsaved changes, once files that are being written are whole."""
        self.closing.start()

    def _file_used(self, path: Path) -> None:
        self.user_settings.add_recent(path)
        self._fill_recent()

    def _fill_recent(self) -> None:
        self.recent_menu.clear()
        for name in self.user_settings.recent:
            action = self.recent_menu.addAction(Path(name).name)
            action.setToolTip(name)
            action.triggered.connect(lambda _=False, path=Path(name): self.commands.open_path(path))
        self.recent_menu.setEnabled(bool(self.user_settings.recent))

    def _restore_window(self) -> None:
        title_bar = self.style().pixelMetric(QStyle.PixelMetric.PM_TitleBarHeight)  # its own frame is not known yet
        self.resize(first_size(self.screen().availableGeometry().size(), title_bar))
        if self.user_settings.geometry is not None:
            self.restoreGeometry(self.user_settings.geometry)
        if self.user_settings.layout is not None:
            self.restoreState(self.user_settings.layout)

    def _start_flash(self, cells: NDArray[np.bool_]) -> None:
        self._flash = cells
        self._flash_timer.start()
        self.refresh_soon()

    def _end_flash(self) -> None:
        self._flash = None
        self.refresh_soon()
