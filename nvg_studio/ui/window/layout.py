"""The widgets of the main window, and their arrangement: canvas in the middle, levels below, docks on the right."""

from dataclasses import dataclass
from itertools import pairwise

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QGridLayout, QMainWindow, QMenu, QStackedWidget, QVBoxLayout, QWidget

from nvg_studio.editor.choices import EditorState
from nvg_studio.ui.actions.action_set import ActionSet
from nvg_studio.ui.canvas.view import CanvasView
from nvg_studio.ui.docks.clusters import ClustersDock
from nvg_studio.ui.docks.generate import GenerateDock
from nvg_studio.ui.docks.history import HistoryDock
from nvg_studio.ui.docks.level_strip import LevelStrip
from nvg_studio.ui.docks.reference import ReferenceDock
from nvg_studio.ui.qt.theme import Theme
from nvg_studio.ui.results.page import ResultsPage
from nvg_studio.ui.window.widgets.beginner_hint import BeginnerHint
from nvg_studio.ui.window.widgets.message_bar import MessageBar
from nvg_studio.ui.window.widgets.status_bar import StatusBar
from nvg_studio.ui.window.widgets.toolbars import Toolbars
from nvg_studio.ui.window.widgets.welcome_page import WelcomePage


@dataclass(frozen=True, eq=False)
class WindowWidgets:
    """`stack` shows one of `welcome_page`, `canvas` and `results`."""

    canvas: CanvasView
    message: MessageBar
    hint: BeginnerHint
    welcome_page: WelcomePage
    results: ResultsPage
    stack: QStackedWidget
    clusters: ClustersDock
    reference: ReferenceDock
    history: HistoryDock
    generate: GenerateDock
    strip: LevelStrip
    status: StatusBar


@dataclass(frozen=True, eq=False)
class WindowBars:
    """Menus by their title in the table of actions, the menu of recent files, and the toolbars."""

    menus: dict[str, QMenu]
    recent: QMenu
    tools: Toolbars


def make_widgets(canvas: CanvasView, theme: Theme, actions: ActionSet) -> WindowWidgets:
    """New widgets, not yet in a window."""
    widgets = WindowWidgets(
        canvas=canvas,
        message=MessageBar(theme, actions),
        hint=BeginnerHint(),
        welcome_page=WelcomePage(theme, actions),
        results=ResultsPage(theme, actions),
        stack=QStackedWidget(),
        clusters=ClustersDock(theme, actions),
        reference=ReferenceDock(theme, actions),
        history=HistoryDock(theme, actions),
        generate=GenerateDock(theme, actions),
        strip=LevelStrip(theme),
        status=StatusBar(),
    )
    for page in (widgets.welcome_page, widgets.canvas, widgets.results):
        widgets.stack.addWidget(page)
    return widgets


def arrange(
    window: QMainWindow, widgets: WindowWidgets, actions: ActionSet, theme: Theme, state: EditorState
) -> WindowBars:
    """Put widgets, menus and toolbars into a window."""
    window.setDockOptions(QMainWindow.DockOption.AllowTabbedDocks | QMainWindow.DockOption.AnimatedDocks)
    window.setDocumentMode(True)
    window.setCentralWidget(_central_widget(widgets))
    menus = actions.fill_menus(window.menuBar())
    tools = Toolbars(window, actions, theme, state)
    docks = _add_side_docks(window, widgets)
    _add_level_strip(window, widgets.strip)
    menus["&View"].addSeparator()
    for dock in docks:
        menus["&View"].addAction(dock.toggleViewAction())
    window.setStatusBar(widgets.status)
    recent = QMenu("Open &recent", window)
    menus["&File"].insertMenu(actions["file.paste"], recent)
    return WindowBars(menus, recent, tools)


def _central_widget(widgets: WindowWidgets) -> QWidget:
    """The hint above the stack of pages, the message bar over them: a canvas that moved would spoil a stroke."""
    central = QWidget()
    layers = QGridLayout(central)
    layers.setContentsMargins(0, 0, 0, 0)
    layers.setSpacing(0)
    layers.setRowStretch(1, 1)
    layers.addWidget(widgets.hint, 0, 0)
    layers.addWidget(widgets.stack, 1, 0)
    edge = QVBoxLayout()
    edge.setContentsMargins(10, 0, 10, 8)
    edge.addWidget(widgets.message)
    layers.addLayout(edge, 1, 0, Qt.AlignmentFlag.AlignBottom)
    widgets.message.raise_()
    return central


def _add_side_docks(window: QMainWindow, widgets: WindowWidgets) -> list[QDockWidget]:
    """Clusters, reference and history as tabs, the generate dock below them."""
    right = Qt.DockWidgetArea.RightDockWidgetArea
    named = {
        "Clusters": widgets.clusters,
        "Reference": widgets.reference,
        "History": widgets.history,
        "Generate": widgets.generate,
    }
    docks = [_add_dock(window, name, widget, right) for name, widget in named.items()]
    tabs = docks[:3]
    for before, dock in pairwise(tabs):
        window.tabifyDockWidget(before, dock)
    for dock in tabs:
        dock.setTitleBarWidget(QWidget())  # the tab has the title already
    docks[0].raise_()
    docks[2].visibilityChanged.connect(widgets.history.show_latest)
    window.setTabPosition(right, window.tabPosition(Qt.DockWidgetArea.TopDockWidgetArea).North)
    window.resizeDocks([docks[0], docks[3]], [256, 324], Qt.Orientation.Vertical)
    window.resizeDocks([docks[0]], [312], Qt.Orientation.Horizontal)
    return docks


def _add_level_strip(window: QMainWindow, strip: LevelStrip) -> None:
    """The levels along the whole lower edge; their dock cannot be moved."""
    dock = _add_dock(window, "Levels", strip, Qt.DockWidgetArea.BottomDockWidgetArea)
    dock.setTitleBarWidget(QWidget())
    dock.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
    for corner in (Qt.Corner.BottomLeftCorner, Qt.Corner.BottomRightCorner):
        window.setCorner(corner, Qt.DockWidgetArea.BottomDockWidgetArea)


def _add_dock(window: QMainWindow, title: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
    dock = QDockWidget(title)
    dock.setObjectName(f"dock.{title.lower()}")
    dock.setWidget(widget)
    window.addDockWidget(area, dock)
    return dock
