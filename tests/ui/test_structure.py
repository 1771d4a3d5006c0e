"""Structure by hand beside the tools: merge, swap, balance, the meter, and where the next run starts."""

import numpy as np
import pytest
from PySide6.QtTest import QTest

from nvg_studio.editor.choices import LockKind
from nvg_studio.granularity import edits
from nvg_studio.granularity.hierarchy import excess, is_balanced
from tests.ui.driver import LEFT, NO_KEYS, Studio
from tests.ui.test_tools import CTRL, freely


def choose(studio: Studio, *clusters: int, level: int = 2) -> None:
    """Select clusters of a level with the mouse."""
    studio.key(str(level))
    studio.key("v")
    for number, cluster in enumerate(clusters):
        studio.click(*studio.a_cell_of(level, cluster), keys=CTRL if number else NO_KEYS)
    studio.settle()
    assert studio.window.state.choices.selected == set(clusters)


def test_merge_puts_a_cluster_into_its_sibling(studio: Studio) -> None:
    before = studio.snapshot.sequence
    choose(studio, 3)
    studio.trigger("cluster.merge")
    assert studio.snapshot.sequence == edits.merge(before, 2, 3)
    assert studio.snapshot.title == "Merge cluster 3 into 2, level 2"
    studio.settle()
    studio.trigger("edit.undo")
    assert studio.snapshot.sequence == before


def test_merge_against_a_lock_is_refused_in_one_line(studio: Studio) -> None:
    choose(studio, 3)
    studio.window.lock_cluster(3, LockKind.LAYOUT)
    before = studio.session.document
    studio.settle()
    studio.trigger("cluster.merge")
    assert studio.session.document is before
    assert "locks hold" in studio.window.message.text.text()


def test_swap_exchanges_two_selected_clusters(studio: Studio) -> None:
    before = studio.snapshot.sequence
    choose(studio, 0, 3)
    studio.trigger("cluster.swap")
    assert studio.snapshot.sequence == edits.swap(before, 2, 0, 3)
    assert is_balanced(studio.snapshot.sequence.bits, studio.session.depth)


def test_merge_and_swap_wait_for_the_right_selection(studio: Studio) -> None:
    actions = studio.window.action_set
    for clusters, merge, swap in (((0,), True, False), ((0, 1), False, True), ((0, 1, 2), False, False)):
        choose(studio, *clusters)
        assert (actions["cluster.merge"].isEnabled(), actions["cluster.swap"].isEnabled()) == (merge, swap)
    choose(studio, 0, level=0)
    assert not actions["cluster.merge"].isEnabled()


def test_the_meter_counts_cells_and_balance_level_makes_it_empty(studio: Studio) -> None:
    options = studio.window.bars.options
    freely(studio, level=2, size=5)
    studio.key("p")
    studio.settle()
    assert (options.to_move.text(), options.meter.value()) == ("Even", 0)
    x, y = studio.a_cell_of(2, 1)
    studio.stroke([(x, y), (x + 3, y + 2)])
    studio.settle()
    off = excess(studio.snapshot.sequence.bits, 2)
    assert off > 0
    assert (options.to_move.text(), options.meter.value()) == (f"{off} uneven", off)
    assert studio.window.generate.run.text() == "Run from level 2"
    sizes = {badge.text for badge in studio.window.canvas.layers.badges}
    assert sizes == {str(n) for n in np.bincount(studio.snapshot.sequence.labels(2))}
    studio.trigger("cluster.balance")
    assert is_balanced(studio.snapshot.sequence.bits, 2)
    studio.settle()
    assert options.to_move.text() == "Even"
    studio.trigger("cluster.balance")
    assert "equal in size already" in studio.window.message.text.text()


@pytest.mark.parametrize("balanced", [True, False])
def test_a_stroke_shows_who_gains_and_who_gives(studio: Studio, balanced: bool) -> None:
    studio.choose(balanced=balanced, size=4)
    studio.key("1")
    studio.key("b")
    x, y = studio.a_cell_of(1, 1)
    studio.stroke([(x, y), (x + 2, y)], release=False)
    canvas = studio.window.canvas
    preview = canvas.preview
    places = {badge.cell for badge in preview.badges}
    assert places == {badge.cell for badge in canvas.layers.badges} or balanced  # they cover the sizes as they are
    count = int(preview.cells.sum())
    moves, sizes = {f"+{count}", f"\N{MINUS SIGN}{count}"}, {str(128 + count), str(128 - count)}
    assert {badge.text for badge in preview.badges} == (moves if balanced else sizes)
    studio.stroke([(x + 2, y)])


@pytest.mark.parametrize("inside", [True, False])
def test_the_level_that_a_stroke_reaches_up_to_is_shown_before_and_after(studio: Studio, inside: bool) -> None:
    freely(studio, level=3, size=1)
    studio.choose(inside_parent=inside)
    x, y = studio.a_cell_of(3, 5)  # the other half of level 1
    studio.hover(x, y)
    preview = studio.window.canvas.preview
    assert preview.note == ("" if inside else "Changes level 1, too: the next run starts there")
    assert bool(preview.blocked.any()) is inside
    studio.click(x, y)
    studio.settle()
    assert studio.session.lowest_changed_level == (None if inside else 1)
    run = studio.window.generate.run
    assert run.text() == ("From level 4, keep the layout" if inside else "Run from level 1")
    assert "keeps the layout of levels 1 to " + ("4" if inside else "3") in run.toolTip()


def test_the_switches_on_the_toolbar_are_those_of_the_menu(studio: Studio) -> None:
    studio.key("b")
    studio.settle()
    options, state = studio.window.bars.options, studio.window.state
    for button, field in ((options.inside, "inside_parent"), (options.balanced, "balanced")):
        before = getattr(state.choices, field)
        QTest.mouseClick(button, LEFT)
        assert getattr(state.choices, field) is not before
