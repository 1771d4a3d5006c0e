"""What tests of making pictures share: layouts, runs that are held, strokes, variations."""

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog

from nvg_studio.engine.scripted import ScriptedEngine
from nvg_studio.ui.dialogs.new_layout import NewLayoutDialog
from tests.ui.driver import LEFT, Studio


def engine_of(studio: Studio) -> ScriptedEngine:
    """The scripted engine behind a window."""
    assert isinstance(studio.engine, ScriptedEngine)
    return studio.engine


def begin_layout(studio: Studio, class_id: int, bands: bool = False) -> None:
    """Fill in the dialog of a new layout."""
    dialog = studio.window.findChild(QDialog, "new_layout")
    assert isinstance(dialog, NewLayoutDialog)
    dialog.class_box.setCurrentIndex(class_id + 1)
    (dialog.bands if bands else dialog.one).click()
    QTest.mouseClick(dialog.create_button, LEFT)
    studio.until(lambda: studio.session.document is not None and studio.snapshot.title == "New layout")
    studio.window.activateWindow()
    studio.settle()


def hold(studio: Studio) -> ScriptedEngine:
    """Have the engine wait for `step` from now on."""
    engine = engine_of(studio)
    studio.settle()
    studio.until(lambda: not engine.busy)
    engine.manual = True
    return engine


def let_go(studio: Studio) -> None:
    """Have the engine work by itself again, and wait for it."""
    engine_of(studio).manual = False
    studio.settle()


def free_stroke(studio: Studio, level: int = 1, size: int = 1) -> None:
    """Give some cells of cluster 1 of a level to cluster 0."""
    studio.choose(balanced=False, size=size)
    studio.key(str(level))
    studio.key("b")
    studio.window.state.activate(0)
    studio.click(*studio.a_cell_of(level, 1))


def make_variations(studio: Studio, count: int, stage: int = 2) -> None:
    studio.window.generate.variations.setValue(count)
    studio.press_card(stage)
    studio.until(lambda: len(studio.session.generation.pending_results) >= count)
    studio.settle()
