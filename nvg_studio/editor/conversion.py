"""Conversion of a document to the loaded model: its content is encoded again from its picture, its structure stays."""

from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Signal

from nvg_studio.editor.documents.open_document import DocumentVersion
from nvg_studio.editor.documents.store import DocumentStore
from nvg_studio.editor.engine_client import EngineClient
from nvg_studio.editor.notices import Kind, Notice
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.project.converting import convert_content
from nvg_studio.project.document import Document
from nvg_studio.sampling.events import LAST_EVENTS, Encoded, Event, Failed
from nvg_studio.sampling.settings import ModelInfo


@dataclass(eq=False)
class Converting:
    """An active conversion: the document, the model, and the engine's jobs for the bits of the current sequence and of
    the current result, with their answers."""

    asked: DocumentVersion
    document: Document
    info: ModelInfo
    jobs: tuple[int, int]
    found: dict[int, GranularitySequence] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """Whether both answers are there."""
        return self.found.keys() == set(self.jobs)


class Conversion(QObject):
    """Converts the open document. `notified` with a `Notice`."""

    notified = Signal(object)

    def __init__(self, link: EngineClient, store: DocumentStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._link, self._store = link, store
        self._now: Converting | None = None
        store.replaced.connect(lambda _: self.stop())

    @property
    def busy(self) -> bool:
        """Whether a conversion is active."""
        return self._now is not None

    def start(self, info: ModelInfo) -> None:
        """Convert the open document to a model that is loaded; one step, or one line that says why not."""
        asked, document = self._store.version, self._store.version.document
        if document is None:
            return
        if document.sequence.depth != info.depth:
            text = f"This document has {document.sequence.depth} levels, the model {info.depth}"
            self.notified.emit(
                Notice(f"{text}: it can be converted to a model with as many levels only.", Kind.WARNING)
            )
            return
        self.stop()
        snapshot = document.snapshot
        current = self._link.encode(document.base, snapshot.sequence.bits)
        same = snapshot.result == snapshot.sequence
        result = current if same else self._link.encode(document.base, snapshot.result.bits)
        self._now = Converting(asked, document, info, (current, result))

    def stop(self) -> None:
        """Cancel the conversion."""
        now, self._now = self._now, None
        for job in set(now.jobs) - now.found.keys() if now is not None else ():
            self._link.cancel(job)

    def handle_event(self, event: Event) -> None:
        """Handle the engine's answer; other events are ignored."""
        now = self._now
        if now is None or event.job not in now.jobs or not isinstance(event, LAST_EVENTS):
            return
        if isinstance(event, Encoded):
            now.found[event.job] = event.sequence
            if now.done:
                self._now = None
                self._finish(now)
            return
        self.stop()
        if isinstance(event, Failed):
            self.notified.emit(Notice(event.message, Kind.ERROR, event.details))

    def _finish(self, now: Converting) -> None:
        sequence, result = (now.found[job] for job in now.jobs)
        title = f"Convert to {now.info.name}"
        after = convert_content(now.document, sequence, result, now.info.identity.tokenizer, title)
        if not self._store.commit_step(now.asked, after):
            text = "The document was not converted: it was changed meanwhile. Convert it once more."
            self.notified.emit(Notice(text, Kind.WARNING))
