"""One progress line: share done, losses, time left."""

import sys
from collections.abc import Iterable
from typing import TypeVar

from tqdm import tqdm

from nvg_studio.training.loop import devices
from nvg_studio.training.loop.schedule import Schedule

Item = TypeVar("Item")

REFRESH = 10
"""Seconds between lines where the output is not a terminal."""


def counted(items: Iterable[Item], what: str, total: int, unit: str) -> Iterable[Item]:
    """The items, with a bar on a terminal; of several processes only the first shows it."""
    shown: Iterable[Item] = tqdm(items, what, total, unit=unit, disable=None if devices.is_main() else True)
    return shown


class Progress:
    """Shows how far the budget is used up, with smoothed losses and the time left."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._bar = tqdm(
            total=100.0,
            bar_format="{desc} {percentage:3.0f}%|{bar:20}| {postfix}",
            mininterval=0.5 if sys.stderr.isatty() else REFRESH,
            file=sys.stderr,
            disable=not devices.is_main(),
            ascii=not sys.stderr.isatty(),
        )
        self._smooth: dict[str, float] = {}

    def show(self, step: int, elapsed: float, losses: dict[str, float]) -> None:
        """Update after a step."""
        for name, value in losses.items():
            self._smooth[name] = 0.95 * self._smooth.get(name, value) + 0.05 * value
        done = min(self._schedule.progress(step, elapsed), 1.0)
        left = elapsed / done * (1 - done) if done else 0.0
        text = " ".join(f"{name} {value:.4f}" for name, value in self._smooth.items())
        self._bar.set_description_str(f"step {step}", refresh=False)
        self._bar.set_postfix_str(f"{tqdm.format_interval(left)} left, {text}", refresh=False)
        self._bar.update(100 * done - self._bar.n)

    def say(self, line: str | None) -> None:
        """A line of its own above the bar, by the first process; None is nothing to say."""
        if line is not None and devices.is_main():
            tqdm.write(line, file=sys.stderr)

    def close(self) -> None:
        """Leave the last line standing."""
        self._bar.close()
