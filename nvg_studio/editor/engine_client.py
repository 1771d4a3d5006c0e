"""The client of the engine process in the event loop: a timer polls its events, which are emitted as one signal."""

from PySide6.QtCore import QObject, QTimer, Signal

from nvg_studio.engine.protocol import Engine
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.sampling.events import LAST_EVENTS, Picture, Structure
from nvg_studio.sampling.settings import RunRequest

POLL_MS = 15
IDLE_POLL_MS = 200


class EngineClient(QObject):
    """Forwards calls to an `Engine` and emits `event_received` for everything it answers."""

    event_received = Signal(object)

    def __init__(self, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.engine = engine
        self._pending: set[int] = set()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.poll)
        self._timer.start(IDLE_POLL_MS)

    def load(self, folder: str, device: str, dtype: str) -> int:
        """Load a model; answered by ModelReady."""
        return self._track(self.engine.load(folder, device, dtype))

    def run(self, request: RunRequest) -> int:
        """Run; answered by StageDone for every stage, then Done."""
        return self._track(self.engine.run(request))

    def encode(self, image: Picture, structure: Structure | None = None) -> int:
        """Read uint8 [H, W, 3], its structure by a method or as given (None: the model's own); answered by Encoded."""
        return self._track(self.engine.encode(image, structure))

    def decode(self, sequence: GranularitySequence, stages: tuple[int, ...]) -> int:
        """Pictures of some stages; answered by Decoded."""
        return self._track(self.engine.decode(sequence, stages))

    def colours(self, path: tuple[int, ...]) -> int:
        """The colours of all codes on top of a path; answered by CodeColours."""
        return self._track(self.engine.colours(path))

    def cancel(self, job: int | None = None) -> None:
        """Stop a job (None: all)."""
        self.engine.cancel(job)

    def poll(self) -> None:
        """Emit the engine's events since the last poll."""
        for event in self.engine.poll():
            if isinstance(event, LAST_EVENTS):
                self._pending.discard(event.job)
            self.event_received.emit(event)
        self._adjust_interval()

    def stop(self) -> None:
        """Emit no further events."""
        self._timer.stop()

    def close(self) -> None:
        """`stop`, and end the engine."""
        self.stop()
        self.engine.close()

    def _track(self, job: int) -> int:
        self._pending.add(job)
        self._adjust_interval()
        return job

    def _adjust_interval(self) -> None:
        interval = POLL_MS if self._pending else IDLE_POLL_MS
        if self._timer.interval() != interval:
            self._timer.setInterval(interval)
