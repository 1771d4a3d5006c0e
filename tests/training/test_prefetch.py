"""Batches made ahead: the right one for every step, and failures where they belong."""

import threading

import pytest

from nvg_studio.training.data.prefetcher import Prefetcher


def test_every_step_gets_its_own_batch_from_wherever_a_run_begins() -> None:
    batches = Prefetcher(lambda step: step * step)
    assert [batches(step) for step in range(700, 720)] == [step * step for step in range(700, 720)]


def test_batches_are_made_before_they_are_asked_for() -> None:
    made = threading.Event()
    batches = Prefetcher(lambda step: made.set() if step == 3 else None, depth=4)
    batches(0)
    assert made.wait(30)


def test_what_goes_wrong_with_a_batch_is_raised_at_its_step() -> None:
    def make(step: int) -> int:
        if step == 2:
            raise ValueError("no photo")
        return step

    batches = Prefetcher(make)
    assert [batches(0), batches(1)] == [0, 1]
    with pytest.raises(ValueError, match="no photo"):
        batches(2)
