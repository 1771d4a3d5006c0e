"""The loaded model, models that are being loaded, and failures of loading."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from nvg_studio.editor.engine_client import EngineClient
from nvg_studio.editor.notices import Kind, Notice
from nvg_studio.sampling.events import Cancelled, Event, Failed, ModelReady
from nvg_studio.sampling.settings import ModelInfo

AUTOMATIC = "auto"


@dataclass(frozen=True)
class LoadRequest:
    """A model that is being loaded: the name of its folder, and the requested device."""

    name: str
    device: str


class ModelLoader(QObject):
    """Loads models; the engine keeps the last one that could be loaded.

    Signals: `changed` for any change of `info` and `loading`, `loaded` with the `ModelInfo` of a model before that,
    `device_refused` with the device and the `Failed` of a load that asked for a device, `notified` with a `Notice`.
    """

    changed = Signal()
    loaded = Signal(object)
    device_refused = Signal(str, object)
    notified = Signal(object)

    def __init__(self, engine: EngineClient, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self.info: ModelInfo | None = None
        self._requests: dict[int, LoadRequest] = {}
        self._loaded_job: int | None = None
        """The job that loaded `info`; the engine loads it again under this number when it was started again."""

    @property
    def loading(self) -> str | None:
        """The model that was requested last and is not loaded yet."""
        return next((request.name for request in reversed(self._requests.values())), None)

    def load(self, folder: Path, device: str = AUTOMATIC, dtype: str = AUTOMATIC) -> None:
        """Load the model of a folder; the current one stays in use until then."""
        if (folder / "config.json").is_file():
            self._requests[self._engine.load(str(folder), device, dtype)] = LoadRequest(folder.name, device)
        else:
            self.notified.emit(Notice(f"There is no model in {folder}: choose another one under Run, Models."))
        self.changed.emit()

    def handle_event(self, event: Event) -> None:
        """Handle the answer to a load; other events are ignored."""
        request = self._requests.pop(event.job, None) if isinstance(event, ModelReady | Failed | Cancelled) else None
        if isinstance(event, ModelReady):
            self.info, self._loaded_job = event.info, event.job
            self.loaded.emit(event.info)
        elif isinstance(event, Failed) and request is not None:
            self._handle_failure(request, event)
        elif isinstance(event, Failed) and event.job == self._loaded_job:
            self._handle_loss(event)
        elif request is None:
            return
        self.changed.emit()

    def _handle_failure(self, request: LoadRequest, event: Failed) -> None:
        if request.device == AUTOMATIC:
            self.notified.emit(Notice(event.message, Kind.ERROR, event.details))
        else:
            self.device_refused.emit(request.device, event)

    def _handle_loss(self, event: Failed) -> None:
        """The engine had to be started again, and could not load its model again."""
        name = self.info.name if self.info is not None else "The model"
        self.info, self._loaded_job = None, None
        text = f"{name} could not be loaded again: {event.message} Choose a model under Run, Models."
        self.notified.emit(Notice(text, Kind.ERROR, event.details, action="run.models"))
