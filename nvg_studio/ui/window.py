"""The main window: puts the parts together, and brings them up to date when session or choices change."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, QSignalBlocker, QSize, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QColor, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QMainWindow,
    QMenu,
    QSlider,
    QStackedWidget,
    QToolBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from nvg_studio.imaging.draw import label_colours
from nvg_studio.ui import presenter
from nvg_studio.ui.action_set import ActionSet
from nvg_studio.ui.canvas.view import CanvasView
from nvg_studio.ui.commands import Commands
from nvg_studio.ui.docks.clusters import ClustersDock
from nvg_studio.ui.docks.generate import GenerateDock
from nvg_studio.ui.docks.history import HistoryDock
from nvg_studio.ui.empty import EmptyState
from nvg_studio.ui.files import Files
from nvg_studio.ui.messages import MessageBar
from nvg_studio.ui.options import ToolOptions
from nvg_studio.ui.session import Session
from nvg_studio.ui.settings import Remembered
from nvg_studio.ui.shown import ShownPicture
from nvg_studio.ui.state import EditorState, LockKind, ViewMode
from nvg_studio.ui.status import StatusBar
from nvg_studio.ui.strip import LevelStrip
from nvg_studio.ui.theme import Theme
from nvg_studio.ui.timers import single_shot
from nvg_studio.ui.tools import Desk, make_tools

FLASH_MS = 450


class MainWindow(QMainWindow):
    """Canvas in the middle, levels below, tools on the left, docks on the right."""

    def __init__(self, session: Session, theme: Theme, remembered: Remembered) -> None:
        super().__init__()
        self.session, self.theme, self.remembered = session, theme, remembered
        self.state = EditorState(self)
        self.files = Files(session)
        self.shown = ShownPicture(session.jobs, self)
        self.tools = make_tools()
        self.canvas = CanvasView(theme)
        self.commands = Commands(self)
        theme.prefer(remembered.theme)
        self.actions_set = ActionSet(self, self.commands.table(), theme)
        self._images = presenter.ImageCache()
        self._settled = False
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
        self.message = MessageBar(self.theme)
        self.empty = EmptyState(self.theme, self.actions_set)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.canvas)
        self.strip = LevelStrip(self.theme)
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.message)
        column.addWidget(self.stack, stretch=1)
        self.setCentralWidget(middle)
        self.menus = self.actions_set.fill_menus(self.menuBar())
        self._build_bars()
        self._build_docks()
        self.status = StatusBar()
        self.setStatusBar(self.status)
        self.recent_menu = QMenu("Open &recent", self)
        self.menus["&File"].insertMenu(self.actions_set["file.paste"], self.recent_menu)
        self._fill_recent()

    def _build_bars(self) -> None:
        main = self._bar("main", "File and tool options", Qt.ToolBarArea.TopToolBarArea, 20)
        self.options = ToolOptions(self.theme, self.actions_set)
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setFixedWidth(72)
        self.opacity.setToolTip("Opacity of the overlay")
        self.opacity.setAccessibleName("Opacity of the overlay")
        self._fill_bar(main, "main")
        main.addSeparator()
        self._options_action = main.addWidget(self.options)
        stretch = QWidget()
        stretch.setSizePolicy(stretch.sizePolicy().Policy.Expanding, stretch.sizePolicy().Policy.Preferred)
        main.addWidget(stretch)
        self._opacity_action = main.addWidget(self.opacity)
        self._fill_bar(main, "view")
        tools = self._bar("tools", "Tools", Qt.ToolBarArea.LeftToolBarArea, 22)
        self._fill_bar(tools, "tools")

    def _bar(self, name: str, title: str, area: Qt.ToolBarArea, icon: int) -> QToolBar:
        bar = QToolBar(title)
        bar.setObjectName(name)
        bar.setIconSize(QSize(icon, icon))
        bar.setMovable(False)
        bar.toggleViewAction().setVisible(False)
        self.addToolBar(area, bar)
        return bar

    def _fill_bar(self, bar: QToolBar, name: str) -> None:
        for spec, action in self.actions_set.on_bar(name):
            if spec.line:
                bar.addSeparator()
            bar.addAction(action)
            button = bar.widgetForAction(action)
            if isinstance(button, QToolButton):
                button.setObjectName(f"button.{spec.name}")
                button.setAccessibleName(action.text().replace("&", ""))

    def _build_docks(self) -> None:
        self.clusters = ClustersDock(self.theme)
        self.generate = GenerateDock(self.theme)
        self.history = HistoryDock(self.theme)
        right = Qt.DockWidgetArea.RightDockWidgetArea
        docks = [
            self._dock(n, w, right)
            for n, w in (("Clusters", self.clusters), ("History", self.history), ("Generate", self.generate))
        ]
        self.tabifyDockWidget(docks[0], docks[1])
        for dock in docks[:2]:
            dock.setTitleBarWidget(QWidget())  # the tab already says what it is
        docks[0].raise_()
        self.setTabPosition(right, self.tabPosition(Qt.DockWidgetArea.TopDockWidgetArea).North)
        self.resizeDocks([docks[0], docks[2]], [240, 320], Qt.Orientation.Vertical)
        self.resizeDocks([docks[0]], [300], Qt.Orientation.Horizontal)
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
        for signal in (session.changed, session.pictures_changed, session.opening_changed, session.runs.changed):
            signal.connect(self.refresh_soon)
        session.model_changed.connect(self._model_changed)
        session.runs.settings_changed.connect(self._show_settings)
        session.flashed.connect(self._start_flash)
        session.said.connect(self.message.say)
        self.shown.changed.connect(self.refresh_soon)
        state.changed.connect(self._state_changed)
        self.files.used.connect(self._file_used)
        self.canvas.hovered.connect(lambda cell: self.status.show_cell(session, state.now, cell))
        self.canvas.viewport_changed.connect(lambda: self.status.show_zoom(self.canvas.zoom_percent()))
        self.canvas.menu_asked.connect(self._cluster_menu)
        self.strip.level_chosen.connect(state.set_level)
        self.strip.run_asked.connect(session.run)
        self.options.changed.connect(lambda values: state.update(**values))
        self.opacity.valueChanged.connect(lambda value: state.update(opacity=value / 100))
        self.clusters.selected.connect(lambda cluster: state.update(selected=cluster))
        self.clusters.taken.connect(state.take)
        self.clusters.layout_toggled.connect(lambda c: self._toggle_lock(c, LockKind.LAYOUT))
        self.clusters.region_toggled.connect(lambda c: self._toggle_lock(c, LockKind.REGION))
        self.history.visited.connect(session.visit)
        self.history.candidate_chosen.connect(session.accept_candidate)
        generate = self.generate
        generate.settings_changed.connect(session.runs.set_settings)
        generate.keep_seed_changed.connect(session.runs.set_keep_seed)
        generate.dice_asked.connect(session.runs.roll)
        generate.run_asked.connect(self._run_or_generate)
        generate.run_here_asked.connect(self.actions_set["run.here"].trigger)
        generate.cancel_asked.connect(session.runs.cancel)
        self.theme.changed.connect(self.refresh_soon)

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
        layers = presenter.layers(session, choices, self.shown.image, self._flash)
        self.canvas.show_layers(layers)
        self.canvas.refresh_hover()
        self.stack.setCurrentWidget(self.canvas if layers is not None else self.empty)
        self.strip.show_views(presenter.cards(session, choices, self._images))
        rows, summary = presenter.cluster_rows(session, choices)
        self.clusters.show_rows(rows, summary, choices.selected)
        self._show_history()
        self._show_run()
        self._show_actions()
        self._show_title()
        self.status.show_session(session)
        self.status.show_zoom(self.canvas.zoom_percent())
        self.empty.show_status(presenter.model_line(session))

    def _show_history(self) -> None:
        document = self.session.document
        if document is None:
            self.history.show_steps((), 0, ())
            return
        waiting = tuple(
            f"Result from level {r.request.stage}, made from an earlier step" for r in self.session.candidates
        )
        self.history.show_steps(document.titles, document.index, waiting)

    def _show_run(self) -> None:
        session, run = self.session, self.session.runs.running
        done, total = 0, 0
        if run is not None:
            total = session.depth + 1 - run.request.stage
            done = 0 if run.stage is None else run.stage + 1 - run.request.stage
        can_run = session.can_run and session.document is not None
        self.generate.show_run(
            can_run,
            run is not None,
            presenter.run_line(session),
            done,
            total,
            session.lowest_changed or 0,
            self.state.now.level,
        )

        if session.document is None:
            self.generate.show_first_run(session.can_run)

    def _show_actions(self) -> None:
        session, choices, actions = self.session, self.state.now, self.actions_set
        actions.refresh(presenter.conditions(session, choices))
        actions.check(f"tool.{choices.tool}")
        actions.check(f"view.{choices.view}")
        actions.check(f"level.{choices.level}")
        actions.check(f"view.theme_{self.remembered.theme or 'system'}")
        for name in ("inside_parent", "balanced"):
            actions.check(f"brush.{name}", getattr(choices, name))
        actions.check("edit.exact", choices.exact_pixels)
        actions.check("view.level_picture", choices.level_picture)
        colours = label_colours(choices.level)
        front, back = (QColor(*(int(v) for v in colours[c])) for c in (choices.cluster, choices.other))
        self.options.show_choices(choices, (front, back))
        with QSignalBlocker(self.opacity):
            self.opacity.setValue(round(choices.opacity * 100))
        self._options_action.setVisible(session.document is not None)
        self._opacity_action.setVisible(choices.view is ViewMode.OVERLAY)

    def _show_title(self) -> None:
        if self.session.document is None:
            self.setWindowTitle("NVG Studio")
        else:
            self.setWindowTitle(f"{self.session.name}[*] - NVG Studio")
        self.setWindowModified(self.session.document is not None and self.session.modified)

    def _show_settings(self) -> None:
        runs = self.session.runs
        self.generate.show_settings(runs.settings, runs.keep_seed)

    def _state_changed(self, names: frozenset[str]) -> None:
        if "tool" in names:
            self.canvas.set_tool(self.tools[self.state.now.tool])
        if "exact_pixels" in names:
            self.session.exact_pixels = self.state.now.exact_pixels
        self.canvas.refresh_hover()
        self.refresh_soon()

    def _model_changed(self) -> None:
        info = self.session.info
        self.generate.show_model(info)
        self._show_settings()
        if info is not None:
            self.state.update(balanced=not info.trained_free)
        self.refresh_soon()

    # -- what widgets ask for -------------------------------------------------------------------

    def lock_cluster(self, cluster: int, kind: LockKind | None) -> None:
        """Lock a cluster of the active level, or release it (None)."""
        self.session.lock_cluster(self.state.now, cluster, kind)

    def _toggle_lock(self, cluster: int, kind: LockKind) -> None:
        row = self.clusters.model.rows[cluster]
        held = row.layout if kind is LockKind.LAYOUT else row.region
        self.lock_cluster(cluster, None if held == "all" else kind)

    def _cluster_menu(self, cluster: int | None, where: QPointF) -> None:
        if cluster is None:
            return
        self.state.update(selected=cluster)
        self._show_actions()
        menu = QMenu(self)
        for name in ("take", "lock_layout", "lock_region", "lock_coarse", "unlock"):
            menu.addAction(self.actions_set[f"cluster.{name}"])
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(QPoint(round(where.x()), round(where.y())))

    def _run_or_generate(self) -> None:
        self.actions_set["file.generate" if self.session.document is None else "run.run"].trigger()

    def prefer_theme(self, name: str | None) -> None:
        """Use a theme from now on, or follow the system (None)."""
        self.remembered.theme = name
        self.theme.prefer(name)

    # -- window manners -------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasImage() or any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.setAccepted(self.commands.open_data(event.mimeData(), "dropped picture"))

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._settled:
            self.remembered.keep_window(self.saveGeometry(), self.saveState())
            self.message.clear()
            self._flash_timer.stop()
            event.accept()
            return
        event.ignore()
        self.commands.settle(self.close_for_good)

    def close_for_good(self) -> None:
        """Close without asking about unsaved changes."""
        self._settled = True
        QTimer.singleShot(0, self.close)

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
