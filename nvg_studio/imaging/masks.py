"""Masks of regions at the size of a picture: hard, soft, and the box around them."""

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
"""uint8 [S, S]: 0 outside to 255 inside."""


def soft_mask(inside: NDArray[np.bool_], width: float) -> Mask:
    """A mask that fades over about `width` pixels at the border of `inside`, bool [S, S], half of it on each side.

    The soft masks of regions that share a picture add up to 255, but for rounding, so their cut-outs join without
    a seam. Regions are extended beyond the picture's edge.
    """
    weights = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), max(width / 4, 0.3), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(np.rint(weights * 255), dtype=np.uint8)


def bounding_box(mask: Mask) -> tuple[slice, slice]:
    """Rows and columns of the smallest box around what is not 0; there must be something."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
