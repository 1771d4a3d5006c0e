"""The toolbars: files and tool options above, tools on the left. Their buttons come from the table of actions."""

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QMainWindow, QSlider, QToolBar, QToolButton, QWidget

from nvg_studio.editor.choices import Choices, EditorState, ViewMode
from nvg_studio.editor.pictures.qimages import rgb
from nvg_studio.editor.session import Session
from nvg_studio.granularity.hierarchy import excess
from nvg_studio.ui.actions.action_set import ActionSet
from nvg_studio.ui.qt.theme import Theme
from nvg_studio.ui.view_models.cluster_colours import cluster_colours
from nvg_studio.ui.window.widgets.tool_options import ToolOptions


class Toolbars:
    """The toolbars of one window."""

    def __init__(self, window: QMainWindow, actions: ActionSet, theme: Theme, state: EditorState) -> None:
        self._window, self._actions = window, actions
        self.options = ToolOptions(theme, actions)
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setMinimumWidth(40)
        self.opacity.setMaximumWidth(72)
        self.opacity.setToolTip("Opacity of the overlay")
        self.opacity.setAccessibleName("Opacity of the overlay")
        main = self._bar("main", "File and tool options", Qt.ToolBarArea.TopToolBarArea, 20)
        self._fill(main, "main")
        main.addSeparator()
        self._options_action = main.addWidget(self.options)
        stretch = QWidget()
        stretch.setSizePolicy(stretch.sizePolicy().Policy.Expanding, stretch.sizePolicy().Policy.Preferred)
        main.addWidget(stretch)
        self._opacity_action = main.addWidget(self.opacity)
        self._fill(main, "view")
        self._fill(self._bar("tools", "Tools", Qt.ToolBarArea.LeftToolBarArea, 22), "tools")
        self._theme, self._more = theme, main.findChild(QToolButton, "qt_toolbar_ext_button")
        theme.changed.connect(self._paint_icons)
        self._paint_icons()
        options = self.options
        options.size_chosen.connect(lambda size: state.set(replace(state.choices, size=size)))
        options.lock_kind_chosen.connect(lambda kind: state.set(replace(state.choices, lock_kind=kind)))
        options.unlocking_chosen.connect(lambda on: state.set(replace(state.choices, unlocking=on)))
        self.opacity.valueChanged.connect(lambda value: state.set(replace(state.choices, opacity=value / 100)))

    def refresh(self, session: Session, choices: Choices) -> None:
        """Bring checked actions, tool options and sliders up to date."""
        actions = self._actions
        for name in (f"tool.{choices.tool}", f"view.{choices.view}", f"level.{choices.level}"):
            actions.check(name)
        actions.check(f"view.colours_{choices.palette}")
        actions.check("brush.inside_parent", choices.inside_parent)
        actions.check("brush.balanced", choices.balanced)
        actions.check("brush.contiguous", choices.contiguous)
        actions.check("edit.exact", choices.exact_pixels)
        actions.check("view.level_picture", choices.level_picture)
        actions.check("view.cell_grid", choices.cell_grid)
        if session.document is not None:
            colours = cluster_colours(session, choices, choices.level)
            front, back = (QColor(*rgb(colours[cluster])) for cluster in (choices.cluster, choices.other))
            self.options.show_choices(choices, (front, back))
            to_move = excess(session.sequence.bits, choices.level)
            self.options.show_structure(to_move, session.sequence.cells)
        with QSignalBlocker(self.opacity):
            self.opacity.setValue(round(choices.opacity * 100))
        self._options_action.setVisible(session.document is not None)
        self._opacity_action.setVisible(choices.view is ViewMode.OVERLAY)

    def _paint_icons(self) -> None:
        """The button that opens what has no room; Qt's own arrow is hard to see on a dark toolbar."""
        if isinstance(self._more, QToolButton):
            self._more.setIcon(self._theme.icon("caret-double-right"))
            self._more.setAccessibleName("More buttons of this toolbar")

    def _bar(self, name: str, title: str, area: Qt.ToolBarArea, icon: int) -> QToolBar:
        bar = QToolBar(title)
        bar.setObjectName(name)
        bar.setIconSize(QSize(icon, icon))
        bar.setMovable(False)
        bar.toggleViewAction().setVisible(False)
        self._window.addToolBar(area, bar)
        return bar

    def _fill(self, bar: QToolBar, name: str) -> None:
        for spec, action in self._actions.on_bar(name):
            if spec.line:
                bar.addSeparator()
            bar.addAction(action)
            button = bar.widgetForAction(action)
            if isinstance(button, QToolButton):
                button.setObjectName(f"button.{spec.name}")
                button.setAccessibleName(action.text().replace("&", ""))
