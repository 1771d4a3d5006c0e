"""Content by hand: another cluster's, or a colour; checked in the document."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QToolButton, QWidget

from nvg_studio.editor.choices import LockKind
from nvg_studio.engine.scripted import LEVELS, tokens_to_colours
from nvg_studio.granularity import edits
from nvg_studio.imaging.nearest import nearest_colours
from nvg_studio.ui.dialogs.colour import SUGGESTIONS, ColourDialog
from nvg_studio.ui.window.context_menus import CLUSTER_MENU
from tests.ui.driver import LEFT, Studio
from tests.ui.generation import engine_of

KEYS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
LEVEL = 2


def choose(studio: Studio, in_hand: int, *selected: int) -> None:
    """Select clusters with V and take another one in hand with I, all with the mouse."""
    studio.key(str(LEVEL))
    studio.key("v")
    for number, cluster in enumerate(selected):
        keys = Qt.KeyboardModifier.ShiftModifier if number else Qt.KeyboardModifier.NoModifier
        studio.click(*studio.a_cell_of(LEVEL, cluster), keys=keys)
    studio.key("i")
    studio.click(*studio.a_cell_of(LEVEL, in_hand))
    studio.settle()
    assert studio.window.state.choices.cluster == in_hand
    assert studio.window.state.choices.selected == set(selected)


def open_colours(studio: Studio) -> ColourDialog:
    """The colour dialog, once the colours are there."""
    studio.trigger_when_enabled("cluster.colour")
    dialog = studio.window.findChild(ColourDialog)
    assert dialog is not None
    studio.until(dialog.ok.isEnabled)
    return dialog


def test_clusters_get_the_content_of_the_one_in_hand_in_one_step(studio: Studio) -> None:
    choose(studio, 3, 0, 1)
    before = studio.snapshot.sequence
    studio.key(Qt.Key.Key_C, KEYS)
    after = studio.snapshot.sequence
    content = edits.path_tokens(before, LEVEL, 3)
    assert edits.path_tokens(after, LEVEL, 1) == content
    labels = before.labels(LEVEL)
    given = np.isin(labels, [0, 1])
    assert np.array_equal(after.bits, before.bits)
    assert (after.token_map[: LEVEL + 1, given] == np.array(content)[:, None]).all()
    assert np.array_equal(after.token_map[:, ~given], before.token_map[:, ~given])
    assert np.array_equal(after.token_map[LEVEL + 1 :], before.token_map[LEVEL + 1 :])
    assert studio.session.lowest_changed_level == LEVEL + 1
    studio.trigger("edit.undo")
    assert studio.snapshot.sequence == before


def test_the_first_selected_gives_its_content_to_those_added_with_shift(studio: Studio) -> None:
    before = studio.snapshot.sequence
    studio.key(str(LEVEL))
    studio.key("v")
    studio.click(*studio.a_cell_of(LEVEL, 3))
    studio.click(*studio.a_cell_of(LEVEL, 1), keys=Qt.KeyboardModifier.ShiftModifier)
    studio.trigger_when_enabled("cluster.content")
    content = edits.path_tokens(before, LEVEL, 3)
    given = before.labels(LEVEL) == 1
    after = studio.snapshot.sequence.token_map
    assert (after[: LEVEL + 1, given] == np.array(content)[:, None]).all()
    assert np.array_equal(after[:, ~given], before.token_map[:, ~given])


def test_a_run_keeps_content_given_by_hand(studio: Studio) -> None:
    choose(studio, 3, 0)
    studio.trigger_when_enabled("cluster.content")
    given = studio.snapshot.sequence
    studio.trigger_when_enabled("run.run")
    studio.until(lambda: studio.snapshot.request is not None)
    studio.settle()
    assert np.array_equal(studio.snapshot.sequence.token_map[: LEVEL + 1], given.token_map[: LEVEL + 1])


def test_locked_content_stays_and_says_so(studio: Studio) -> None:
    choose(studio, 3, 0)
    studio.window.lock_cluster(0, LockKind.COARSE)
    before = studio.session.document
    studio.trigger_when_enabled("cluster.content")
    assert studio.session.document is before
    assert "keep their content" in studio.window.message.text.text()
    dialog = open_colours(studio)
    dialog.picker.setCurrentColor(QColor(255, 0, 0))
    QTest.mouseClick(dialog.ok, LEFT)
    assert studio.session.document is before
    assert "keep their content" in studio.window.message.text.text()


def test_a_locked_part_keeps_its_content_and_says_so(studio: Studio) -> None:
    choose(studio, 3, 0)
    before = studio.snapshot.sequence
    part = np.flatnonzero(before.labels(LEVEL) == 0)[:5]
    studio.session.document_editor.set_locks(studio.session.locks.with_content(part), "Lock")
    studio.trigger_when_enabled("cluster.content")
    after = studio.snapshot.sequence
    assert np.array_equal(after.token_map[:, part], before.token_map[:, part])
    assert (after.token_map != before.token_map).any()
    assert studio.window.message.text.text().startswith("5 locked cells keep their content")


def test_content_of_itself_is_refused_in_one_line(studio: Studio) -> None:
    choose(studio, 1, 1)
    before = studio.session.document
    studio.trigger_when_enabled("cluster.content")
    assert studio.session.document is before
    assert "make another one active" in studio.window.message.text.text()


def test_a_colour_is_one_of_the_eight_nearest_codes(studio: Studio) -> None:
    choose(studio, 3, 1)
    before = studio.snapshot.sequence
    dialog = open_colours(studio)
    dialog.picker.setCurrentColor(QColor(200, 30, 60))
    colours = tokens_to_colours(np.arange(LEVELS**3))
    assert dialog.tokens == tuple(nearest_colours(colours, (200, 30, 60), SUGGESTIONS))
    QTest.mouseClick(dialog.swatches[2], LEFT)
    QTest.mouseClick(dialog.ok, LEFT)
    studio.settle()
    third = int(nearest_colours(colours, (200, 30, 60), 3)[2])
    assert studio.snapshot.sequence == edits.set_token(before, LEVEL, 1, third)
    assert studio.snapshot.sequence.tokens[LEVEL][1] == third
    studio.trigger("edit.undo")
    assert studio.snapshot.sequence == before


def test_a_dialog_that_is_closed_changes_nothing(studio: Studio) -> None:
    choose(studio, 3, 1)
    before = studio.session.document
    dialog = open_colours(studio)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    studio.settle()
    assert studio.session.document is before
    assert not engine_of(studio).busy


def test_escape_closes_the_whole_dialog_whoever_has_the_keyboard(studio: Studio) -> None:
    choose(studio, 3, 1)
    dialog = open_colours(studio)
    inside = dialog.picker.findChildren(QWidget)
    typing = next(widget for widget in inside if isinstance(widget, QLineEdit) and widget.isVisible())
    QTest.keyClick(typing, Qt.Key.Key_Escape)
    studio.until(lambda: studio.window.findChild(ColourDialog) is None)
    assert not engine_of(studio).busy


def test_both_are_in_the_menu_and_in_the_dock(studio: Studio) -> None:
    assert {"cluster.content", "cluster.colour"} <= set(CLUSTER_MENU)
    buttons = {button.accessibleName() for button in studio.window.clusters.findChildren(QToolButton)}
    assert {"Give it the content of the active one", "Give it a colour"} <= buttons


def test_a_layout_without_a_picture_has_no_content_to_give(ready_studio: Studio) -> None:
    ready_studio.session.generation.new_layout(0, bands=True)
    ready_studio.settle()
    ready_studio.choose(selected=frozenset((1,)))
    ready_studio.settle()
    for name in ("cluster.content", "cluster.colour"):
        assert not ready_studio.window.action_set[name].isEnabled()
