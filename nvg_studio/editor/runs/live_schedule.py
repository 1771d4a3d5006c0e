"""When a live run starts and which one is cancelled: a value and pure functions, no Qt and no clock."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from enum import Enum

GRACE_S = 0.05
"""A second stroke within this time replaces the run of the first; a later one cancels it between two network calls."""


class LiveAction(Enum):
    """What to do now."""

    IDLE = "no run is pending"
    WAIT = "a run is pending, but its time has not come, or the engine is busy"
    CANCEL = "the active live run is out of date"
    START = "start the pending run"


@dataclass(frozen=True)
class LiveSchedule:
    """The input of the pending live run (`pending`, since when) and of the last one (`last_started`).

    The input is any hashable value; equal inputs are not run twice in a row.
    """

    pending: Hashable | None = None
    since: float = 0.0
    last_started: Hashable | None = None

    def stroke(self, what: Hashable, now: float) -> "LiveSchedule":
        """After a stroke with the result `what`; an earlier pending run is replaced."""
        return replace(self, pending=None if what == self.last_started else what, since=now)

    def cleared(self) -> "LiveSchedule":
        """No run is pending any more."""
        return LiveSchedule()

    def started(self) -> "LiveSchedule":
        """After the pending run has started."""
        return LiveSchedule(None, self.since, self.pending)

    def next_action(self, now: float, live_run: bool, other_run: bool) -> LiveAction:
        """What to do at time `now`: `live_run`, `other_run` say what kind of run is active, if any."""
        if self.pending is None:
            return LiveAction.IDLE
        if live_run:
            return LiveAction.CANCEL
        if other_run or now < self.since + GRACE_S:
            return LiveAction.WAIT
        return LiveAction.START
