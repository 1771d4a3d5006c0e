"""The values that a document is made of: one step of it, the history of its steps, and results beside the history."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nvg_studio.errors import SequenceError
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.ids import UNKNOWN, TokenizerId
from nvg_studio.sampling.settings import RunRequest

Picture = NDArray[np.uint8]
"""uint8 [S, S, 3], RGB, square."""

Names = tuple[tuple[int, int, str], ...]
"""Names of clusters as (stage, cluster, name), sorted by stage and cluster."""


@dataclass(frozen=True)
class Layout:
    """A layout from nothing or from a reference that no run has followed yet.

    The next run holds levels 1..`levels` of the structure and starts at stage `stages`: coarser content is laid out
    as well.
    """

    levels: int
    stages: int = 0


@dataclass(frozen=True)
class Snapshot:
    """One step of a document; compared and hashed by value.

    Attributes:
        sequence: structure and content as they are now.
        result: the last output of the engine (or the encoding of the photo); card states and the eraser derive from it.
        locks: what runs and edits keep.
        base: key of the base picture: the photo, or the composite of the last run.
        title: what was done, for the history.
        names: names of clusters.
        request: the run that made `result`; None for a photo.
        tokenizer: what the tokens mean something to; UNKNOWN, or in files of before the fingerprint of a model.
        layout: what was laid out since `result`, for the next run to follow; None where the edits tell where it starts.
        held_levels: 0..K; runs keep levels 1..held_levels of all cells' structure, because they were painted or taken
            from a reference, until the layout is released or a run is started from a coarser level.
    """

    sequence: GranularitySequence
    result: GranularitySequence
    locks: Locks
    base: str
    title: str
    names: Names = ()
    request: RunRequest | None = None
    tokenizer: TokenizerId = UNKNOWN
    layout: Layout | None = None
    held_levels: int = 0

    def __post_init__(self) -> None:
        cells = self.sequence.cells
        if not 0 <= self.held_levels <= self.sequence.depth:
            raise SequenceError(f"A layout is held up to level {self.sequence.depth}, not to {self.held_levels}.")
        if self.result.cells != cells or self.locks.cells != cells:
            raise SequenceError(f"A snapshot's sequence, result and locks have {cells} cells each.")

    @property
    def blank(self) -> bool:
        """Whether there is no content yet: a layout from nothing before its first run."""
        return self.request is None and self.layout is not None and not self.result.token_map.any()


@dataclass(frozen=True)
class History:
    """Snapshots and which one is current; what lies behind it was undone and can be redone."""

    snapshots: tuple[Snapshot, ...]
    index: int

    @property
    def current(self) -> Snapshot:
        """The current snapshot."""
        return self.snapshots[self.index]

    def push(self, snapshot: Snapshot) -> "History":
        """Add a step after the current one; what was undone is dropped."""
        return History((*self.snapshots[: self.index + 1], snapshot), self.index + 1)

    def visit(self, index: int) -> "History":
        """Go to any step; an index outside is moved inside."""
        return History(self.snapshots, min(max(index, 0), len(self.snapshots) - 1))


@dataclass(frozen=True, eq=False)
class PendingResult:
    """A result of a run beside the history: a variation, or one that arrived after the document had changed.

    Attributes:
        request: the run, with the settings of this result alone.
        sequence: its output.
        picture: the same, decoded: uint8 [s, s, 3], read-only.
        started_from: the step that the run was started from; None for a picture from nothing.
        title: what to call it.
        starred: marked to be kept.
    """

    request: RunRequest
    sequence: GranularitySequence
    picture: Picture
    started_from: Snapshot | None
    title: str
    starred: bool = False
