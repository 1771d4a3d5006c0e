"""Background work without a window: lanes, turns, what is called whatever happens, and the end."""

import threading
from collections.abc import Iterator
from functools import partial

import pytest
from pytestqt.exceptions import capture_exceptions
from pytestqt.qtbot import QtBot

from nvg_studio.editor import background
from nvg_studio.editor.background import THREADS, BackgroundWork, Lane

LIMIT = 60_000


@pytest.fixture
def work(qtbot: QtBot) -> Iterator[BackgroundWork]:
    work = BackgroundWork()
    yield work
    assert work.close()


def ignore(_: object) -> None:
    """Nobody waits for it."""


def return_lane(lane: Lane) -> Lane:
    """The work of a job."""
    return lane


@pytest.mark.parametrize("lane", list(Lane))
def test_a_full_lane_leaves_the_others_free(qtbot: QtBot, work: BackgroundWork, lane: Lane) -> None:
    gate = threading.Event()
    done: list[Lane] = []
    for _ in range(2 * THREADS[lane]):
        work.start(gate.wait, ignore, ignore, lane)
    others = [other for other in Lane if other is not lane]
    for other in others:
        work.start(partial(return_lane, other), done.append, ignore, other)
    qtbot.waitUntil(lambda: len(done) == len(others), timeout=LIMIT)
    gate.set()
    qtbot.waitUntil(lambda: not work.busy, timeout=LIMIT)


def test_jobs_with_one_turn_are_done_in_order(qtbot: QtBot, work: BackgroundWork) -> None:
    gate = threading.Event()
    order: list[int] = []

    def first() -> None:
        gate.wait()
        order.append(0)

    work.start(first, ignore, ignore, Lane.SAVES, queue_key="a file")
    for number in range(1, 20):
        work.start(partial(order.append, number), ignore, ignore, Lane.SAVES, queue_key="a file")
    work.start(lambda: order.append(-1), ignore, ignore, Lane.SAVES, queue_key="another file")
    qtbot.waitUntil(lambda: order == [-1], timeout=LIMIT)
    gate.set()
    qtbot.waitUntil(lambda: not work.busy, timeout=LIMIT)
    assert order == [-1, *range(20)]


@pytest.mark.parametrize("fails", ["work", "then", "failed"])
def test_what_was_taken_is_given_back_whatever_fails(qtbot: QtBot, work: BackgroundWork, fails: str) -> None:
    ended: list[None] = []

    def fail(*_: object) -> None:
        raise RuntimeError("a mistake")

    with capture_exceptions() as caught:
        work.start(
            fail if fails != "then" else lambda: None,
            fail if fails == "then" else ignore,
            fail if fails == "failed" else ignore,
            ended=lambda: ended.append(None),
        )
        qtbot.waitUntil(lambda: bool(ended), timeout=LIMIT)
        qtbot.waitUntil(lambda: not work.busy, timeout=LIMIT)
    assert len(ended) == 1 and len(caught) == (fails != "work")


def test_the_end_does_what_must_be_done_and_begins_nothing_else(qtbot: QtBot) -> None:
    work = BackgroundWork()
    done: list[object] = []
    gates = {lane: threading.Event() for lane in Lane}
    for lane, gate in gates.items():
        for _ in range(THREADS[lane]):
            work.start(gate.wait, done.append, ignore, lane)
        work.start(partial(done.append, lane), ignore, ignore, lane)
    work.stop()
    for gate in gates.values():
        gate.set()
    assert work.close() and set(done) == {Lane.SAVES, Lane.AUTOSAVE}
    work.start(lambda: done.append(None), ignore, ignore)
    assert not work.busy and len(done) == 2


def test_the_end_tells_long_work_to_stop(qtbot: QtBot) -> None:
    work, stop = BackgroundWork(), threading.Event()
    work.start(stop.wait, ignore, ignore, Lane.LONG, stop=stop)
    assert work.close() and stop.is_set()


def test_the_end_does_not_wait_for_ever(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "SHUTDOWN_TIMEOUT_S", 0.05)
    work, gate = BackgroundWork(), threading.Event()
    for lane in Lane:
        work.start(gate.wait, ignore, ignore, lane)
    work.abandon()
    assert not work.close()
    gate.set()
    assert work.close()


def test_it_says_what_a_closing_window_waits_for(qtbot: QtBot, work: BackgroundWork) -> None:
    gate = threading.Event()
    work.start(gate.wait, ignore, ignore, Lane.SAVES, label="Saving work.nvgs")
    work.start(lambda: None, ignore, ignore, Lane.INTERACTIVE, label="nothing of importance")
    assert work.awaited == ("Saving work.nvgs",)
    with qtbot.waitSignal(work.idle, timeout=LIMIT):
        gate.set()
    assert not work.awaited
