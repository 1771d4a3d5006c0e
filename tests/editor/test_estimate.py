"""Expected times of runs from measured ones."""

import pytest

from nvg_studio.editor.runs.estimate import StageTimes, duration_text


def test_the_time_of_a_run_is_that_of_its_stages_times_the_pictures() -> None:
    times = StageTimes()
    for stage in range(4):
        times = times.measured(stage, steps=5, seconds=2.0 * (stage + 1), pictures=2)
    assert times.expected(1, 3, steps=5, pictures=1) == pytest.approx(2 + 3 + 4)
    assert times.expected(0, 3, steps=5, pictures=4) == pytest.approx(40)


def test_nothing_is_promised_for_a_stage_that_was_never_measured() -> None:
    assert StageTimes().measured(3, 5, 1.0, 1).expected(2, 3, 5, 1) is None


def test_untried_steps_take_the_time_of_the_nearest_that_were_tried() -> None:
    times = StageTimes().measured(3, 4, 1.0, 1).measured(3, 25, 6.0, 1)
    assert times.expected(3, 3, steps=5, pictures=1) == 1.0
    assert times.expected(3, 3, steps=40, pictures=1) == 6.0


def test_the_latest_measurement_counts() -> None:
    assert StageTimes().measured(0, 1, 9.0, 1).measured(0, 1, 2.0, 1).expected(0, 0, 1, 1) == 2.0


@pytest.mark.parametrize(("seconds", "words"), [(0.42, "0.4 s"), (9.96, "10 s"), (72.4, "72 s"), (150, "2 min")])
def test_durations_in_words(seconds: float, words: str) -> None:
    assert duration_text(seconds) == words
