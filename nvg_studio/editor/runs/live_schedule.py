"""When a live run starts and which one is cancelled: a value and pure functions, no Qt and no clock."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from enum import Enum

GRACE_S = 0.05
"""A second stroke within this time spares the run of the first; a later one cancels it between two network calls."""


class LiveAction(Enum):
    """What to do now."""

    IDLE = "nothing is wanted"
    WAIT = "something is wanted, but not yet, or the engine is busy"
    CANCEL = "a live run works on what is out of date"
    START = "run what is wanted"


@dataclass(frozen=True)
class LiveSchedule:
    """What the next live run is for (`wanted`, since when) and what the last one was started for (`last_started`).

    Anything hashable stands for the input of a run; equal inputs are not run twice in a row.
    """

    wanted: Hashable | None = None
    since: float = 0.0
    last_started: Hashable | None = None

    def stroke(self, what: Hashable, now: float) -> "LiveSchedule":
        """After a stroke that left `what`; the one before it is forgotten."""
        return replace(self, wanted=None if what == self.last_started else what, since=now)

    def cleared(self) -> "LiveSchedule":
        """Nothing is wanted any more."""
        return LiveSchedule()

    def started(self) -> "LiveSchedule":
        """After the run of what was wanted has begun."""
        return LiveSchedule(None, self.since, self.wanted)

    def next_action(self, now: float, live_run: bool, other_run: bool) -> LiveAction:
        """What to do at time `now`: `live_run`, `other_run` say what kind of run is going on, if any."""
        if self.wanted is None:
            return LiveAction.IDLE
        if live_run:
            return LiveAction.CANCEL
        if other_run or now < self.since + GRACE_S:
            return LiveAction.WAIT
        return LiveAction.START
