"""Solvers for the structure flow; each is a function of a callable and knows no network (paper section 3.3)."""

import math
from collections.abc import Callable, Sequence

from torch import Tensor

Velocity = Callable[[Tensor, float], Tensor]
"""(state, time) -> velocity, noise minus data; time 1 is noise, 0 is data."""
Hold = Callable[[Tensor, float], Tensor]
"""(state, time) -> state with its known entries put back."""


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
