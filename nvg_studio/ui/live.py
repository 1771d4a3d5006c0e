"""Live: a run after every stroke, the latest wins. Gives a `Schedule` the clock, the document and the runs."""

import time
from collections.abc import Callable

from PySide6.QtCore import QObject

from nvg_studio.editor.store import DocumentStore
from nvg_studio.project.document import Snapshot
from nvg_studio.ui.runs import Runs
from nvg_studio.ui.schedule import GRACE_S, Schedule, Step
from nvg_studio.ui.timers import single_shot


class LiveRuns(QObject):
    """Follows the strokes, of which `stroke` tells, while `runs.live` is on."""

    def __init__(
        self,
        store: DocumentStore,
        runs: Runs,
        can_run: Callable[[], bool],
        run: Callable[[], None],
        parent: QObject | None = None,
    ) -> None:
        """`run` starts a live run of the open document; `can_run`: whether one may be asked for."""
        super().__init__(parent)
        self._store, self._runs, self._can_run, self._run = store, runs, can_run, run
        self._schedule = Schedule()
        self._timer = single_shot(self, round(GRACE_S * 1000) + 5, self._look)
        runs.changed.connect(self._look)
        store.changed.connect(self._forget_visited)

    @property
    def waiting(self) -> bool:
        """Whether a stroke waits for its run."""
        return self._schedule.wanted is not None

    def close(self) -> None:
        """Run nothing any more."""
        self._timer.stop()

    def stroke(self) -> None:
        """A stroke is done."""
        if self._runs.live and self._can_run():
            self._schedule = self._schedule.stroke(self._snapshot, time.monotonic())
            self._look()

    @property
    def _snapshot(self) -> Snapshot | None:
        document = self._store.version.document
        return None if document is None else document.snapshot

    def _forget_visited(self) -> None:
        """Somebody went to another step, or switched Live off: nothing is to be run by itself there."""
        if self._schedule.wanted is not None and self._schedule.wanted != self._snapshot:
            self._schedule = self._schedule.dropped()

    def _look(self) -> None:
        running = self._runs.running
        if not self._runs.live:
            self._schedule = self._schedule.dropped()
        live_run = running is not None and running.order.live
        step = self._schedule.step(time.monotonic(), live_run, running is not None and not live_run)
        if step is Step.CANCEL:
            self._runs.cancel_running()
        elif step is Step.WAIT and running is None:
            self._timer.start()
        elif step is Step.START:
            self._schedule = self._schedule.started()
            self._run()
