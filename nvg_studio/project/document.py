"""The document: a list of immutable snapshots, and the pictures they name. Every change gives a new document.

History lives here and nowhere else: paint, lock, rename and accepted results are all snapshots, so one undo covers
everything. A run pins the snapshot it was started from; whoever started it compares that with the current one before
accepting the result. Documents are values, so a thread may save one while the window edits the next one.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from nvg_studio.errors import LockError, PictureError, SequenceError
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.ids import UNKNOWN, TokenizerId
from nvg_studio.imaging.compose import compose
from nvg_studio.project.snapshot import History as History
from nvg_studio.project.snapshot import Layout as Layout
from nvg_studio.project.snapshot import PendingResult as PendingResult
from nvg_studio.project.snapshot import Picture as Picture
from nvg_studio.project.snapshot import Snapshot as Snapshot
from nvg_studio.sampling.settings import RunRequest

BLANK_GREY = 128
"""Grey of a picture that does not exist yet."""

LONGEST_HISTORY = 500
MAX_PICTURES = 512 * 2**20
"""Steps that can be undone, and bytes of their base pictures: hours of work must not fill the memory."""


@dataclass(frozen=True, eq=False)
class Document:
    """A history, the pictures that its snapshots name (key -> uint8 [S, S, 3], read-only), and results beside it."""

    history: History
    pictures: Mapping[str, Picture]
    pending_results: tuple[PendingResult, ...] = ()

    @property
    def snapshot(self) -> Snapshot:
        """The current step."""
        return self.history.current

    @property
    def sequence(self) -> GranularitySequence:
        """The current sequence."""
        return self.snapshot.sequence

    @property
    def base(self) -> Picture:
        """The current base picture, uint8 [S, S, 3], read-only."""
        return self.pictures[self.snapshot.base]

    @property
    def titles(self) -> tuple[str, ...]:
        """What was done at every step, the undone ones included."""
        return tuple(snapshot.title for snapshot in self.history.snapshots)

    @property
    def index(self) -> int:
        """The current step, counted from 0."""
        return self.history.index

    @property
    def can_undo(self) -> bool:
        """Whether there is a step before the current one."""
        return self.index > 0

    @property
    def can_redo(self) -> bool:
        """Whether a step was undone."""
        return self.index + 1 < len(self.history.snapshots)

    def undo(self) -> "Document":
        """One step back; the same document at the start."""
        return self.visit(self.index - 1)

    def redo(self) -> "Document":
        """One step forward; the same document at the end."""
        return self.visit(self.index + 1)

    def visit(self, index: int) -> "Document":
        """Go to any step (an index outside is moved inside); the same document if it is there already."""
        history = self.history.visit(index)
        return self if history.index == self.index else replace(self, history=history)


def picture_key(picture: Picture) -> str:
    """Key of a picture: SHA-256 (64 hex digits) of its size and pixels."""
    digest = hashlib.sha256(repr(picture.shape).encode())
    digest.update(np.ascontiguousarray(picture).data)
    return digest.hexdigest()


def open_photo(sequence: GranularitySequence, crop: Picture, title: str, tokenizer: TokenizerId = UNKNOWN) -> Document:
    """A document of a photo.

    Args:
        sequence: the photo, encoded.
        crop: uint8 [S, S, 3], the square that was encoded, at the resolution to keep; the base picture.
        title: of the first step.
        tokenizer: that of the model that encoded it.
    """
    locks = Locks.none(sequence.cells, sequence.depth)
    return _first(Snapshot(sequence, sequence, locks, picture_key(crop), title, tokenizer=tokenizer), crop)


def from_result(
    request: RunRequest, sequence: GranularitySequence, picture: Picture, title: str = "Generate"
) -> Document:
    """A document of a picture uint8 [S, S, 3] that a run made from nothing; nothing is locked."""
    locks = Locks.none(sequence.cells, sequence.depth)
    key, tokenizer = picture_key(picture), request.tokenizer
    return _first(Snapshot(sequence, sequence, locks, key, title, request=request, tokenizer=tokenizer), picture)


def new_layout(sequence: GranularitySequence, size: int, tokenizer: TokenizerId = UNKNOWN) -> Document:
    """A blank document for a new layout: a tree without content (all tokens 0), and a grey picture of size x size."""
    paper = np.full((size, size, 3), BLANK_GREY, np.uint8)
    locks = Locks.none(sequence.cells, sequence.depth)
    key = picture_key(paper)
    return _first(Snapshot(sequence, sequence, locks, key, "New layout", tokenizer=tokenizer, layout=Layout(0)), paper)


def apply_edit(document: Document, sequence: GranularitySequence, title: str, level: int = 0) -> Document:
    """Document with an edited sequence as a new step; the same document where nothing changed.

    `level`: the level whose structure was painted (0: only content, or cells were given back); runs hold it from now
    on, and where a layout is being made it belongs to that layout.
    """
    before = document.snapshot
    if sequence == before.sequence:
        return document
    layout, held = before.layout, max(before.held_levels, level)
    if layout is not None:
        layout = replace(layout, levels=max(layout.levels, level))
    elif np.array_equal(sequence.bits, before.result.bits):
        held = _held_by_result(document.history)
    after = replace(before, sequence=sequence, title=title, layout=layout, held_levels=held)
    return pushed(document, after)


def apply_layout(document: Document, sequence: GranularitySequence, layout: Layout, title: str) -> Document:
    """Document with the layout of a reference as a new step; the same document where nothing changes."""
    snapshot = document.snapshot
    if snapshot.layout is not None:
        layout = replace(layout, levels=max(layout.levels, snapshot.layout.levels))
    held = max(layout.levels, snapshot.held_levels)
    after = replace(snapshot, sequence=sequence, layout=layout, held_levels=held)
    return document if after == snapshot else pushed(document, replace(after, title=title))


def release_layout(document: Document) -> Document:
    """Document whose next run may change the painted structure, as a new step; the same document if it may already."""
    snapshot = document.snapshot
    if snapshot.held_levels == 0:
        return document
    layout = None if snapshot.layout is None else replace(snapshot.layout, levels=0)
    return pushed(document, replace(snapshot, held_levels=0, layout=layout, title="Release the painted layout"))


def with_locks(document: Document, locks: Locks, title: str) -> Document:
    """Document with other locks as a new step; the same document where nothing changed."""
    if locks == document.snapshot.locks:
        return document
    return pushed(document, replace(document.snapshot, locks=locks, title=title))


def with_name(document: Document, stage: int, cluster: int, name: str) -> Document:
    """Document with a cluster (0 <= cluster < 2**stage) named as a new step; an empty name takes the name away."""
    if not 0 <= stage <= document.sequence.depth or not 0 <= cluster < 1 << stage:
        raise SequenceError(f"There is no cluster {cluster} at level {stage}.")
    kept = [entry for entry in document.snapshot.names if entry[:2] != (stage, cluster)]
    names = tuple(sorted([*kept, (stage, cluster, name)] if name else kept))
    if names == document.snapshot.names:
        return document
    title = f"Name cluster {cluster}, level {stage}" if name else f"Take the name of cluster {cluster}, level {stage}"
    return pushed(document, replace(document.snapshot, names=names, title=title))


def accept_result(
    document: Document,
    request: RunRequest,
    sequence: GranularitySequence,
    picture: Picture,
    exact_pixels: bool = True,
    title: str | None = None,
    kept: Picture | None = None,
    held_levels: int | None = None,
) -> Document:
    """Document with a run's result as a new step, undone like any other.

    Args:
        document: where the result goes; the caller makes sure that it is what the run was started from, or asks.
        request: the run.
        sequence: its result.
        picture: the result, decoded: uint8 [s, s, 3].
        exact_pixels: keep the base picture's own pixels in the cells that the run held entirely.
        title: of the step; None names the stage.
        kept: the picture whose pixels are kept, uint8 [S, S, 3]; None: the current base picture.
        held_levels: that the step had from which the run was started; None: those of the current step. What the run
            kept of them is held further on.

    Raises:
        LockError: the result changes cells that were locked after the run was started.
    """
    before = document.snapshot
    _check_locks(before, sequence)
    mask = request.locks.region if request.locks is not None and exact_pixels else None
    old = document.base if kept is None else kept
    base = picture if mask is None or not mask.any() else compose(old, picture, mask)
    held = before.held_levels if held_levels is None else held_levels
    after = replace(
        before,
        sequence=sequence,
        result=sequence,
        base=picture_key(base),
        title=title or f"Run from level {request.stage}",
        request=request,
        tokenizer=request.tokenizer,
        layout=None,
        held_levels=min(held, _levels_kept(request)),
    )
    return pushed(document, after, base)


def only_current(document: Document) -> Document:
    """The current step alone, without what was before it and what was undone."""
    snapshot = document.snapshot
    return Document(History((snapshot,), 0), MappingProxyType({snapshot.base: document.base}))


def _levels_kept(request: RunRequest) -> int:
    """How many levels of every cell's structure a run keeps: those above its start, and those held in all cells."""
    held = 0 if request.locks is None else int(request.locks.structure.min())
    return max(request.stage, held)


