"""Edits of the open document: every method makes one undo step, or a notice that says why there is none."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal

from nvg_studio.editor import strokes
from nvg_studio.editor.choices import Choices, LockKind
from nvg_studio.editor.context import EditorContext
from nvg_studio.editor.notices import Kind, Notice, error_notice
from nvg_studio.editor.strokes import Mask
from nvg_studio.errors import NVGError
from nvg_studio.granularity import edits
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.project import document as documents
from nvg_studio.project.document import Document, Snapshot

LOCK_VERBS = {
    LockKind.LAYOUT: "Lock layout of",
    LockKind.REGION: "Lock",
    LockKind.COARSE: "Keep coarse content of",
}
STAYED_BALANCED = "Nothing changed: the clusters stay equal in size. Switch Balanced off to paint freely."


class DocumentEditor(QObject):
    """Edits the open document; unless a method says otherwise, there must be one.

    Signals: `edited` after an edit of structure or content by the user, `cells_rebalanced` with bool [L] (cells outside
    the stroke that balancing moved) before it.
    """

    edited = Signal()
    cells_rebalanced = Signal(object)

    def __init__(self, context: EditorContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context, self._store = context, context.store

    @property
    def _document(self) -> Document:
        document = self._store.version.document
        assert document is not None
        return document

    @property
    def _snapshot(self) -> Snapshot:
        return self._document.snapshot

    @property
    def _sequence(self) -> GranularitySequence:
        return self._snapshot.sequence

    @property
    def _locks(self) -> Locks:
        return self._snapshot.locks

    # -- history --------------------------------------------------------------------------------

    def undo(self) -> None:
        """Go one step back; nothing without a document."""
        self._change(lambda document: document.undo())

    def redo(self) -> None:
        """Go one step forward again; nothing without a document."""
        self._change(lambda document: document.redo())

    def go_to_step(self, index: int) -> None:
        """Go to any step of the history; nothing without a document."""
        self._change(lambda document: document.visit(index))

    # -- structure ------------------------------------------------------------------------------

    def paint(self, cells: Mask, choices: Choices) -> None:
        """Give `cells` bool [L] to the active cluster."""
        title = f"Paint cluster {choices.cluster}, level {choices.level}"
        self._apply_stroke(cells, choices, title)

    def fill(self, cell: int, choices: Choices) -> None:
        """Give the region under a cell to the active cluster: the connected part of its cluster, or all of it."""
        source = int(self._sequence.labels(choices.level)[cell])
        title = f"Fill cluster {source} with {choices.cluster}, level {choices.level}"
        self._apply_stroke(strokes.region(self._sequence, cell, choices), choices, title)

    def restore(self, cells: Mask, choices: Choices) -> None:
        """Give `cells` back what they had in the last result."""
        sequence, locks, result = self._sequence, self._locks, self._snapshot.result
        if sequence == result:
            self._notify("Nothing was edited since the last run, so there is nothing to restore.")
        elif edits.restore(sequence, result, cells, None, locks) == sequence:
            if edits.restore(sequence, result, cells) != sequence:
                self._notify(strokes.LOCKED, Kind.WARNING)
        else:
            self.apply(
                lambda: strokes.restored(sequence, result, cells, choices, locks), "Restore", STAYED_BALANCED, cells
            )

    def balance(self, level: int) -> None:
        """Make the clusters of a level equal in size."""
        sequence, locks = self._sequence, self._locks
        unchanged = f"The clusters of level {level} are equal in size already."
        self.apply(lambda: edits.balance(sequence, level, locks), f"Balance level {level}", unchanged, level=level)

    def merge(self, level: int, cluster: int) -> None:
        """Put a cluster into its sibling; it is empty afterwards."""
        sequence, locks = self._sequence, self._locks
        title = f"Merge cluster {cluster} into {cluster ^ 1}, level {level}"
        unchanged = f"Cluster {cluster} is empty already."
        self.apply(lambda: edits.merge(sequence, level, cluster, locks), title, unchanged, level=level)

    def swap(self, level: int, a: int, b: int) -> None:
        """Exchange two clusters: shape and content."""
        sequence, locks = self._sequence, self._locks
        title = f"Swap clusters {a} and {b}, level {level}"
        self.apply(lambda: edits.swap(sequence, level, a, b, locks), title, "Both clusters are empty.", level=level)

    # -- content --------------------------------------------------------------------------------

    def copy_content(self, level: int, clusters: frozenset[int], source: int) -> None:
        """Give clusters of a level the content, from coarse to fine, of another cluster of it."""
        sequence = self._sequence
        tokens = edits.path_tokens(sequence, level, source)
        others = clusters - {source}
        if not others:
            self._notify(
                f"Cluster {source} is the active one itself: make another one active (I), whose content it is to get."
            )
        elif -1 in tokens:
            self._notify(f"Cluster {source} is empty and has no content to copy: make another one active (I).")
        else:
            title = f"Content of cluster {source} for {strokes.cluster_list(others, level)}"
            self._set_content(level, others, tokens, title, "They have that content already.")

    def set_token(self, level: int, cluster: int, token: int) -> None:
        """Give a cluster one code as its content at a level."""
        title = f"Colour for cluster {cluster}, level {level}"
        self._set_content(level, frozenset((cluster,)), token, title, "The cluster has that colour already.")

    def _set_content(
        self, level: int, clusters: frozenset[int], tokens: int | tuple[int, ...], title: str, unchanged: str
    ) -> None:
        sequence, locks = self._sequence, self._locks
        after = strokes.with_content(sequence, level, clusters, tokens, locks)
        unlocked = strokes.with_content(sequence, level, clusters, tokens, None)
        if after == sequence != unlocked:
            self._notify(strokes.CONTENT_LOCKED, Kind.WARNING)
            return
        self.apply(lambda: after, title, unchanged)
        kept = int((after.token_map != unlocked.token_map).any(axis=0).sum())
        if kept:
            who = f"{kept} locked cells keep their" if kept > 1 else "One locked cell keeps its"
            self._notify(f"{who} content; the others have the new one.")

    # -- locks and names ------------------------------------------------------------------------

    def lock_cells(self, cells: Mask, choices: Choices) -> None:
        """Lock or unlock `cells` bool [L] as the choices say."""
        if not choices.unlocking and self._has_no_layout(choices.level, choices.lock_kind):
            return
        verb = "Unlock" if choices.unlocking else f"Lock {choices.lock_kind}"
        count = int(cells.sum())
        locks = strokes.locked(self._locks, cells, choices)
        self.set_locks(locks, f"{verb}, {count} cell{'s' if count != 1 else ''}")

    def unlock_clusters(self, level: int, clusters: frozenset[int], kind: LockKind = LockKind.REGION) -> None:
        """Release what a lock of `kind` holds in whole clusters of a level (a region is everything)."""
        cells = strokes.cells_of(self._sequence, level, clusters)
        locks = strokes.released(self._locks, cells, kind)
        self.set_locks(locks, f"Unlock {strokes.cluster_list(clusters, level)}")

    def lock_clusters(self, level: int, clusters: frozenset[int], kind: LockKind) -> None:
        """Lock whole clusters of a level."""
        if self._has_no_layout(level, kind):
            return
        cells = strokes.cells_of(self._sequence, level, clusters)
        names = strokes.cluster_list(clusters, level)
        choices = Choices(level=level, lock_kind=kind)
        self.set_locks(strokes.locked(self._locks, cells, choices), f"{LOCK_VERBS[kind]} {names}")

    def lock_level(self, level: int, kind: LockKind) -> None:
        """Hold the whole picture's layout or content up to a level."""
        if self._has_no_layout(level, kind):
            return
        everything = self._sequence.labels(0) == 0
        what = "layout" if kind is LockKind.LAYOUT else "content"
        locks = strokes.locked(self._locks, everything, Choices(level=level, lock_kind=kind))
        self.set_locks(locks, f"Lock {what} up to level {level}")

    def unlock_all(self) -> None:
        """Release every lock."""
        self.set_locks(self._locks.without(self._sequence.labels(0) == 0), "Unlock everything")

    def set_locks(self, locks: Locks, title: str) -> None:
        """Replace the locks; no step where nothing changes, nothing without a document."""
        self._change(lambda document: documents.with_locks(document, locks, title))

    def release_layout(self) -> None:
        """Let runs change the structure that was painted; nothing without a document."""
        self._change(documents.release_layout)

    def rename(self, level: int, cluster: int, name: str) -> None:
        """Name a cluster; an empty name removes its name. Nothing without a document."""
        self._change(lambda document: documents.with_name(document, level, cluster, name.strip()))

    # -- shared by the edits ------------------------------------------------------------------------

    def apply(
        self,
        edit: Callable[[], GranularitySequence],
        title: str,
        unchanged: str,
        stroke: Mask | None = None,
        level: int = 0,
    ) -> None:
        """Make the sequence that `edit` gives the next step; say why not, or `unchanged` where it is the same.

        `stroke` bool [L]: what the stroke touched; other cells that changed sides flash. `level`: what was laid out, if
        a layout is being made.
        """
        document, before = self._document, self._sequence
        try:
            after = edit()
        except NVGError as problem:
            self._context.notify(error_notice(problem, Kind.WARNING))
            return
        if after == before:
            self._notify(unchanged)
            return
        self._store.edit(documents.apply_edit(document, after, title, level))
        moved = edits.changed_cells(before, after, before.depth)
        others = moved if stroke is None else moved & ~stroke
        if others.any():
            self.cells_rebalanced.emit(others)
        self.edited.emit()

    def _apply_stroke(self, cells: Mask, choices: Choices, title: str) -> None:
        sequence, locks = self._sequence, self._locks
        change, forbidden = strokes.split_by_locks(sequence, cells, choices, locks)
        if change.any():
            edit = partial(strokes.painted, sequence, cells, choices, locks)
            self.apply(edit, title, STAYED_BALANCED, change, choices.level)
        elif forbidden.any():  # a stroke over the cluster's own cells needs no words
            self._notify(strokes.refusal(sequence, forbidden, choices, locks), Kind.WARNING)

    def _has_no_layout(self, level: int, kind: LockKind) -> bool:
        """Whether the layout of level 0 is to be locked, which says so."""
        if kind is not LockKind.LAYOUT or level > 0:
            return False
        self._notify("Level 0 is one cluster and has no layout to lock: go to a finer level.")
        return True

    def _notify(self, text: str, kind: Kind = Kind.INFO) -> None:
        self._context.notify(Notice(text, kind))

    def _change(self, change: Callable[[Document], Document]) -> None:
        document = self._store.version.document
        if document is not None:
            self._store.edit(change(document))
