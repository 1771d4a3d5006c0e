"""Solvers on a field with a known answer, and the entries that they must leave alone."""

import math

import pytest
import torch

from nvg_studio.sampling import flow

SECOND_ORDER = [flow.heun, flow.adams_bashforth, flow.dpm_solver]


def error(solver, steps):
    """How far z' = z, z(1) = 1 ends from 1 / e."""
    times = [1 - step / steps for step in range(steps + 1)]
    end = solver(lambda z, time: z, torch.ones(1, dtype=torch.float64), times, lambda z, time: z)
    return abs(float(end) - 1 / math.e)


def test_euler_gains_one_order():
    assert error(flow.euler, 40) / error(flow.euler, 80) == pytest.approx(2, rel=0.05)


@pytest.mark.parametrize("solver", SECOND_ORDER)
def test_the_others_gain_two(solver):
    assert error(solver, 40) / error(solver, 80) == pytest.approx(4, rel=0.2)
    assert error(solver, 8) < error(flow.euler, 32)


@pytest.mark.parametrize("solver", [flow.euler, *SECOND_ORDER])
def test_one_step_is_eulers(solver):
    assert error(solver, 1) == error(flow.euler, 1)


@pytest.mark.parametrize("solver", [flow.euler, *SECOND_ORDER])
def test_known_entries_are_clean_whenever_the_field_is_asked(solver):
    def field(z, time):
        assert float(z[0]) == 7
        return z

    def hold(z, time):
        return torch.cat([torch.full((1,), 7.0), z[1:]])

    end = solver(field, hold(torch.ones(2), 1.0), flow.time_grid(5, 256), hold)
    assert float(end[0]) == 7 and float(end[1]) != 1
