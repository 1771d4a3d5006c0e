"""Reading photos: the engine encodes their structure, then the store opens them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from nvg_studio.editor.documents.open_document import NewDocument, OpenRequest
from nvg_studio.editor.documents.store import DocumentStore
from nvg_studio.editor.engine_client import EngineClient
from nvg_studio.editor.notices import Kind, Notice
from nvg_studio.ids import TokenizerId
from nvg_studio.project import document as documents
from nvg_studio.sampling.events import LAST_EVENTS, Encoded, Event, Failed, Picture, Structure


@dataclass(frozen=True, eq=False)
class PendingPhoto:
    """A photo whose structure is being read: the engine's job, the square crop uint8 [S, S, 3], its request."""

    job: int
    crop: Picture
    request: OpenRequest

    @property
    def title(self) -> str:
        """What to call it."""
        return self.request.title


class PhotoReader(QObject):
    """Reads one photo at a time. `changed` when `pending` does; `notified` with a `Notice`."""

    changed = Signal()
    notified = Signal(object)

    def __init__(
        self,
        engine: EngineClient,
        store: DocumentStore,
        tokenizer: Callable[[], TokenizerId],
        parent: QObject | None = None,
    ) -> None:
        """`tokenizer`: that of the loaded model; UNKNOWN where there is none."""
        super().__init__(parent)
        self._engine, self._store, self._tokenizer = engine, store, tokenizer
        self.pending: PendingPhoto | None = None
        store.dropped.connect(self._dropped)
        store.replaced.connect(self.stop)

    def read(self, request: OpenRequest, crop: Picture, structure: Structure | None = None) -> None:
        """Have a square crop uint8 [S, S, 3] read, its structure as of `Engine.encode`; then it is opened."""
        self.stop()
        self.pending = PendingPhoto(self._engine.encode(crop, structure), crop, request)
        self.changed.emit()

    def stop(self) -> None:
        """Stop reading."""
        if self.pending is not None:
            job, self.pending = self.pending.job, None
            self._engine.cancel(job)
            self.changed.emit()

    def handle_event(self, event: Event) -> None:
        """Handle the engine's answer; other events are ignored."""
        opening = self.pending
        if opening is None or event.job != opening.job or not isinstance(event, LAST_EVENTS):
            return
        self.pending = None
        try:
            if isinstance(event, Encoded):
                title = f"Open {opening.title}"
                document = documents.open_photo(event.sequence, opening.crop, title, self._tokenizer())
                name = Path(opening.title).stem
                self._store.finish_opening(opening.request, NewDocument(document, name, saved=True))
            else:
                self._store.cancel_opening(opening.request)
                if isinstance(event, Failed):
                    self.notified.emit(Notice(event.message, Kind.ERROR, event.details))
        finally:
            self.changed.emit()

    def _dropped(self, request: OpenRequest) -> None:
        if self.pending is not None and self.pending.request is request:
            self.stop()
