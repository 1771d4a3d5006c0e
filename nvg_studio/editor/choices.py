"""What the user has chosen: tool, level, active clusters, brush, view. Not part of the document."""

from dataclasses import dataclass, replace
from enum import StrEnum

from PySide6.QtCore import QObject, Signal

PAINTING = ("brush", "eraser", "fill", "lasso", "rectangle", "ellipse")
"""The tools that change the structure."""


class ViewMode(StrEnum):
    """What the canvas shows."""

    PICTURE = "picture"
    STRUCTURE = "structure"
    OVERLAY = "overlay"
    BOUNDARIES = "boundaries"
    WIPE = "wipe"


class Palette(StrEnum):
    """How clusters are coloured: far apart, far apart for colour-blind eyes too, or like the picture there."""

    DISTINCT = "distinct"
    SAFE = "safe"
    MEAN = "mean"


class LockKind(StrEnum):
    """What a lock holds: the layout up to the level, everything, or the content up to the level."""

    LAYOUT = "layout"
    REGION = "region"
    COARSE = "coarse"


@dataclass(frozen=True)
class Choices:
    """The values of `EditorState`.

    `level` 0..depth; `cluster`, `other` and those in `selected` and `only` are clusters of that level; `only`: the ones
    that are shown, the others are dimmed (empty: all are shown). `size`: brush diameter in cells, 1..`max_size`;
    `opacity` 0..1 of the overlay; `wipe` 0..1, the position of the divider between before and after.
    """

    tool: str = "select"
    level: int = 2
    depth: int = 8
    cluster: int = 0
    other: int = 1
    selected: frozenset[int] = frozenset()
    only: frozenset[int] = frozenset()
    size: int = 3
    max_size: int = 16
    inside_parent: bool = False
    contiguous: bool = True
    balanced: bool = True
    exact_pixels: bool = True
    view: ViewMode = ViewMode.PICTURE
    opacity: float = 0.5
    wipe: float = 0.5
    palette: Palette = Palette.DISTINCT
    cell_grid: bool = True
    level_picture: bool = False
    lock_kind: LockKind = LockKind.REGION
    unlocking: bool = False


class EditorState(QObject):
    """Holds `Choices`; `changed` carries the ones before and the ones after."""

    changed = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.choices = Choices()

    def set(self, choices: Choices) -> None:
        """Replace the choices; values outside their ranges are clamped."""
        before = self.choices
        self.choices = replace(
            choices,
            size=min(max(choices.size, 1), choices.max_size),
            opacity=min(max(choices.opacity, 0.0), 1.0),
            wipe=min(max(choices.wipe, 0.0), 1.0),
        )
        if self.choices != before:
            self.changed.emit(before, self.choices)

    def set_level(self, level: int) -> None:
        """Go to a level; the active clusters become their ancestors or their first descendants there.

        Those that are selected or shown alone become their ancestors, or all of their descendants.
        """
        now = self.choices
        level = min(max(level, 0), now.depth)
        cluster, other = (_cluster_at_level(c, now.level, level) for c in (now.cluster, now.other))
        if other == cluster and level > 0:
            other = cluster ^ 1
        selected, only = (at_level(clusters, now.level, level) for clusters in (now.selected, now.only))
        self.set(replace(self.choices, level=level, cluster=cluster, other=other, selected=selected, only=only))

    def activate(self, cluster: int) -> None:
        """Make a cluster of the active level the active one; the other one is its sibling unless the two are
        swapped."""
        now = self.choices
        if cluster == now.cluster:
            return
        sibling = cluster ^ 1 if now.level else 0
        self.set(replace(self.choices, cluster=cluster, other=now.cluster if cluster == now.other else sibling))

    def toggle_only(self, clusters: frozenset[int]) -> None:
        """Show `clusters` alone, or with others that are; all of them again if they are shown alone already."""
        only = self.choices.only
        self.set(replace(self.choices, only=only - clusters if clusters <= only else only | clusters))

    def swap(self) -> None:
        """Swap the two active clusters."""
        self.set(replace(self.choices, cluster=self.choices.other, other=self.choices.cluster))

    def fit_to(self, depth: int, grid: int) -> None:
        """Keep level and brush within a document of `depth` levels and `grid` cells per side."""
        self.set(replace(self.choices, depth=max(depth, self.choices.level), max_size=grid))
        self.set_level(min(self.choices.level, depth))
        self.set(replace(self.choices, depth=depth))


def at_level(clusters: frozenset[int], old: int, new: int) -> frozenset[int]:
    """Clusters of level `old` as those of `new`: their ancestors, or all of their descendants."""
    if new <= old:
        return frozenset(cluster >> (old - new) for cluster in clusters)
    count = 1 << (new - old)
    return frozenset(c for cluster in clusters for c in range(cluster * count, (cluster + 1) * count))


def _cluster_at_level(cluster: int, old: int, new: int) -> int:
    return cluster << (new - old) if new >= old else cluster >> (old - new)
