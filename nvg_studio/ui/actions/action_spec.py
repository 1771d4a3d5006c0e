"""One row of the table of actions. No Qt here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ActionSpec:
    """One row of the table.

    `group`: exclusive group of checkable actions; `bar`: the toolbar it stands on ("main", "tools", "view" or none);
    `line`: a separator goes before it in menu and toolbar.
    """

    name: str
    text: str
    menu: str
    shortcuts: tuple[str, ...] = ()
    icon: str = ""
    tip: str = ""
    needs: tuple[str, ...] = ()
    group: str = ""
    checkable: bool = False
    bar: str = ""
    line: bool = False
