"""The open document and requests to open or save one, as values; the store creates and replaces them."""

from dataclasses import dataclass
from pathlib import Path
from typing import NewType

from nvg_studio.project.document import Document, PendingResult, Picture, Snapshot
from nvg_studio.project.storage.file_stamp import FileStamp
from nvg_studio.project.storage.project_file import Project
from nvg_studio.sampling.settings import GenerationSettings

DocumentId = NewType("DocumentId", int)
NO_DOCUMENT = DocumentId(0)
"""The identity for work that was started while no document was open."""
SaveState = tuple[Snapshot, tuple[PendingResult, ...]]
"""What would be lost: the current step, and the results that wait beside the history."""


@dataclass(frozen=True, eq=False)
class DocumentVersion:
    """A document as it was when work was started; `document` is None where none was open."""

    id: DocumentId
    revision: int
    document: Document | None


@dataclass(frozen=True, eq=False)
class NewDocument:
    """A document that is to be opened.

    Attributes:
        document: what to work on.
        name: what to call it.
        path: its own file; None: it has none yet.
        saved: nothing of it would be lost yet (a photo as it was opened, a project as it is in its file).
        project: where it came from, if that was a project: its model, stage pictures and reference belong to it.
        file: what its file was when it was read.
    """

    document: Document
    name: str
    path: Path | None = None
    saved: bool = False
    project: Project | None = None
    file: FileStamp | None = None


@dataclass(frozen=True, eq=False)
class OpenDocument:
    """What is known of the open document; a new value with every change.

    Attributes:
        id: its identity, never used again for another document.
        document: its value now.
        name: what it is called.
        path: its own file; None: it has none yet.
        saved: the work that is in its file, or that need not be saved; None: nothing.
        model_name: the model that it was made with, if a project says so.
        reference: the picture whose structure was taken over, or is to be; goes into the project file.
        project: the project that it was opened from, if any.
        request: what asked for it, if it did not come at once.
        revision: grows with every change of `document`.
        settings: those of the next runs.
        saved_settings: those in its file.
        file: what its file was when it was opened or saved last.
    """

    id: DocumentId
    document: Document
    name: str
    path: Path | None = None
    saved: SaveState | None = None
    model_name: str = ""
    reference: Picture | None = None
    project: Project | None = None
    request: "OpenRequest | None" = None
    revision: int = 0
    settings: GenerationSettings = GenerationSettings()
    saved_settings: GenerationSettings | None = None
    file: FileStamp | None = None

    @property
    def save_state(self) -> SaveState:
        """What would be lost."""
        return self.document.snapshot, self.document.pending_results

    @property
    def modified(self) -> bool:
        """Whether it differs from its file. Without one, a class that was chosen for a photo is no work to save."""
        return self.save_state != self.saved or (self.path is not None and self.settings != self.saved_settings)


@dataclass(frozen=True, eq=False)
class OpenRequest:
    """A document is loading: a file, a photo, a copy, a recovery, a new picture. Only the latest request opens."""

    number: int
    version: DocumentVersion
    title: str


@dataclass(frozen=True, eq=False)
class SaveRequest:
    """A version of a document is being written; the latest request determines which file is the document's own."""

    number: int
    version: DocumentVersion
    settings: GenerationSettings
