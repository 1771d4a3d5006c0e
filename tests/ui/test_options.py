"""The options of the tool in use, chosen with the mouse on the toolbar."""

import pytest
from PySide6.QtTest import QTest

from nvg_studio.editor.choices import LockKind
from nvg_studio.ui.window.widgets.tool_options import ToolOptions
from tests.ui.driver import LEFT, Studio


def options(studio: Studio) -> ToolOptions:
    """The options on the toolbar."""
    found = studio.window.findChild(ToolOptions)
    assert isinstance(found, ToolOptions)
    return found


@pytest.mark.parametrize("kind", list(LockKind))
def test_the_kind_of_lock_that_is_chosen_is_the_one_that_is_brushed_on(studio: Studio, kind: LockKind) -> None:
    studio.key("3")
    studio.key("k")
    box = options(studio).lock_kind
    box.setCurrentIndex(box.findData(kind))
    box.activated.emit(box.currentIndex())
    studio.click(8.5, 8.5)
    locks = studio.snapshot.locks
    held = {LockKind.LAYOUT: (3, 0), LockKind.REGION: (8, 9), LockKind.COARSE: (0, 4)}[kind]
    assert (int(locks.structure.max()), int(locks.content.max())) == held


def test_the_unlock_switch_releases_what_was_brushed_on(studio: Studio) -> None:
    studio.key("k")
    studio.click(8.5, 8.5)
    assert studio.snapshot.locks.any
    QTest.mouseClick(options(studio).unlock, LEFT)
    studio.click(8.5, 8.5)
    assert not studio.snapshot.locks.any
