"""Solvers on a field with a known answer, and the entries that they must leave alone."""

import pytest
import torch

from nvg_studio.sampling import flow

SOLVERS = [flow.euler, flow.dpm_solver]


MEAN, DEVIATION = 1.0, 0.5


def gaussian(z, time):
    """Velocity where the data are normal: noise minus data, each as expected at z."""
    spread = DEVIATION**2 * (1 - time) ** 2 + time**2
    data = MEAN + DEVIATION**2 * (1 - time) / spread * (z - (1 - time) * MEAN)
    return (z - data) / time


def error(solver, steps):
    """How far a noise of 1.5 ends from the number of the data that is as likely."""
    end = solver(gaussian, torch.tensor(1.5, dtype=torch.float64), flow.time_grid(steps, 256), lambda z, time: z)
    return abs(float(end) - (MEAN + 1.5 * DEVIATION))


def test_euler_is_of_first_order():
    assert error(flow.euler, 40) / error(flow.euler, 80) == pytest.approx(2, rel=0.1)


def test_the_second_order_saves_steps():
    for steps in (8, 16, 32):
        assert error(flow.dpm_solver, steps) < error(flow.euler, 2 * steps)


@pytest.mark.parametrize("solver", SOLVERS)
def test_one_step_is_eulers(solver):
    assert error(solver, 1) == error(flow.euler, 1)


@pytest.mark.parametrize("solver", SOLVERS)
def test_known_entries_are_clean_whenever_the_field_is_requested(solver):
    def field(z, time):
        assert float(z[0]) == 7
        return z

    def hold(z, time):
        return torch.cat([torch.full((1,), 7.0), z[1:]])

    end = solver(field, hold(torch.ones(2), 1.0), flow.time_grid(5, 256), hold)
    assert float(end[0]) == 7 and float(end[1]) != 1


def test_jumps_by_the_true_average_land_exactly():
    """On a straight path the average over any span is noise minus data: one jump or four end on the data."""
    noise, data = torch.tensor([2.0, -1.0]), torch.tensor([0.5, 0.25])
    for steps in (1, 4):
        spans: list[float] = []

        def average(z, time, span, spans=spans):
            torch.testing.assert_close(z, data + time * (noise - data))
            spans.append(span)
            return noise - data

        times = flow.time_grid(steps, 256)
        torch.testing.assert_close(flow.jump(average, noise, times, lambda z, _: z), data)
        assert sum(spans) == pytest.approx(1) and len(spans) == steps


def test_jumps_put_known_entries_back():
    def hold(z, time):
        return torch.cat([torch.full((1,), 7.0), z[1:]])

    end = flow.jump(lambda z, time, span: torch.ones(3), hold(torch.zeros(3), 1.0), flow.time_grid(3, 64), hold)
    torch.testing.assert_close(end, torch.tensor([7.0, -1.0, -1.0]))
