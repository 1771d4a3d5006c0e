"""How far long work has come, as a value."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """What is being done, and `done` of `total` bytes or parts; `total` 0: the total is unknown."""

    text: str
    done: int = 0
    total: int = 0


Report = Callable[[Progress], None]


def quiet(_: Progress) -> None:
    """A report function that does nothing."""
