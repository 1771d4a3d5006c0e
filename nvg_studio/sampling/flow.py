"""Solvers for the structure flow; each is a function of a callable and knows no network (paper section 3.3)."""

import math
from collections.abc import Callable, Sequence

from torch import Tensor

Velocity = Callable[[Tensor, float], Tensor]
"""(state, time) -> velocity, noise minus data; time 1 is noise, 0 is data."""
Average = Callable[[Tensor, float, float], Tensor]
"""(state, time, span) -> average velocity from `time` to `time - span`."""
Hold = Callable[[Tensor, float], Tensor]
"""(state, time) -> state with its known entries put back."""
Solver = Callable[[Velocity, Tensor, Sequence[float], Hold], Tensor]
"""(velocity, state at the first time, times, hold) -> state at the last time."""


def time_grid(steps: int, cells: int) -> list[float]:
    """`steps` + 1 times from 1 down to 0, bent towards noise the more, the more cells there are.

    The bend's exponent lies on a line through 0.5 at 256 cells and 1.15 at 4096.
    """
    bend = math.exp(0.5 + (cells - 256) * (1.15 - 0.5) / (4096 - 256))
    return [bend * t / (1 + (bend - 1) * t) for t in (1 - step / steps for step in range(steps + 1))]


def euler(velocity: Velocity, state: Tensor, times: Sequence[float], hold: Hold) -> Tensor:
    """Plain Euler steps along `times`; known entries are put back after every step."""
    for now, then in zip(times, times[1:], strict=False):
        state = hold(state + (then - now) * velocity(state, now), then)
    return state


def jump(average: Average, state: Tensor, times: Sequence[float], hold: Hold) -> Tensor:
    """Go along `times` by average velocities, one call a jump; known entries are put back after every jump."""
    for now, then in zip(times, times[1:], strict=False):
        state = hold(state + (then - now) * average(state, now, now - then), then)
    return state


def dpm_solver(velocity: Velocity, state: Tensor, times: Sequence[float], hold: Hold) -> Tensor:
    """DPM-Solver++(2M): second-order steps on the predicted data, in the logarithm of the signal-to-noise ratio.

    Lu et al., arXiv 2211.01095, algorithm 2, on the straight path data (1 - t) + noise t. Where that logarithm is not
    finite, which is at both ends, a step is Euler's.
    """
    before: tuple[float, Tensor] | None = None
    for now, then in zip(times, times[1:], strict=False):
        here = state - now * velocity(state, now)
        data = here
        if before is not None and before[0] < 1 and then > 0:
            ratio = (_log_snr(then) - _log_snr(now)) / (_log_snr(now) - _log_snr(before[0]))
            data = here + ratio / 2 * (here - before[1])
        state, before = hold(then / now * state + (1 - then / now) * data, then), (now, here)
    return state


def _log_snr(time: float) -> float:
    return math.log((1 - time) / time)
