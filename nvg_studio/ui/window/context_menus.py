"""Context menus of canvas, clusters and levels, made of actions of the table."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QMenu, QWidget

from nvg_studio.editor.choices import EditorState
from nvg_studio.ui.actions.action_set import ActionSet

CLUSTER_LOCKS = ("cluster.lock_layout", "cluster.lock_region", "cluster.lock_coarse", "cluster.unlock")
CLUSTER_MENU = (
    *("cluster.take", "cluster.content", "cluster.colour", ""),
    *("cluster.rename", "cluster.only", "cluster.show_all", ""),
    *(*CLUSTER_LOCKS, "", "cluster.merge", "cluster.swap", "cluster.balance"),
)
LEVEL_LOCKS = ("level.lock_layout", "level.lock_coarse", "cluster.unlock_all", "level.release_layout")
LEVEL_MENU = ("run.here", "", *LEVEL_LOCKS, "", "cluster.balance")
"""Names of actions; "" stands for a separator."""


class ContextMenus:
    """`refresh_actions` enables the actions for the choices of this moment, before a menu opens."""

    def __init__(
        self, parent: QWidget, state: EditorState, actions: ActionSet, refresh_actions: Callable[[], None]
    ) -> None:
        self._parent, self._state, self._actions, self._refresh_actions = parent, state, actions, refresh_actions

    def open_on_canvas(self, cluster: int | None, position: QPointF) -> None:
        """Open the menu of the cluster under the cursor; it becomes the selected one."""
        if cluster is None:
            return
        if cluster not in self._state.choices.selected:
            self._state.set(replace(self._state.choices, selected=frozenset((cluster,))))
        self.open_for_clusters(position.toPoint())

    def open_for_clusters(self, position: QPoint) -> None:
        """Open the menu of the selected clusters."""
        self._open(CLUSTER_MENU, position)

    def open_for_level(self, level: int, position: QPoint) -> None:
        """Open the menu of a level; it becomes the active one."""
        self._state.set_level(level)
        self._open(LEVEL_MENU, position)

    def _open(self, names: tuple[str, ...], position: QPoint) -> None:
        self._refresh_actions()
        menu = QMenu(self._parent)
        for name in names:
            if name:
                menu.addAction(self._actions[name])
            else:
                menu.addSeparator()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(position)
