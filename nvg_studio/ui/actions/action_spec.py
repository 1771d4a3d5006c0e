"""One row of the table of actions. No Qt here."""

from collections.abc import Callable
from dataclasses import dataclass

from nvg_studio.ui.actions.conditions import ActionConditions, always


@dataclass(frozen=True)
class ActionSpec:
    """One row of the table.

    `enabled`: whether the action can be triggered in a given state; `group`: exclusive group of checkable actions;
    `bar`: the toolbar that has a button for it ("main", "tools", "view" or none); `line`: a separator goes before it in
    menu and toolbar.
    """

    name: str
    text: str
    menu: str
    shortcuts: tuple[str, ...] = ()
    icon: str = ""
    tip: str = ""
    enabled: Callable[[ActionConditions], bool] = always
    group: str = ""
    checkable: bool = False
    bar: str = ""
    line: bool = False
