"""The colours of clusters in the chosen palette."""

import numpy as np
from numpy.typing import NDArray

from nvg_studio.editor.choices import Choices, Palette
from nvg_studio.editor.session import Session
from nvg_studio.imaging.draw import label_colours, mean_colours, safe_colours
from nvg_studio.sampling.events import Picture

Labels = NDArray[np.int64]


def cluster_colours(session: Session, choices: Choices, level: int, labels: Labels | None = None) -> Picture:
    """Colours uint8 [2**level, 3] of the clusters of a level.

    `labels` int64 [L]: those to take mean colours over, if they are not the document's.
    """
    if choices.palette is Palette.SAFE:
        return safe_colours(level)
    if choices.palette is Palette.MEAN and session.document is not None:
        over = session.labels(level) if labels is None else labels
        if len(over) == session.sequence.cells:  # a new picture may have another grid
            return mean_colours(session.cell_colours, over, level)
    return label_colours(level)
