"""Every tool against every kind of lock, on whole clusters, on single cells and on the whole level."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from nvg_studio.editor.choices import LockKind
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.imaging.cells import cells_to_pixels
from tests.ui.driver import LEFT, Studio
from tests.ui.test_tools import freely

LEVEL = 2
ACROSS = [(1.5, 1.5), (14.5, 2.5), (14.5, 14.5), (1.5, 13.5), (8.5, 8.5)]


def lock_cluster(studio: Studio, kind: LockKind) -> None:
    """Select a cluster with the mouse, lock it with its action."""
    studio.key("v")
    studio.click(*studio.a_cell_of(LEVEL, 1))
    studio.settle()
    name = {LockKind.LAYOUT: "lock_layout", LockKind.REGION: "lock_region", LockKind.COARSE: "lock_coarse"}[kind]
    studio.trigger(f"cluster.{name}")


def lock_cells(studio: Studio, kind: LockKind) -> None:
    """Lock some cells with the brush."""
    studio.choose(lock_kind=kind, size=5)
    studio.key("k")
    studio.stroke([(4.5, 4.5), (9.5, 11.5)])


def lock_level(studio: Studio, kind: LockKind) -> None:
    """Lock the whole level; there is no region of a level."""
    studio.trigger("level.lock_layout" if kind is LockKind.LAYOUT else "level.lock_coarse")


LOCKING = [
    (how, kind)
    for how in (lock_cluster, lock_cells, lock_level)
    for kind in LockKind
    if how is not lock_level or kind is not LockKind.REGION
]


@pytest.fixture(params=LOCKING, ids=lambda case: f"{case[0].__name__}-{case[1]}")
def locked(studio: Studio, request: pytest.FixtureRequest) -> tuple[Studio, LockKind]:
    """A window whose document was edited at some places and then locked in part, painting freely across parents."""
    how, kind = request.param
    freely(studio, level=LEVEL, size=2)
    studio.choose(inside_parent=False)
    studio.stroke([(3.5, 12.5), (12.5, 3.5)])
    studio.settle()
    how(studio, kind)
    studio.settle()
    assert studio.snapshot.locks.any
    studio.window.message.clear()
    return studio, kind


def test_every_tool_respects_every_lock(locked: tuple[Studio, LockKind]) -> None:
    studio, kind = locked
    locks, before = studio.snapshot.locks, studio.snapshot.sequence
    for tool in ("brush", "fill", "lasso", "rectangle", "ellipse", "eraser"):
        for cluster in range(1 << LEVEL):
            step = studio.session.document
            studio.choose(tool=tool, cluster=cluster, size=3)
            studio.stroke(ACROSS)
            studio.settle()
            assert kept(locks, before, studio), (tool, cluster)
            assert len(studio.session.document.history.snapshots) <= len(step.history.snapshots) + 1
    if kind is LockKind.COARSE:  # content alone does not hold the structure
        assert titles(studio) > {"Paint", "Fill"}


def titles(studio: Studio) -> set[str]:
    """First words of what was done."""
    assert studio.session.document is not None
    return {title.split()[0] for title in studio.session.document.titles}


def kept(locks: Locks, before: GranularitySequence, studio: Studio) -> bool:
    """Whether every locked bit and token is what it was, and so are the locks."""
    after = studio.snapshot
    return bool(
        np.array_equal(after.sequence.bits[locks.bits], before.bits[locks.bits])
        and np.array_equal(after.sequence.token_map[locks.tokens], before.token_map[locks.tokens])
        and after.locks == locks
    )


def test_tools_that_do_not_paint_leave_the_document(locked: tuple[Studio, LockKind]) -> None:
    studio, _ = locked
    before = studio.session.document
    for tool in ("select", "pick", "hand", "zoom"):
        studio.choose(tool=tool)
        studio.stroke(ACROSS)
        studio.trigger("view.fit")
        studio.settle()
    assert studio.session.document is before


def test_the_lock_brush_adds_to_locks_and_never_lowers_one(locked: tuple[Studio, LockKind]) -> None:
    studio, _ = locked
    sequence = studio.snapshot.sequence
    for kind in LockKind:
        before = studio.snapshot.locks
        studio.choose(tool="lock", lock_kind=kind, size=4)
        studio.stroke(ACROSS)
        studio.settle()
        after = studio.snapshot.locks
        assert (after.structure >= before.structure).all() and (after.content >= before.content).all()
        assert studio.snapshot.sequence is sequence
    studio.trigger("cluster.unlock_all")
    assert not studio.snapshot.locks.any


def test_a_run_and_a_balanced_stroke_respect_every_lock(locked: tuple[Studio, LockKind]) -> None:
    studio, _ = locked
    locks, before = studio.snapshot.locks, studio.snapshot.sequence
    for stage in (0, LEVEL, 6):
        studio.press_card(stage)
        studio.settle()
        assert kept(locks, before, studio)
    studio.choose(tool="rectangle", balanced=True)
    studio.stroke([(2.5, 2.5), (13.5, 7.5)])
    assert kept(locks, before, studio)


def test_every_command_respects_every_lock(locked: tuple[Studio, LockKind], samples: list[Path]) -> None:
    studio, _ = locked
    locks, before, state = studio.snapshot.locks, studio.snapshot.sequence, studio.window.state
    deeds = {"cluster.merge": {1}, "cluster.swap": {0, 1}, "cluster.balance": {1}, "cluster.content": {0, 1, 2, 3}}
    for name, clusters in deeds.items():
        state.set(replace(state.choices, selected=frozenset(clusters), cluster=3))
        studio.settle()
        studio.trigger(name)
        studio.settle()
        assert kept(locks, before, studio), name
    for cluster in range(1 << LEVEL):
        studio.session.document_editor.set_token(LEVEL, cluster, 7)
        assert kept(locks, before, studio), cluster
    reference = studio.window.reference_controller
    reference.open(samples[1])
    studio.until(lambda: reference.found is not None)
    studio.settle()
    QTest.mouseClick(studio.window.reference.apply, LEFT)
    studio.settle()
    assert kept(locks, before, studio)


@pytest.mark.parametrize("tool", ["brush", "fill", "lasso", "rectangle", "ellipse"])
@pytest.mark.parametrize("kind", [LockKind.LAYOUT, LockKind.REGION])
def test_a_stroke_that_locks_block_says_so_in_one_line(studio: Studio, tool: str, kind: LockKind) -> None:
    freely(studio, level=1)
    studio.window.lock_cluster(1, kind)
    before = studio.session.document
    x, y = studio.a_cell_of(1, 1)
    studio.choose(tool=tool)
    x, y = int(x), int(y)
    studio.stroke([(x + 0.1, y + 0.1), (x + 0.9, y + 0.1), (x + 0.9, y + 0.9), (x + 0.1, y + 0.9)])
    assert studio.session.document is before
    assert studio.window.message.text.text().startswith("Locked: ")


@pytest.mark.parametrize("kind", [LockKind.LAYOUT, LockKind.REGION])
def test_the_eraser_over_locked_cells_says_so(studio: Studio, kind: LockKind) -> None:
    freely(studio, level=1)
    x, y = studio.a_cell_of(1, 1)
    studio.click(x, y)
    studio.window.lock_cluster(0, kind)
    before = studio.session.document
    studio.key("e")
    studio.click(x, y)
    assert studio.session.document is before
    assert studio.window.message.text.text().startswith("Locked: ")


def test_a_balancing_that_locks_forbid_names_them(studio: Studio) -> None:
    freely(studio, level=1)
    studio.key("g")
    studio.click(*studio.a_cell_of(1, 1))
    studio.settle()
    studio.trigger("level.lock_layout")
    studio.settle()
    before = studio.session.document
    studio.trigger("cluster.balance")
    assert studio.session.document is before
    assert "locks hold too much in cluster 0 of level 1" in studio.window.message.text.text()


@pytest.mark.parametrize(("kind", "expected"), [(LockKind.LAYOUT, (3, 0)), (LockKind.COARSE, (0, 4))])
def test_the_whole_level_is_locked_from_its_card(
    studio: Studio, kind: LockKind, expected: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    card = studio.window.strip.cards[3]
    opened: list[QMenu] = []
    monkeypatch.setattr(QMenu, "popup", lambda menu, where: opened.append(menu))
    centre = card.rect().center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, centre, card.mapToGlobal(centre))
    QApplication.sendEvent(card, event)
    assert studio.window.state.choices.level == 3
    name = "level.lock_layout" if kind is LockKind.LAYOUT else "level.lock_coarse"
    next(action for action in opened[0].actions() if action.objectName() == name).trigger()
    opened[0].deleteLater()
    locks = studio.snapshot.locks
    assert (set(locks.structure), set(locks.content)) == ({expected[0]}, {expected[1]})
    studio.settle()
    views = [card.view for card in studio.window.strip.cards]
    layout = [view.layout_held is not None and bool(view.layout_held.all()) for view in views]
    content = [view.content_held is not None and bool(view.content_held.all()) for view in views]
    assert layout == [kind is LockKind.LAYOUT and 1 <= stage <= 3 for stage in range(9)]
    assert content == [kind is LockKind.COARSE and stage <= 3 for stage in range(9)]


@pytest.mark.parametrize("kind", list(LockKind))
def test_cards_hatch_what_is_locked_where_it_is_locked(studio: Studio, kind: LockKind) -> None:
    cards = studio.window.strip.cards
    studio.until(lambda: all(card.picture.filled for card in cards))
    studio.settle()
    plain = [(card.structure.grab().toImage(), card.picture.grab().toImage()) for card in cards]
    studio.key("2")
    studio.window.lock_cluster(1, kind)
    studio.settle()
    cluster = studio.snapshot.sequence.labels(2) == 1
    for stage, card in enumerate(cards):
        layout = kind is not LockKind.COARSE and 1 <= stage <= (2 if kind is LockKind.LAYOUT else 8)
        content = kind is not LockKind.LAYOUT and stage <= (2 if kind is LockKind.COARSE else 8)
        for held, locked in ((card.view.layout_held, layout), (card.view.content_held, content)):
            assert np.array_equal(held, cluster) if locked else held is None or not held.any()
        hatched = (card.structure.grab().toImage() != plain[stage][0], card.picture.grab().toImage() != plain[stage][1])
        assert hatched == (layout, content)
        assert ("layout partly locked" in card.toolTip()) is layout
        assert ("content partly locked" in card.toolTip()) is content


@pytest.mark.parametrize("kind", list(LockKind))
def test_locks_are_hatched_on_the_canvas(studio: Studio, kind: LockKind) -> None:
    studio.trigger("view.structure")
    studio.settle()
    plain = studio.window.canvas.grab().toImage()
    lock_cells(studio, kind)
    studio.settle()
    layers = studio.window.canvas.layers
    shown = layers.region_locked if kind is LockKind.REGION else layers.layout_locked
    locks = studio.snapshot.locks
    assert shown.any() and np.array_equal(shown, (locks.structure > 0) | (locks.content > 0))
    assert studio.window.canvas.grab().toImage() != plain


def test_fifty_random_runs_keep_the_locked_pixels_byte_for_byte(studio: Studio) -> None:
    random = np.random.default_rng(5)
    photo = studio.session.base
    studio.key("3")
    for cluster in (1, 4, 6):
        studio.window.lock_cluster(cluster, LockKind.REGION)
    inside = cells_to_pixels(studio.snapshot.locks.region, len(photo))
    for _ in range(50):
        before = studio.snapshot
        studio.session.run_queue.randomize_seed()
        studio.session.generation.run(int(random.integers(0, 9)))
        studio.until(lambda: studio.session.run_queue.running is None)
        assert studio.snapshot is not before
        assert np.array_equal(studio.session.base[inside], photo[inside])
    assert not np.array_equal(studio.session.base[~inside], photo[~inside])
