"""Exact pixels: a decoded picture with the base picture's own pixels inside a mask."""

import cv2
import numpy as np
from numpy.typing import NDArray

from nvg_studio.errors import PictureError
from nvg_studio.imaging.cells import cells_to_pixels, grid_side
from nvg_studio.imaging.crop import Picture, resize


def compose(base: Picture, decoded: Picture, mask: NDArray[np.bool_]) -> Picture:
    """Keep the base inside the masked cells, take the decoded picture elsewhere (design: editing, "Exact pixels").

    Inside the mask the result is the base, byte for byte; outside it fades into the decoded picture over the width
    of one cell, so that no seam shows.

    Args:
        base: uint8 [S, S, 3], the picture to keep, S at least the cells a side.
        decoded: uint8 [s, s, 3], brought to S x S where it is needed.
        mask: bool [L], cells of a square grid, row by row.

    Returns:
        uint8 [S, S, 3], a new array; with an empty mask the decoded picture at its own size.

    Raises:
        PictureError: a picture is not square, smaller than the grid, or L is not a square number.
    """
    side = grid_side(mask.size)
    for shape in (base.shape, decoded.shape):
        if shape[2:] != (3,) or shape[0] != shape[1] or shape[0] < side:
            raise PictureError(f"Cannot compose a picture of shape {shape}: a square of {side} or more is needed.")
    if not mask.any():
        return decoded.copy()
    size = len(base)
    inside = cells_to_pixels(mask, size)
    result = resize(decoded, size)
    band, weight = _fade(inside, size / side)
    weight = weight[:, None]
    result[band] = np.rint(weight * base[band] + (1 - weight) * result[band])
    np.copyto(result, base, where=inside[..., None])
    return result


def _fade(inside: NDArray[np.bool_], width: float) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """The pixels closer than `width` to the inside, bool [S, S], and the base's weight at each of them, 1 down to 0."""
    distance = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    distance = distance - np.float32(0.5)  # from the centre of the nearest inner pixel to its edge
    band = (distance > 0) & (distance < width)
    x = 1 - distance[band] / np.float32(width)
    return band, np.asarray(x * x * (3 - 2 * x), dtype=np.float32)
