"""Live runs: a run after every stroke. Connects a `LiveSchedule` with the clock, the document and the run queue."""

import time
from collections.abc import Callable

from PySide6.QtCore import QObject

from nvg_studio.editor.documents.store import DocumentStore
from nvg_studio.editor.runs.live_schedule import GRACE_S, LiveAction, LiveSchedule
from nvg_studio.editor.runs.run_queue import RunQueue
from nvg_studio.editor.timers import single_shot
from nvg_studio.project.document import Snapshot


class LiveRuns(QObject):
    """Starts a run after every `stroke` while `runs.options.live` is on."""

    def __init__(
        self,
        store: DocumentStore,
        runs: RunQueue,
        can_run: Callable[[], bool],
        run: Callable[[], None],
        parent: QObject | None = None,
    ) -> None:
        """`run` starts a live run of the open document; `can_run`: whether one may be asked for."""
        super().__init__(parent)
        self._store, self._runs, self._can_run, self._run = store, runs, can_run, run
        self._schedule = LiveSchedule()
        self._timer = single_shot(self, round(GRACE_S * 1000) + 5, self._update)
        runs.changed.connect(self._update)
        store.changed.connect(self._cancel_on_navigation)

    @property
    def waiting(self) -> bool:
        """Whether a stroke waits for its run."""
        return self._schedule.pending is not None

    def close(self) -> None:
        """Start no further run."""
        self._timer.stop()

    def stroke(self) -> None:
        """A stroke is done."""
        if self._runs.options.live and self._can_run():
            self._schedule = self._schedule.stroke(self._snapshot, time.monotonic())
            self._update()

    @property
    def _snapshot(self) -> Snapshot | None:
        document = self._store.version.document
        return None if document is None else document.snapshot

    def _cancel_on_navigation(self) -> None:
        """The user went to another step: the pending live run is not for that one."""
        if self._schedule.pending is not None and self._schedule.pending != self._snapshot:
            self._schedule = self._schedule.cleared()

    def _update(self) -> None:
        running = self._runs.running
        if not self._runs.options.live:
            self._schedule = self._schedule.cleared()
        live_run = running is not None and running.queued.live
        step = self._schedule.next_action(time.monotonic(), live_run, running is not None and not live_run)
        if step is LiveAction.CANCEL:
            self._runs.cancel_running()
        elif step is LiveAction.WAIT and running is None:
            self._timer.start()
        elif step is LiveAction.START:
            self._schedule = self._schedule.started()
            self._run()
