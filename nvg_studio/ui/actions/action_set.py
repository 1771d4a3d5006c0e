"""QActions made from the table of actions, and the menus and toolbars that show them."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar

from nvg_studio.ui.actions.action_spec import ActionSpec
from nvg_studio.ui.actions.conditions import ActionConditions
from nvg_studio.ui.actions.table import MENUS, TABLE
from nvg_studio.ui.qt.theme import Theme

Handlers = Mapping[str, Callable[[], None]]
"""What an action does, by its name in the table."""


class ActionSet(QObject):
    """QActions made from the table, by name. They do nothing until `connect_handlers`: widgets show actions before
    there are objects to act on."""

    def __init__(self, parent: QObject, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._actions: dict[str, QAction] = {}
        self._specs = {spec.name: spec for spec in TABLE}
        groups: dict[str, QActionGroup] = {}
        for spec in TABLE:
            action = QAction(spec.text, self)
            action.setObjectName(spec.name)
            action.setShortcuts([QKeySequence(keys) for keys in spec.shortcuts])
            action.setCheckable(spec.checkable or bool(spec.group))
            action.setToolTip(_tool_tip(spec))
            action.setStatusTip(spec.tip)
            if spec.group:
                groups.setdefault(spec.group, QActionGroup(self)).addAction(action)
            self._actions[spec.name] = action
        self.paint_icons()
        theme.changed.connect(self.paint_icons)

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def connect_handlers(self, handlers: Handlers) -> None:
        """Connect every action with its handler, once; a KeyError names an action without one."""
        for name, action in self._actions.items():
            action.triggered.connect(_without_argument(handlers[name]))

    def all(self) -> list[QAction]:
        """Every action, in the order of the table."""
        return list(self._actions.values())

    def paint_icons(self) -> None:
        """Draw the icons in the colours of the current theme."""
        for spec in TABLE:
            if spec.icon:
                self._actions[spec.name].setIcon(self._theme.icon(spec.icon))

    def describe(self, name: str, tip: str, text: str = "") -> None:
        """Set the tool tip of an action to what it would do now; `text` replaces its text of the table."""
        action, spec = self._actions[name], self._specs[name]
        spec = replace(spec, tip=tip, text=text or spec.text)
        action.setText(spec.text)
        action.setToolTip(_tool_tip(spec))
        action.setStatusTip(tip)

    def refresh(self, now: ActionConditions) -> None:
        """Enable the actions that can be triggered now."""
        for spec in TABLE:
            self._actions[spec.name].setEnabled(spec.enabled(now))

    def check(self, name: str, on: bool = True) -> None:
        """Show a checkable action as on or off, without triggering it."""
        self._actions[name].setChecked(on)

    def fill_menus(self, bar: QMenuBar) -> dict[str, QMenu]:
        """Build all menus; returns them by their name in the table."""
        menus = {title: bar.addMenu(title) for title in MENUS}
        for spec in TABLE:
            if spec.line:
                menus[spec.menu].addSeparator()
            menus[spec.menu].addAction(self._actions[spec.name])
        return menus

    def on_bar(self, bar: str) -> list[tuple[ActionSpec, QAction]]:
        """Rows and actions of toolbar `bar`, in order."""
        return [(spec, self._actions[spec.name]) for spec in TABLE if spec.bar == bar]


def _without_argument(handler: Callable[[], None]) -> Callable[[bool], None]:
    """Qt passes whether the action is checked; the handlers do not use it."""
    return lambda checked: handler()


def plain_text(action: QAction) -> str:
    """An action's text without mnemonic and dots."""
    return action.text().replace("&", "").rstrip("…")


def _tool_tip(spec: ActionSpec) -> str:
    text = spec.text.replace("&", "").rstrip("…")
    keys = (
        f"  ({QKeySequence(spec.shortcuts[0]).toString(QKeySequence.SequenceFormat.NativeText)})"
        if spec.shortcuts
        else ""
    )
    return f"{text}{keys}" + (f"\n{spec.tip}" if spec.tip else "")
