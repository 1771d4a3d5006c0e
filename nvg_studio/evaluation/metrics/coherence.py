"""How connected the regions of structures are: 1 for one region, about 2^-level for cells dealt at random."""

import numpy as np

from nvg_studio.granularity.grid import grid_shape
from nvg_studio.granularity.sequence import GranularitySequence

LEVELS = (1, 2, 3, 4)


def coherence(sequence: GranularitySequence, level: int) -> float:
    """Share of the neighbouring cells (side by side, or one below the other) that are in the same cluster."""
    labels = sequence.labels(level).reshape(grid_shape(sequence.cells))
    across, down = labels[:, 1:] == labels[:, :-1], labels[1:] == labels[:-1]
    return float(np.concatenate([across.ravel(), down.ravel()]).mean())


def mean_coherence(sequences: list[GranularitySequence]) -> dict[str, float]:
    """Mean coherence by level; levels deeper than the trees are left out."""
    levels = [level for level in LEVELS if level <= sequences[0].depth]
    return {f"level {level}": float(np.mean([coherence(one, level) for one in sequences])) for level in levels}
