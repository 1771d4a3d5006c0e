"""The open document and the loaded model as one value to read from: what they are, and whether they fit together."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nvg_studio.editor.documents.open_document import OpenDocument, SaveState
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.ids import UNKNOWN, tokenizer_of
from nvg_studio.project.document import Document, Picture, Snapshot
from nvg_studio.project.planning import edited_stage
from nvg_studio.project.renaming import document_with_current_ids
from nvg_studio.project.rendering import Rendering
from nvg_studio.project.storage.project_file import Project
from nvg_studio.sampling.settings import ModelInfo

DEFAULT_DEPTH = 8
"""K where neither a document nor a model says another."""


@dataclass(frozen=True, eq=False)
class DocumentView:
    """`opened`: the open document; None: there is none. `info`: the loaded model; None: none is loaded."""

    opened: OpenDocument | None
    info: ModelInfo | None

    @property
    def document(self) -> Document | None:
        """The open document; None: there is none."""
        return None if self.opened is None else self.opened.document

    @property
    def name(self) -> str:
        """The document's name; "" without a document."""
        return "" if self.opened is None else self.opened.name

    @property
    def path(self) -> Path | None:
        """The document's own file; None: it has none."""
        return None if self.opened is None else self.opened.path

    @property
    def snapshot(self) -> Snapshot | None:
        """The current step of the document."""
        return None if self.document is None else self.document.snapshot

    @property
    def sequence(self) -> GranularitySequence:
        """The current sequence; there must be a document."""
        assert self.document is not None
        return self.document.snapshot.sequence

    @property
    def locks(self) -> Locks:
        """The current locks; there must be a document."""
        assert self.document is not None
        return self.document.snapshot.locks

    @property
    def depth(self) -> int:
        """K of the document, of the model where there is none, else `DEFAULT_DEPTH`."""
        if self.document is not None:
            return self.sequence.depth
        return self.info.depth if self.info else DEFAULT_DEPTH

    @property
    def grid(self) -> int:
        """Cells per side of the document."""
        return round(self.sequence.cells**0.5)

    def labels(self, level: int) -> NDArray[np.int64]:
        """Cluster of every cell at a level: int64 [L]."""
        return self.sequence.labels(level)

    def cluster_name(self, level: int, cluster: int) -> str:
        """The name that a cluster was given; "" for none."""
        names = () if self.snapshot is None else self.snapshot.names
        return next((name for stage, number, name in names if (stage, number) == (level, cluster)), "")

    @property
    def lowest_changed_level(self) -> int | None:
        """The level from which the next run must start; None where nothing was edited since the last one."""
        return None if self.snapshot is None else edited_stage(self.snapshot)

    @property
    def save_state(self) -> SaveState | None:
        """What would be lost: the current step, and the results that wait beside the history."""
        return None if self.opened is None else self.opened.save_state

    @property
    def modified(self) -> bool:
        """Whether the document differs from its file."""
        return self.opened is not None and self.opened.modified

    @property
    def model_compatible(self) -> bool:
        """Whether the loaded model can run on the document: same depth, and tokens of its own tokenizer."""
        fits = self.info is not None and (self.document is None or self.info.depth == self.sequence.depth)
        return fits and not self.made_with_other_model

    @property
    def made_with_other_model(self) -> bool:
        """Whether the document's content is that of another tokenizer than the loaded model's."""
        if self.snapshot is None or self.snapshot.blank or self.info is None:
            return False
        return not self.info.identity.owns(self.snapshot.tokenizer)

    @property
    def document_model_name(self) -> str:
        """The name of the model that the document was made with, as far as it is known."""
        return (self.opened.model_name if self.opened is not None else "") or "another model"

    @property
    def base(self) -> Picture:
        """The document's picture as of the last run (or the photo): uint8 [S, S, 3]; there must be a document."""
        assert self.document is not None
        return self.document.base

    @property
    def previous_picture(self) -> Picture:
        """The picture of the last step that has another one than the current step: uint8 [S, S, 3].

        The current one where no earlier step has another; there must be a document.
        """
        assert self.document is not None
        snapshot, earlier = self.document.snapshot, reversed(self.document.history.snapshots[: self.document.index])
        key = next((step.base for step in earlier if step.base != snapshot.base), snapshot.base)
        return self.document.pictures[key]

    def project(self, rendering: Rendering | None) -> Project:
        """The document as a project with the ids of the loaded model; there must be a document.

        `rendering`: the known stage pictures of the current step; left out where another tokenizer made them.
        """
        opened, info = self.opened, self.info
        assert opened is not None
        document = opened.document if info is None else document_with_current_ids(opened.document, info.identity)
        tokenizer = document.snapshot.tokenizer
        if rendering is not None and tokenizer not in (UNKNOWN, tokenizer_of(rendering.model)):
            rendering = None
        name = info.name if info is not None and info.identity.tokenizer == tokenizer else opened.model_name
        return Project(document, name, rendering, opened.reference, settings=opened.settings)
