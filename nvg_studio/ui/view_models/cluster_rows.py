"""The tree of clusters down to the active level, as the dock shows it."""

import numpy as np

from nvg_studio.editor.choices import Choices
from nvg_studio.editor.pictures.qimages import rgb
from nvg_studio.editor.session import Session
from nvg_studio.ui.docks.clusters import ClusterRow
from nvg_studio.ui.view_models.cluster_colours import cluster_colours


def cluster_rows(session: Session, choices: Choices) -> tuple[ClusterRow, ...]:
    """All clusters of levels 0 to the active one, level by level; none without a document."""
    if session.snapshot is None:
        return ()
    names = {entry[:2]: entry[2] for entry in session.snapshot.names}
    return tuple(row for level in range(choices.level + 1) for row in _rows_of(session, choices, level, names))


def _rows_of(session: Session, choices: Choices, level: int, names: dict[tuple[int, int], str]) -> list[ClusterRow]:
    locks, labels, count = session.locks, session.labels(level), 1 << level
    sizes = np.bincount(labels, minlength=count)
    layout, content, region = (
        np.bincount(labels, cells, minlength=count)
        for cells in (locks.structure >= max(level, 1), locks.content > level, locks.region)
    )
    colours = cluster_colours(session, choices, level)
    active = level == choices.level
    return [
        ClusterRow(
            level,
            cluster,
            names.get((level, cluster), ""),
            rgb(colours[cluster]),
            int(sizes[cluster]),
            _how_much(layout[cluster], sizes[cluster]),
            _how_much(content[cluster], sizes[cluster]),
            _how_much(region[cluster], sizes[cluster]),
            shown=active and cluster in choices.only,
            active=active and cluster == choices.cluster,
        )
        for cluster in range(count)
    ]


def cluster_summary(session: Session, choices: Choices) -> str:
    """A line about the clusters of the active level."""
    if session.document is None:
        return "Open a photo to see its clusters"
    count = 1 << choices.level
    sizes = np.bincount(session.labels(choices.level), minlength=count)
    equal = int(sizes.min()) == int(sizes.max())
    each = f"{sizes[0]} cell{'s' if sizes[0] != 1 else ''} each" if equal else f"{sizes.min()} to {sizes.max()} cells"
    return f"Level {choices.level}: {count} cluster{'s' if count > 1 else ''}, {each}"


def _how_much(part: float, whole: int) -> str:
    return "" if not part else "all" if part >= whole else "part"
