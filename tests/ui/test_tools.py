"""Each tool with the mouse in the real window; what counts is the document afterwards."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from nvg_studio.editor.choices import LockKind
from nvg_studio.granularity import edits
from nvg_studio.granularity.hierarchy import is_balanced
from nvg_studio.project.document import apply_edit
from tests.ui.driver import Studio

SHIFT, CTRL, ALT = (
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
)
RIGHT, MIDDLE = Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton


def freely(studio: Studio, level: int = 1, size: int = 1) -> None:
    """Paint as it comes: no balance, a brush of `size` cells, at `level`."""
    studio.choose(balanced=False, size=size)
    studio.key(str(level))
    studio.key("b")


def changed(studio: Studio, step: int = 0) -> np.ndarray:
    """Cells whose structure differs from that of step `step`, as (y, x) rows."""
    assert studio.session.document is not None
    before = studio.session.document.history.snapshots[step].sequence
    grid = studio.session.grid
    return np.argwhere(edits.changed_cells(before, studio.snapshot.sequence).reshape(grid, grid))


def test_brush_gives_the_cell_under_the_cursor_to_the_cluster_in_hand(studio: Studio) -> None:
    freely(studio)
    x, y = studio.a_cell_of(1, 1)
    studio.click(x, y)
    assert studio.labels(1)[int(y), int(x)] == 0
    assert len(changed(studio)) == 1
    assert studio.snapshot.title == "Paint cluster 0, level 1"


def test_a_stroke_over_many_cells_is_one_undo_step(studio: Studio) -> None:
    freely(studio, size=3)
    studio.stroke([(2.5, 2.5), (6.5, 2.5), (6.5, 9.5), (13.5, 13.5)])
    assert len(studio.session.document.history.snapshots) == 2
    assert (studio.labels(1)[2, 2:7] == 0).all()
    assert (studio.labels(1)[2:10, 6] == 0).all()
    studio.trigger("edit.undo")
    assert len(changed(studio)) == 0


def test_fast_strokes_leave_no_gaps(studio: Studio) -> None:
    freely(studio)
    studio.stroke([(0.5, 4.5), (15.5, 4.5)])
    assert (studio.labels(1)[4] == 0).all()


def test_shift_click_draws_a_straight_line_from_the_last_stroke(studio: Studio) -> None:
    freely(studio)
    studio.click(1.5, 8.5)
    studio.click(14.5, 8.5, keys=SHIFT)
    assert (studio.labels(1)[8, 1:15] == 0).all()
    assert set(changed(studio)[:, 0]) == {8}


def test_escape_gives_up_a_stroke(studio: Studio) -> None:
    freely(studio, size=5)
    before = studio.session.document
    studio.stroke([(3.5, 3.5), (9.5, 9.5)], release=False)
    studio.key(Qt.Key.Key_Escape)
    assert studio.session.document is before
    studio.stroke([(9.5, 9.5)])
    assert studio.session.document is not before


def test_balanced_strokes_keep_the_tree_balanced(studio: Studio) -> None:
    studio.choose(balanced=True, size=4)
    studio.key("2")
    studio.key("b")
    x, y = studio.a_cell_of(2, 1)
    studio.stroke([(x, y), (x + 3, y + 2)])
    assert studio.snapshot.title.startswith("Paint")
    assert is_balanced(studio.snapshot.sequence.bits, studio.session.depth)


def test_a_stroke_crosses_the_borders_of_coarser_levels_unless_told_otherwise(studio: Studio) -> None:
    freely(studio, level=3)
    x, y = studio.a_cell_of(3, 7)
    studio.click(x, y)
    assert studio.labels(3)[int(y), int(x)] == 0


def test_inside_parent_keeps_a_stroke_in_the_parent(studio: Studio) -> None:
    freely(studio, level=3, size=16)
    studio.key("p")
    parents = studio.labels(2).copy()
    studio.stroke([(0.5, 8.0), (15.5, 8.0)])
    assert len(changed(studio)) > 0
    assert np.array_equal(studio.labels(2), parents)
    studio.key("p")
    studio.stroke([(0.5, 8.0), (15.5, 8.0)])
    assert not np.array_equal(studio.labels(2), parents)
    assert studio.session.lowest_changed_level == 1


def test_a_stroke_outside_the_parent_says_why_nothing_happens(studio: Studio) -> None:
    freely(studio, level=2)
    studio.key("p")
    before = studio.session.document
    studio.click(*studio.a_cell_of(2, 3))
    assert studio.session.document is before
    assert "inside its parent" in studio.window.message.text.text()
    assert "Take cluster 2 or 3 to paint here" in studio.window.message.text.text()


def test_what_is_said_never_moves_the_canvas(studio: Studio) -> None:
    freely(studio, level=2)
    studio.key("p")
    viewport = studio.window.canvas.viewport
    studio.click(*studio.a_cell_of(2, 3))
    studio.settle()
    assert studio.window.message.isVisible() and studio.window.hint.isVisible()
    assert studio.window.canvas.viewport == viewport
    studio.click(*studio.a_cell_of(2, 1))
    assert not studio.window.message.isVisible()  # the next stroke went well


def test_a_cluster_that_is_all_of_its_parent_leaves_the_hand_to_its_empty_sibling(ready_studio: Studio) -> None:
    ready_studio.session.generation.new_layout(0, bands=False)
    ready_studio.settle()
    freely(ready_studio, level=1, size=4)
    assert ready_studio.window.state.choices.cluster == 1
    ready_studio.click(4.0, 4.0)
    ready_studio.key("2")
    assert ready_studio.window.state.choices.cluster == 3
    ready_studio.stroke([(4.0, 4.0)])
    assert (ready_studio.labels(2) == 3).any() and ready_studio.session.document.snapshot.layout.levels == 2


def test_a_click_in_the_dock_takes_a_cluster_in_hand(studio: Studio) -> None:
    freely(studio, level=2)
    tree, model = studio.window.clusters.tree, studio.window.clusters.model
    studio.settle()
    QTest.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=tree.visualRect(model.index_of(2, 3)).center())
    assert (studio.window.state.choices.cluster, studio.window.state.choices.selected) == (3, {3})
    studio.key("v")
    QTest.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=tree.visualRect(model.index_of(2, 0)).center())
    assert (studio.window.state.choices.cluster, studio.window.state.choices.selected) == (0, {0})


def test_locked_cells_cannot_be_painted_and_say_so(studio: Studio) -> None:
    freely(studio)
    studio.window.lock_cluster(1, LockKind.LAYOUT)
    before = studio.session.document
    studio.click(*studio.a_cell_of(1, 1))
    assert studio.session.document is before
    assert studio.window.message.text.text().startswith("Locked")


def test_content_locks_do_not_stop_painting_but_keep_the_tokens(studio: Studio) -> None:
    freely(studio)
    x, y = studio.a_cell_of(1, 1)
    studio.window.lock_cluster(1, LockKind.COARSE)
    tokens = studio.snapshot.sequence.token_map.copy()
    studio.click(x, y)
    assert studio.labels(1)[int(y), int(x)] == 0
    assert np.array_equal(studio.snapshot.sequence.token_map, tokens)


def test_brush_preview_shows_the_cells_that_a_click_changes(studio: Studio) -> None:
    freely(studio, size=5)
    x, y = studio.a_cell_of(1, 1)
    studio.qtbot.mouseMove(studio.window.canvas, studio.at(x, y))
    studio.until(lambda: studio.window.canvas.preview is not None)
    shown = studio.window.canvas.preview.cells.copy()
    assert shown.any()
    studio.click(x, y)
    before = studio.session.document.history.snapshots[0].sequence
    assert np.array_equal(shown, edits.changed_cells(before, studio.snapshot.sequence, 1))


def test_eraser_gives_cells_back(studio: Studio) -> None:
    freely(studio, size=5)
    studio.stroke([(4.5, 4.5), (10.5, 10.5)])
    studio.key("e")
    studio.choose(size=16)
    studio.stroke([(2.0, 2.0), (14.0, 14.0), (2.0, 14.0), (14.0, 2.0)])
    assert len(changed(studio)) == 0
    assert studio.session.lowest_changed_level is None


def with_islands(studio: Studio) -> np.ndarray:
    """Cluster 1 of level 1 as two islands of 3 x 3 cells that touch in a corner; which cells are its, (y, x)."""
    grid = studio.session.grid
    islands = np.zeros((grid, grid), np.bool_)
    islands[2:5, 2:5] = islands[5:8, 5:8] = True
    bits = studio.snapshot.sequence.bits.copy()
    bits[:, 0] = islands.reshape(-1)
    document = studio.session.document
    assert document is not None
    studio.session.store.edit(apply_edit(document, studio.snapshot.sequence.replace(bits=bits), "Islands", 1))
    freely(studio)
    studio.key("g")
    return islands


def test_fill_stops_at_the_border_of_the_region_that_was_clicked(studio: Studio) -> None:
    islands = with_islands(studio)
    studio.hover(3.5, 3.5)
    preview = studio.window.canvas.preview
    assert preview is not None and preview.cells.sum() == 9
    studio.click(3.5, 3.5)
    assert (studio.labels(1)[2:5, 2:5] == 0).all()
    assert (studio.labels(1)[5:8, 5:8] == 1).all()
    assert (studio.labels(1) == 1).sum() == islands.sum() - 9


def test_fill_takes_all_islands_where_it_is_told_to_and_remembers_it(studio: Studio) -> None:
    with_islands(studio)
    button = studio.window.bars.options.contiguous
    studio.until(button.isVisible)
    assert button.isChecked()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not studio.user_settings.preferences.contiguous
    studio.click(3.5, 3.5)
    assert (studio.labels(1) == 0).all()


def test_pick_takes_a_cluster_and_x_swaps(studio: Studio) -> None:
    state = studio.window.state
    studio.key("3")
    studio.key("i")
    studio.click(*studio.a_cell_of(3, 5))
    assert (state.choices.cluster, state.choices.other) == (5, 4)
    studio.key("x")
    assert (state.choices.cluster, state.choices.other) == (4, 5)
    studio.click(*studio.a_cell_of(3, 7), button=RIGHT)
    assert (state.choices.cluster, state.choices.other) == (4, 7)


def test_ctrl_click_with_the_brush_picks_and_paints_nothing(studio: Studio) -> None:
    freely(studio, level=3)
    before = studio.session.document
    studio.click(*studio.a_cell_of(3, 6), keys=CTRL)
    assert studio.window.state.choices.cluster == 6
    assert studio.session.document is before


def test_select_selects_the_cluster_and_the_dock_follows(studio: Studio) -> None:
    studio.key("2")
    studio.key("v")
    studio.click(*studio.a_cell_of(2, 3))
    studio.settle()
    assert studio.window.state.choices.selected == {3}
    assert studio.window.state.choices.cluster == 3
    clusters = studio.window.clusters
    assert clusters.tree.currentIndex() == clusters.model.index_of(2, 3)


def test_what_was_selected_is_what_is_painted_with(studio: Studio) -> None:
    freely(studio, level=2)
    studio.key("v")
    studio.click(*studio.a_cell_of(2, 3))
    studio.click(*studio.a_cell_of(2, 2), keys=SHIFT)
    assert studio.window.state.choices.selected == {2, 3}
    studio.key("b")
    x, y = studio.a_cell_of(2, 0)
    studio.click(x, y)
    assert studio.labels(2)[int(y), int(x)] == 3


@pytest.mark.parametrize("kind", list(LockKind))
def test_lock_brush_locks_and_the_right_button_unlocks(studio: Studio, kind: LockKind) -> None:
    studio.choose(lock_kind=kind, size=1)
    studio.key("2")
    studio.key("k")
    studio.stroke([(3.5, 3.5), (6.5, 3.5)])
    locks, cell = studio.snapshot.locks, 3 * 16 + 4
    expected = {LockKind.LAYOUT: (2, 0), LockKind.REGION: (8, 9), LockKind.COARSE: (0, 3)}[kind]
    assert (locks.structure[cell], locks.content[cell]) == expected
    assert ((locks.structure > 0) | (locks.content > 0)).sum() == 4
    studio.stroke([(3.5, 3.5), (6.5, 3.5)], button=RIGHT)
    assert not studio.snapshot.locks.any


def test_size_keys_and_their_limits(studio: Studio) -> None:
    state = studio.window.state
    studio.key("]")
    assert state.choices.size == 4
    for _ in range(30):
        studio.key("]")
    assert state.choices.size == 16
    for _ in range(30):
        studio.key("[")
    assert state.choices.size == 1


def test_level_keys_and_the_cluster_in_hand(studio: Studio) -> None:
    state = studio.window.state
    studio.key("8")
    assert state.choices.level == 8
    state.activate(200)
    studio.key("2")
    assert (state.choices.level, state.choices.cluster, state.choices.other) == (2, 3, 2)
    studio.key("4")
    assert (state.choices.level, state.choices.cluster) == (4, 12)


def test_hand_space_and_middle_button_move_the_view_and_nothing_else(studio: Studio) -> None:
    canvas, before = studio.window.canvas, studio.session.document
    for start in ("hand", "space", "middle"):
        old = canvas.viewport
        if start == "hand":
            studio.key("h")
        else:
            studio.key("b")
        if start == "space":
            studio.qtbot.keyPress(canvas, Qt.Key.Key_Space)
        studio.stroke([(4.0, 4.0), (5.0, 6.0)], button=MIDDLE if start == "middle" else Qt.MouseButton.LeftButton)
        if start == "space":
            studio.qtbot.keyRelease(canvas, Qt.Key.Key_Space)
        assert canvas.viewport.x > old.x and canvas.viewport.y > old.y and canvas.viewport.scale == old.scale
    assert studio.session.document is before


def test_zoom_tool_keeps_what_is_under_the_cursor(studio: Studio) -> None:
    canvas = studio.window.canvas
    studio.key("z")
    here = studio.at(5, 7)
    studio.click(5, 7)
    assert canvas.viewport.scale > 0
    x, y = canvas.viewport.to_cells(QPointF(here))
    assert (x, y) == pytest.approx((5, 7), abs=0.05)
    zoomed = canvas.viewport.scale
    studio.click(5, 7, keys=ALT)
    assert canvas.viewport.scale == pytest.approx(zoomed / 1.5)


def test_fit_and_actual_size(studio: Studio) -> None:
    canvas = studio.window.canvas
    studio.trigger("view.actual")
    assert canvas.zoom_percent() == pytest.approx(100)
    studio.trigger("view.fit")
    rect = canvas.viewport.picture_rect(studio.session.grid)
    assert canvas.rect().contains(rect.toAlignedRect())
    assert min(canvas.width(), canvas.height()) - rect.width() < 60
