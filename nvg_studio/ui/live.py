"""Live: a run after every stroke, the latest wins. Gives a `Schedule` the clock and the session."""

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from nvg_studio.ui.schedule import GRACE_S, Schedule, Step
from nvg_studio.ui.timers import single_shot

if TYPE_CHECKING:
    from nvg_studio.ui.session import Session


class LiveRuns(QObject):
    """Follows the strokes of a session while `session.runs.live` is on."""

    def __init__(self, session: "Session") -> None:
        super().__init__(session)
        self._session = session
        self._schedule = Schedule()
        self._timer = single_shot(self, round(GRACE_S * 1000) + 5, self._look)
        session.stroke_done.connect(self._stroke)
        session.runs.changed.connect(self._look)
        session.changed.connect(self._forget_visited)

    @property
    def waiting(self) -> bool:
        """Whether a stroke waits for its run."""
        return self._schedule.wanted is not None

    def close(self) -> None:
        """Run nothing any more."""
        self._timer.stop()

    def _stroke(self) -> None:
        if self._session.runs.live and self._session.can_run:
            self._schedule = self._schedule.stroke(self._session.snapshot, time.monotonic())
            self._look()

    def _forget_visited(self) -> None:
        """Somebody went to another step, or switched Live off: nothing is to be run by itself there."""
        if self._schedule.wanted is not None and self._schedule.wanted != self._session.snapshot:
            self._schedule = self._schedule.dropped()

    def _look(self) -> None:
        session, running = self._session, self._session.runs.running
        if not session.runs.live:
            self._schedule = self._schedule.dropped()
        live_run = running is not None and running.order.live
        step = self._schedule.step(time.monotonic(), live_run, running is not None and not live_run)
        if step is Step.CANCEL:
            session.runs.cancel()
        elif step is Step.WAIT and running is None:
            self._timer.start()
        elif step is Step.START:
            self._schedule = self._schedule.started()
            session.making.run(live=True)
