"""The schedule of live runs: a short grace, the latest stroke wins, equal inputs are not run twice in a row."""

from hypothesis import given
from hypothesis import strategies as st

from nvg_studio.editor.runs.live_schedule import GRACE_S, LiveAction, LiveSchedule

LATER = GRACE_S + 0.01


def test_a_stroke_is_run_after_the_grace() -> None:
    schedule = LiveSchedule().stroke("a", now=10.0)
    assert schedule.next_action(10.0, live_run=False, other_run=False) is LiveAction.WAIT
    assert schedule.next_action(10.0 + LATER, live_run=False, other_run=False) is LiveAction.START
    assert schedule.started().next_action(20.0, live_run=True, other_run=False) is LiveAction.IDLE


def test_a_second_stroke_puts_the_run_off_and_takes_its_place() -> None:
    schedule = LiveSchedule().stroke("a", now=0.0).stroke("b", now=GRACE_S * 0.9)
    assert schedule.next_action(LATER, live_run=False, other_run=False) is LiveAction.WAIT
    assert schedule.started().last_started == "b"


def test_a_stroke_gives_up_the_live_run_of_the_one_before() -> None:
    schedule = LiveSchedule().stroke("a", now=0.0).started().stroke("b", now=1.0)
    assert schedule.next_action(1.0, live_run=True, other_run=False) is LiveAction.CANCEL
    assert schedule.next_action(1.0 + LATER, live_run=False, other_run=False) is LiveAction.START


def test_it_waits_for_a_run_that_was_asked_for() -> None:
    schedule = LiveSchedule().stroke("a", now=0.0)
    assert schedule.next_action(5.0, live_run=False, other_run=True) is LiveAction.WAIT


def test_equal_inputs_are_not_run_twice_in_a_row() -> None:
    schedule = LiveSchedule().stroke("a", now=0.0).started().stroke("a", now=1.0)
    assert schedule.next_action(9.0, live_run=False, other_run=False) is LiveAction.IDLE


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 1)), max_size=30))
def test_whatever_is_painted_the_last_stroke_is_what_runs(strokes: list[tuple[str, float]]) -> None:
    schedule, now, running = LiveSchedule(), 0.0, None
    for what, pause in strokes:
        schedule, now = schedule.stroke(what, now), now + pause
        step = schedule.next_action(now, running is not None, False)
        if step is LiveAction.CANCEL:
            running, step = None, schedule.next_action(now, False, False)
        if step is LiveAction.START:
            running, schedule = schedule.pending, schedule.started()
    if schedule.next_action(now + LATER, False, False) is LiveAction.START:
        schedule = schedule.started()
    assert not strokes or schedule.last_started == strokes[-1][0]