def _held_by_result(history: History) -> int:
    """The held levels of the latest step whose structure is that of the current result: before it was painted on."""
    now = history.current
    for step in reversed(history.snapshots[: history.index + 1]):
        if step.result == now.result and np.array_equal(step.sequence.bits, now.result.bits):
            return step.held_levels
    return now.held_levels


def _check_locks(before: Snapshot, sequence: GranularitySequence) -> None:
    """A locked bit or token never changes, whatever was locked while a run went on."""
    if sequence.cells != before.sequence.cells:
        raise SequenceError(f"A result of {sequence.cells} cells does not fit a document of {before.sequence.cells}.")
    bits = (sequence.bits != before.sequence.bits) & before.locks.bits
    tokens = (sequence.token_map != before.sequence.token_map) & before.locks.tokens
    if count := int((bits.any(axis=1) | tokens.any(axis=0)).sum()):
        raise LockError(
            f"The result changes {count} cells that were locked since it was started: unlock them, or run again."
        )


def _first(snapshot: Snapshot, picture: Picture) -> Document:
    return Document(History((snapshot,), 0), MappingProxyType({snapshot.base: _read_only(picture)}))


def pushed(document: Document, snapshot: Snapshot, picture: Picture | None = None) -> Document:
    """The document one step on; steps beyond what memory is given and pictures that no step names are dropped."""
    pictures = dict(document.pictures)
    if picture is not None and snapshot.base not in pictures:
        pictures[snapshot.base] = _read_only(picture)
    history = document.history.push(snapshot)
    excess = _excess(history, pictures)
    history = History(history.snapshots[excess:], history.index - excess)
    named = {step.base for step in history.snapshots}
    kept = MappingProxyType({key: pictures[key] for key in pictures if key in named})
    return replace(document, history=history, pictures=kept)


def _excess(history: History, pictures: Mapping[str, Picture]) -> int:
    """How many of the first steps are too many; the latest one always stays."""
    kept, size = set[str](), 0
    latest = history.snapshots[-LONGEST_HISTORY:]
    for count, step in enumerate(reversed(latest)):
        if step.base not in kept:
            size += pictures[step.base].nbytes
            kept.add(step.base)
        if count and size > MAX_PICTURES:
            return len(history.snapshots) - count
    return len(history.snapshots) - len(latest)


def _read_only(picture: Picture) -> Picture:
    if picture.ndim != 3 or picture.dtype != np.uint8 or picture.shape[0] != picture.shape[1] or picture.shape[2] != 3:
        raise PictureError(f"A document's picture is a square of RGB pixels, not an array of shape {picture.shape}.")
    copy = np.array(picture, order="C")
    copy.setflags(write=False)
    return copy
