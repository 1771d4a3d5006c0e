"""The main window: puts the parts together, and brings them up to date when session or choices change."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QDockWidget, QGridLayout, QMainWindow, QMenu, QStackedWidget, QVBoxLayout, QWidget

from nvg_studio.ui import presenter
from nvg_studio.ui.action_set import ActionSet
from nvg_studio.ui.bars import Bars
from nvg_studio.ui.canvas.view import CanvasView
from nvg_studio.ui.closing import Closing
from nvg_studio.ui.cluster_rows import cluster_rows, cluster_summary
from nvg_studio.ui.commands import Commands
from nvg_studio.ui.docks.clusters import ClusterRow, ClustersDock
from nvg_studio.ui.empty import EmptyState
from nvg_studio.ui.exporting import Exporter
from nvg_studio.ui.files import Files
from nvg_studio.ui.hint import Hint
from nvg_studio.ui.incoming import may_be_usable
from nvg_studio.ui.making_docks import MakingDocks
from nvg_studio.ui.messages import MessageBar
from nvg_studio.ui.models import Models
from nvg_studio.ui.preferences import PHOTO_STRUCTURES
from nvg_studio.ui.recovering import Recovering
from nvg_studio.ui.session import Session
from nvg_studio.ui.settings import Remembered
from nvg_studio.ui.shown import ShownPicture
from nvg_studio.ui.state import EditorState, LockKind
from nvg_studio.ui.status import StatusBar
from nvg_studio.ui.strip import LevelStrip
from nvg_studio.ui.theme import Theme
from nvg_studio.ui.timers import single_shot
from nvg_studio.ui.tools import Desk, make_tools

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

    def __init__(self, session: Session, theme: Theme, remembered: Remembered) -> None:
        super().__init__()
        self.session, self.theme, self.remembered = session, theme, remembered
        self.state = EditorState(self)
        self.files = Files(session.context, session.read_photo, session)
        self.models = Models(session)
        self.exporter = Exporter(session, lambda: remembered.folder, self)
        self.shown = ShownPicture(session.jobs, self)
        self.before = ShownPicture(session.jobs, self)
        self.tools = make_tools()
        self.canvas = CanvasView(theme)
        self.commands = Commands(self)
        self.recovering = Recovering(session.context, session.keeper, self.commands.settle, self)
        self.closing = Closing(self, session.jobs, self.exporter, self.models.stop)
        preferences = remembered.preferences
        theme.prefer(preferences.theme)
        session.making.exact_pixels = preferences.exact_pixels
        session.photo_structure = PHOTO_STRUCTURES[preferences.photo_structure]
        session.keeper.pause(preferences.autosave_s)
        self.state.update(
            palette=preferences.palette,
            exact_pixels=preferences.exact_pixels,
            contiguous=preferences.contiguous,
        )
        self.actions_set = ActionSet(self, self.commands.table(), theme)
        self._images = presenter.ImageCache()
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
        self.message = MessageBar(self.theme, self.actions_set)
        self.hint = Hint()
        self.empty = EmptyState(self.theme, self.actions_set)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.canvas)
        self.making = MakingDocks(self)
        self.generate, self.history, self.results = self.making.generate, self.making.history, self.making.results
        self.reference = self.making.reference
        self.stack.addWidget(self.results)
        self.strip = LevelStrip(self.theme)
        self.setCentralWidget(self._middle())
        self.menus = self.actions_set.fill_menus(self.menuBar())
        self.bars = Bars(self, self.actions_set, self.theme, self.state)
        self._build_docks()
        self.status = StatusBar()
        self.setStatusBar(self.status)
        self.recent_menu = QMenu("Open &recent", self)
        self.menus["&File"].insertMenu(self.actions_set["file.paste"], self.recent_menu)
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
        self.clusters = ClustersDock(self.theme, self.actions_set)
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
        docks[2].visibilityChanged.connect(self.history.come_forward)
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
        self.canvas.set_desk(Desk(session, state, self.canvas))
        self.canvas.set_tool(self.tools[state.now.tool])
        for source in (session.changed, session.pictures_changed, session.opening_changed, session.runs.changed):
            source.connect(self.refresh_soon)
        session.store.replace_asked.connect(lambda other: self.commands.settle(other.accept, other.decline))
        self.files.changed.connect(self.refresh_soon)
        session.model_changed.connect(self._model_changed)
        session.flashed.connect(self._start_flash)
        session.said.connect(self.message.say)
        session.changed.connect(self.message.move_on)
        session.device_refused.connect(self.commands.device_refused)
        for picture in (self.shown, self.before):
            picture.changed.connect(self.refresh_soon)
        state.changed.connect(self._state_changed)
        self.files.used.connect(self._file_used)
        self.files.changed_outside.connect(self.commands.ask_changed)
        self.canvas.hovered.connect(lambda cell: self.status.show_cell(session, state.now, cell))
        self.canvas.viewport_changed.connect(lambda: self.status.show_zoom(self.canvas.zoom_percent()))
        self.canvas.menu_asked.connect(self._canvas_menu)
        self.canvas.size_stepped.connect(lambda step: state.update(size=state.now.size + step))
        self.hint.dismissed.connect(lambda: self.prefer(hint_seen=True))
        self.strip.level_chosen.connect(state.set_level)
        self.strip.run_asked.connect(session.making.run)
        self.strip.menu_asked.connect(self._level_menu)
        self.clusters.selected.connect(self._clusters_selected)
        self.clusters.shown_toggled.connect(state.toggle_only)
        self.clusters.taken.connect(state.take)
        self.clusters.lock_toggled.connect(self._toggle_lock)
        self.clusters.renamed.connect(session.editing.rename)
        self.clusters.menu_asked.connect(self._cluster_menu)
        self.theme.changed.connect(self.refresh_soon)
        self.models.changed.connect(self.refresh_soon)

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
        choices = self.state.now
        session.renderings.want(presenter.wishes(session, choices))
        self.shown.show(presenter.recipe(session, choices))
        self.before.show(presenter.before(session, choices))
        layers = presenter.layers(session, choices, self.shown.image, self.before.image, self._flash)
        self.canvas.show_layers(layers)
        self.canvas.refresh_hover()
        self.status.show_cell(session, choices, self.canvas.cell)
        middle = self.results if self.making.comparing else self.canvas
        self.stack.setCurrentWidget(middle if layers is not None else self.empty)
        self.strip.show_views(presenter.cards(session, choices, self._images))
        self.clusters.show_rows(cluster_rows(session, choices), cluster_summary(session, choices), choices.selected)
        self.hint.setVisible(self.stack.currentWidget() is self.canvas and not self.remembered.preferences.hint_seen)
        self._show_actions()
        self.making.refresh()
        self._show_title()
        self.status.show_session(session, self.models.progress)
        self.status.show_zoom(self.canvas.zoom_percent())
        self.empty.show_status(presenter.model_line(session))

    def _show_actions(self) -> None:
        session, choices, actions = self.session, self.state.now, self.actions_set
        actions.refresh(presenter.conditions(session, choices, self.files.locked))
        actions.check(f"view.theme_{self.remembered.preferences.theme}")
        self.bars.show(session, choices)

    def _show_title(self) -> None:
        if self.session.document is None:
            self.setWindowTitle("NVG Studio")
        else:
            self.setWindowTitle(f"{self.session.name}[*] - NVG Studio")
        self.setWindowModified(self.session.document is not None and self.session.modified)

    def _state_changed(self, names: frozenset[str]) -> None:
        if "tool" in names:
            self.canvas.set_tool(self.tools[self.state.now.tool])
        if "exact_pixels" in names:
            self.session.making.exact_pixels = self.state.now.exact_pixels
            self.remembered.prefer(exact_pixels=self.state.now.exact_pixels)
        if "level" in names and self.session.document is not None:
            self._take_empty_sibling()
        if names & {"palette", "contiguous"}:
            self.remembered.prefer(palette=self.state.now.palette, contiguous=self.state.now.contiguous)
        self.canvas.refresh_hover()
        self.refresh_soon()

    def _take_empty_sibling(self) -> None:
        """Where the cluster in hand is all of its parent, painting with it does nothing: take the other half."""
        now = self.state.now
        if now.level and now.level <= self.session.depth:
            labels, sibling = self.session.labels(now.level), now.cluster ^ 1
            if (labels == now.cluster).any() and not (labels == sibling).any():
                self.state.update(cluster=sibling, other=now.cluster)

    def _model_changed(self) -> None:
        info = self.session.info
        self.making.show_model()
        if info is not None:
            self.state.update(balanced=not info.trained_free)
        self.refresh_soon()

    # -- what widgets ask for -------------------------------------------------------------------

    def lock_cluster(self, cluster: int, kind: LockKind | None) -> None:
        """Lock a cluster of the active level, or release it (None)."""
        editing, level, clusters = self.session.editing, self.state.now.level, frozenset((cluster,))
        if kind is None:
            editing.unlock_clusters(level, clusters)
        else:
            editing.lock_clusters(level, clusters, kind)

    def _clusters_selected(self, clusters: frozenset[int]) -> None:
        """Select clusters that were clicked in their dock; a single one is what is painted with from now on."""
        self.state.update(selected=clusters)
        if len(clusters) == 1:
            self.state.take(min(clusters))

    def _toggle_lock(self, row: ClusterRow, kind: LockKind) -> None:
        held = {LockKind.LAYOUT: row.layout, LockKind.COARSE: row.content, LockKind.REGION: row.region}[kind]
        editing = self.session.editing
        toggle = editing.unlock_clusters if held == "all" else editing.lock_clusters
        toggle(row.level, frozenset((row.cluster,)), kind)

    def _canvas_menu(self, cluster: int | None, where: QPointF) -> None:
        if cluster is None:
            return
        if cluster not in self.state.now.selected:
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
                menu.addAction(self.actions_set[name])
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

    def prefer(self, **values: Any) -> None:
        """Choose other `Preferences` and follow them; the model is loaded anew where it is to compute elsewhere."""
        before = self.remembered.preferences
        self.remembered.prefer(**values)
        now = self.remembered.preferences
        self.theme.prefer(now.theme)
        self.session.keeper.pause(now.autosave_s)
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
            self.remembered.keep_window(self.saveGeometry(), self.saveState())
            self.remembered.close()
            # Answers that come late would start timers and jobs for a window that is gone.
            if not self.closing.work_stays:
                self.session.keeper.give_up()
            self.session.stop()
            self.message.clear()
            self._flash_timer.stop()
            self._refresh_timer.stop()
            self.making.close()
            self.recovering.close()
            event.accept()
            return
        event.ignore()
        self.commands.settle(self.close_for_good)

    def close_for_good(self) -> None:
        """Close without asking about unsaved changes, once files that are being written are whole."""
        self.closing.begin()

    def _file_used(self, path: Path) -> None:
        self.remembered.add_recent(path)
        self._fill_recent()

    def _fill_recent(self) -> None:
        self.recent_menu.clear()
        for name in self.remembered.recent:
            action = self.recent_menu.addAction(Path(name).name)
            action.setToolTip(name)
            action.triggered.connect(lambda _=False, path=Path(name): self.commands.open_path(path))
        self.recent_menu.setEnabled(bool(self.remembered.recent))

    def _restore_window(self) -> None:
        self.resize(1280, 800)
        if self.remembered.geometry is not None:
            self.restoreGeometry(self.remembered.geometry)
        if self.remembered.layout is not None:
            self.restoreState(self.remembered.layout)

    def _start_flash(self, cells: NDArray[np.bool_]) -> None:
        self._flash = cells
        self._flash_timer.start()
        self.refresh_soon()

    def _end_flash(self) -> None:
        self._flash = None
        self.refresh_soon()
