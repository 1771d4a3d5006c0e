"""What the person at the window has chosen: tool, level, clusters in hand, brush, view. Not part of the document."""

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

from PySide6.QtCore import QObject, Signal


class ViewMode(StrEnum):
    """What the canvas shows."""

    PICTURE = "picture"
    STRUCTURE = "structure"
    OVERLAY = "overlay"
    BOUNDARIES = "boundaries"


class LockKind(StrEnum):
    """What a lock holds: the layout up to the level, everything, or the content up to the level."""

    LAYOUT = "layout"
    REGION = "region"
    COARSE = "coarse"


@dataclass(frozen=True)
class Choices:
    """The values of `EditorState`.

    `level` 0..depth; `cluster`, `other`, `selected`: clusters of that level (`selected` None: none); `size`: brush
    diameter in cells, 1..`max_size`; `opacity` 0..1 of the overlay.
    """

    tool: str = "select"
    level: int = 2
    depth: int = 8
    cluster: int = 0
    other: int = 1
    selected: int | None = None
    size: int = 3
    max_size: int = 16
    inside_parent: bool = True
    balanced: bool = True
    exact_pixels: bool = True
    view: ViewMode = ViewMode.PICTURE
    opacity: float = 0.5
    level_picture: bool = False
    lock_kind: LockKind = LockKind.REGION
    unlocking: bool = False


class EditorState(QObject):
    """Holds `Choices`; `changed` carries the names of what changed."""

    changed = Signal(frozenset)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.now = Choices()

    def update(self, **values: Any) -> None:
        """Set some choices (kept within their ranges) and say so once."""
        before = self.now
        after = replace(before, **values)
        after = replace(after, size=min(max(after.size, 1), after.max_size), opacity=min(max(after.opacity, 0.0), 1.0))
        self.now = after
        names = frozenset(f.name for f in fields(Choices) if getattr(before, f.name) != getattr(after, f.name))
        if names:
            self.changed.emit(names)

    def set_level(self, level: int) -> None:
        """Go to a level; the clusters in hand become their ancestors or their first descendants there."""
        now = self.now
        level = min(max(level, 0), now.depth)
        cluster, other = (_at_level(c, now.level, level) for c in (now.cluster, now.other))
        if other == cluster and level > 0:
            other = cluster ^ 1
        selected = None if now.selected is None else _at_level(now.selected, now.level, level)
        self.update(level=level, cluster=cluster, other=other, selected=selected)

    def take(self, cluster: int) -> None:
        """Take a cluster of the active level in hand; the other one is its sibling unless the two are swapped."""
        now = self.now
        if cluster == now.cluster:
            return
        sibling = cluster ^ 1 if now.level else 0
        self.update(cluster=cluster, other=now.cluster if cluster == now.other else sibling)

    def swap(self) -> None:
        """Swap the two clusters in hand."""
        self.update(cluster=self.now.other, other=self.now.cluster)

    def fit_to(self, depth: int, grid: int) -> None:
        """Keep level and brush within a document of `depth` levels and `grid` cells per side."""
        self.update(depth=max(depth, self.now.level), max_size=grid)
        self.set_level(min(self.now.level, depth))
        self.update(depth=depth)


def _at_level(cluster: int, old: int, new: int) -> int:
    return cluster << (new - old) if new >= old else cluster >> (old - new)
