"""The document store: the only place that holds, replaces and saves the open document.

Every open document has an identity, and a revision that grows with every change. Background work is
started for a `DocumentVersion`; its result goes to the store, which decides by that version: it opens the result, makes
it a step, adds it to the pending results, asks the user first, or drops it with a notice.
"""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from enum import Enum
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from nvg_studio.editor.document_settings import settings_of
from nvg_studio.editor.documents.open_document import (
    NO_DOCUMENT,
    DocumentId,
    DocumentVersion,
    NewDocument,
    OpenDocument,
    OpenRequest,
    SaveRequest,
)
from nvg_studio.editor.notices import Kind, Notice
from nvg_studio.ids import NAMELESS, Identity
from nvg_studio.project import results
from nvg_studio.project.document import Document, PendingResult, Picture, from_result
from nvg_studio.project.renaming import with_current_ids
from nvg_studio.project.storage.file_stamp import FileStamp
from nvg_studio.sampling.settings import GenerationSettings


class Outcome(Enum):
    """What the store did with a result."""

    OPENED = "it is the document now"
    STEP = "it is a step of its document"
    WAITING = "it waits beside the history of its document"
    ASKED = "the user is asked about unsaved changes first"
    DROPPED = "its document is not open any more, or something later was asked for"


class Replacement:
    """A document that is ready while the open one has unsaved changes: `accept` opens it, `decline` drops it."""

    def __init__(self, store: "DocumentStore", request: OpenRequest, new: NewDocument) -> None:
        self._store, self.request, self.new = store, request, new

    def accept(self) -> None:
        """The user has saved or discarded the changes."""
        self._store.accept_replacement(self)

    def decline(self) -> None:
        """The user keeps the open document."""
        self._store.cancel_opening(self.request)


class DocumentStore(QObject):
    """Holds the open document.

    Signals: `changed` after any change of `current`; `replaced` with the `OpenDocument` when another document is open,
    before `changed`; `dropped` with the `OpenRequest` whose document is not opened; `replace_requested` with a
    `Replacement`; `notified` with a `Notice`.
    """

    changed = Signal()
    replaced = Signal(object)
    dropped = Signal(object)
    replace_requested = Signal(object)
    notified = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.current: OpenDocument | None = None
        self._ids = itertools.count(NO_DOCUMENT + 1)
        self._numbers = itertools.count(1)
        self._latest: OpenRequest | None = None
        self._latest_saved = 0
        self._early_reference: Picture | None = None
        self._early_settings = GenerationSettings()
        self._identity = NAMELESS

    @property
    def version(self) -> DocumentVersion:
        """The open document as it is now, to start work for."""
        now = self.current
        if now is None:
            return DocumentVersion(NO_DOCUMENT, 0, None)
        return DocumentVersion(now.id, now.revision, now.document)

    def is_open(self, asked: DocumentVersion) -> bool:
        """Whether the document that work was started for is still open."""
        return asked.id == self.version.id

    # -- what the user does now ---------------------------------------------------------------

    def edit(self, document: Document) -> None:
        """Replace the value of the open document: a new step, another current step, other pending results."""
        now = self.current
        if now is None or document is now.document:
            return
        self.current = replace(now, document=document, revision=now.revision + 1)
        self.changed.emit()

    def open(self, new: NewDocument, request: OpenRequest | None = None) -> None:
        """Open a document at once; a document that was requested earlier and is still loading is dropped."""
        new = _with_current_ids(new, self._identity)
        late = self._latest
        self._latest = None
        if late is not None and late is not request:
            self.dropped.emit(late)
        project = new.project
        reference = project.reference if project is not None else None
        if reference is None:
            reference, self._early_reference = self._early_reference, None
        before = self._early_settings if self.current is None else self.current.settings
        fresh = settings_of(new.document, project, before)
        chosen_first = self.current is None and project is None and new.document.snapshot.request is None
        settings = before if chosen_first else fresh
        opened = OpenDocument(
            DocumentId(next(self._ids)),
            new.document,
            new.name,
            new.path,
            model_name=project.model_name if project is not None else "",
            reference=reference,
            project=project,
            request=request,
            settings=settings,
            saved_settings=settings,
            file=new.file,
        )
        self.current = replace(opened, saved=opened.save_state) if new.saved else opened
        self.replaced.emit(self.current)
        self.changed.emit()

    def set_identity(self, identity: Identity) -> None:
        """The loaded model's identity: projects that are opened from now on get its current ids."""
        self._identity = identity

    # -- documents that are loading -------------------------------------------------------------

    def begin_opening(self, title: str) -> OpenRequest:
        """A document is being read or generated; it replaces an earlier request that is not finished."""
        before = self._latest
        self._latest = OpenRequest(next(self._numbers), self.version, title)
        if before is not None:
            self.dropped.emit(before)
        return self._latest

    def is_latest(self, request: OpenRequest) -> bool:
        """Whether no other document was requested or opened since."""
        return request is self._latest

    def finish_opening(self, request: OpenRequest, new: NewDocument) -> Outcome:
        """The document is ready: open it, ask the user first, or drop it."""
        if not self.is_latest(request) or not self.is_open(request.version):
            self._notify(f"{request.title} was not opened: something else was opened or asked for after it.")
            self.dropped.emit(request)
            return Outcome.DROPPED
        if self._edited_since(request.version):
            self.replace_requested.emit(Replacement(self, request, new))
            return Outcome.ASKED
        self.open(new, request)
        return Outcome.OPENED

    def accept_replacement(self, replacement: Replacement) -> Outcome:
        """Open a document that the user confirmed, unless another one was requested meanwhile."""
        request = replacement.request
        if self.is_latest(request):
            self.open(replacement.new, request)
            return Outcome.OPENED
        return self.finish_opening(request, replacement.new)

    def cancel_opening(self, request: OpenRequest) -> None:
        """Its document cannot be read, or the user cancelled it."""
        if self.is_latest(request):
            self._latest = None
        self.dropped.emit(request)

    def finish_new_picture(self, request: OpenRequest, found: Sequence[PendingResult]) -> Outcome:
        """A picture from nothing, with its variations: opened if the document that was open has not been touched,
        or else beside its history."""
        now = self.current
        if self.is_latest(request) and self.is_open(request.version) and not self._edited_since(request.version):
            self.open(_document_of_first(found), request)
            return Outcome.OPENED
        if now is None or not self.is_open(request.version):
            return self._drop("The new picture was dropped: another document was opened or asked for meanwhile.")
        if now.document.sequence.cells != found[0].sequence.cells:
            return self.finish_opening(request, _document_of_first(found))
        return self._add_pending(
            found, "The new picture is done, but the document was edited meanwhile: it waits in the history."
        )

    # -- results --------------------------------------------------------------------------------

    def commit_step(self, asked: DocumentVersion, after: Document) -> bool:
        """Use what was composed from the version `asked`; False where the document has another step now."""
        now = self.current
        if now is None or asked.document is None or not self.is_open(asked):
            return False
        if now.document.snapshot is not asked.document.snapshot:
            return False
        self.edit(replace(after, pending_results=now.document.pending_results))  # stars may have been given meanwhile
        return True

    def add_pending(self, asked: DocumentVersion, found: Sequence[PendingResult], text: str) -> Outcome:
        """Add pending results to the document they were generated for; `text`: the notice about it."""
        if not self.is_open(asked):
            return self._drop("The result was dropped: another document was opened meanwhile.")
        return self._add_pending(found, text)

    # -- files ----------------------------------------------------------------------------------

    def begin_saving(self) -> SaveRequest:
        """The open document, as it is now, is being written to a file."""
        settings = self._early_settings if self.current is None else self.current.settings
        return SaveRequest(next(self._numbers), self.version, settings)

    def finish_saving(self, request: SaveRequest, path: Path, file: FileStamp | None = None) -> bool:
        """The file is written and now the document's own; False where another document or a later file is open."""
        now, document = self.current, request.version.document
        if now is None or document is None or not self.is_open(request.version) or request.number < self._latest_saved:
            return False
        self._latest_saved = request.number
        work = (document.snapshot, document.pending_results)
        saved = replace(now, path=path, name=path.stem, saved=work, saved_settings=request.settings, file=file)
        self.current = saved
        self.changed.emit()
        return True

    def set_settings(self, settings: GenerationSettings) -> None:
        """Set the settings of the next runs; without a document they are used for the first one that opens."""
        if self.current is None:
            self._early_settings = settings
        elif settings != self.current.settings:
            self.current = replace(self.current, settings=settings)
            self.changed.emit()

    def set_reference(self, asked: DocumentVersion, picture: Picture) -> bool:
        """Set the reference uint8 [H, W, 3] of a document; without one it is used for the first that opens."""
        if not self.is_open(asked):
            return False
        if self.current is None:
            self._early_reference = picture
        else:
            self.current = replace(self.current, reference=picture)
        return True

    def forget_path(self) -> None:
        """Another window holds the open document's file: the document continues without a file."""
        if self.current is not None:
            self.current = replace(self.current, path=None)
            self.changed.emit()

    def set_model_name(self, name: str) -> None:
        """The model that the open document was made with."""
        if self.current is not None:
            self.current = replace(self.current, model_name=name)

    # -- shared ---------------------------------------------------------------------------------

    def _edited_since(self, asked: DocumentVersion) -> bool:
        """Whether replacing the document would lose changes that were made since."""
        now = self.current
        return now is not None and now.revision != asked.revision and now.modified

    def _add_pending(self, found: Sequence[PendingResult], text: str) -> Outcome:
        assert self.current is not None
        self.edit(results.with_pending(self.current.document, found))
        if text:
            self._notify(text)
        return Outcome.WAITING

    def _drop(self, text: str) -> Outcome:
        self._notify(text)
        return Outcome.DROPPED

    def _notify(self, text: str) -> None:
        self.notified.emit(Notice(text, Kind.INFO))


def _with_current_ids(new: NewDocument, identity: Identity) -> NewDocument:
    """A project's document with today's ids of the model, so that runs and results of the model are recognized."""
    if new.project is None or new.document is not new.project.document:
        return new
    project = with_current_ids(new.project, identity)
    return replace(new, document=project.document, project=project)


def _document_of_first(found: Sequence[PendingResult]) -> NewDocument:
    """The first of some results as a document; where there are more, all of them wait beside it."""
    document = from_result(found[0].request, found[0].sequence, found[0].picture)
    return NewDocument(results.with_pending(document, found) if len(found) > 1 else document, "Untitled")
