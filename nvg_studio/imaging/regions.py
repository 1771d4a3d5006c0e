"""Regions of a picture beside the model's own clusters: superpixels, colours, a box around a thing.

All give a label map, whole numbers [H, W] of which equal ones mean the same region; `to_cells` brings one to the grid.
Maps from files are read in `label_maps`.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from nvg_studio.errors import PictureError
from nvg_studio.imaging.cells import grid_side
from nvg_studio.imaging.crop import Picture

Labels = NDArray[np.int64]
Box = tuple[float, float, float, float]
"""Left, top, right and bottom as shares of the picture's sides, 0 to 1."""

WORK_SIDE = 256
"""Pixels a side that regions are looked for in: far more than the grid has cells."""
MAX_REGIONS = 256


def superpixels(image: Picture, count: int) -> Labels:
    """About `count` (2..256) compact regions of like colour (SLIC) of uint8 [H, W, 3]: int64 [H, W]."""
    from skimage.segmentation import slic  # half a second that the start of the program can do without

    # Weights and sizes that give about the requested count on photos, down to 4.
    labels = slic(
        image,
        n_segments=_checked(count),
        compactness=30,
        sigma=2,
        start_label=0,
        min_size_factor=0.2,
        max_size_factor=10,
        channel_axis=-1,
    )
    return np.asarray(labels, np.int64)


def colour_regions(image: Picture, count: int, position: float = 0.5) -> Labels:
    """`count` (2..256) regions of like colour and place by k-means in CIE Lab: int64 [H, W].

    Args:
        image: uint8 [H, W, 3].
        count: fewer come out where the picture has fewer colours.
        position: weight of the place in the picture; 0 groups by colour alone, 1 counts a picture's side as black to
            white.
    """
    height, width = image.shape[:2]
    features = _lab_and_place(image, position).reshape(-1, 5).astype(np.float32)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 40, 0.2)
    cv2.setRNGSeed(0)  # the same picture always falls into the same regions
    clusters = min(_checked(count), len(features))
    labels = cv2.kmeans(features, clusters, np.empty(0, np.int32), stop, 2, cv2.KMEANS_PP_CENTERS)[1]
    return np.asarray(labels, np.int64).reshape(height, width)


def cut_out(image: Picture, box: Box) -> Labels:
    """The thing inside a box (GrabCut): int64 [H, W], 1 on it and 0 elsewhere.

    Raises:
        PictureError: the box is too small, or holds nothing that stands out.
    """
    height, width = image.shape[:2]
    left, right = sorted(round(min(max(x, 0.0), 1.0) * width) for x in (box[0], box[2]))
    top, bottom = sorted(round(min(max(y, 0.0), 1.0) * height) for y in (box[1], box[3]))
    if right - left < 4 or bottom - top < 4:
        raise PictureError("The box is too small: drag one around the whole thing.")
    if (right - left) * (bottom - top) >= height * width:
        raise PictureError("The box covers the whole picture: leave some background around the thing.")
    mask = np.zeros((height, width), np.uint8)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    rectangle = (left, top, right - left, bottom - top)
    pixels = np.ascontiguousarray(image[..., ::-1])
    cv2.grabCut(pixels, mask, rectangle, models[0], models[1], 5, cv2.GC_INIT_WITH_RECT)
    found = (mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)
    if not found.any():
        raise PictureError("Nothing in the box stands out from the rest: drag another box, or choose superpixels.")
    return np.asarray(found, np.int64)


def to_cells(labels: NDArray[Any], cells: int) -> Labels:
    """The label that covers most of every cell of a square grid, the lower one on a tie: int64 [cells].

    `labels`: whole numbers [H, W]; of another shape than square, the centre square counts. A side shorter than the
    grid's gives the label at every cell's centre.
    """
    grid = grid_side(cells)
    square = _centre_square(np.asarray(labels))
    size = len(square)
    if size < grid:
        place = (2 * np.arange(grid) + 1) * size // (2 * grid)
        return np.asarray(square[place[:, None], place].reshape(-1), np.int64)
    names, index = np.unique(square, return_inverse=True)
    cell = np.arange(size) * grid // size
    where = (cell[:, None] * grid + cell).reshape(-1)
    votes = np.zeros((cells, len(names)), np.int32)
    np.add.at(votes, (where, index.reshape(-1)), 1)
    return np.asarray(names[votes.argmax(axis=1)], np.int64)


def cell_features(image: Picture, cells: int, position: float = 0.25) -> NDArray[np.float64]:
    """What makes cells alike: mean CIE Lab colour and place, float [cells, 5]; `image` uint8 [S, S, 3]."""
    grid = grid_side(cells)
    small = cv2.resize(np.ascontiguousarray(image), (grid, grid), interpolation=cv2.INTER_AREA)
    return _lab_and_place(np.asarray(small, np.uint8), position).reshape(cells, 5)


def _lab_and_place(image: Picture, position: float) -> NDArray[np.float64]:
    """CIE Lab and row, column (0 to 100, times `position`) of every pixel: float [H, W, 5]."""
    height, width = image.shape[:2]
    rows, columns = np.mgrid[0:height, 0:width]
    place = np.stack([rows / height, columns / width], axis=-1) * (100 * position)
    lab = cv2.cvtColor(np.ascontiguousarray(image).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return np.concatenate([lab, place], axis=-1)


def _checked(count: int) -> int:
    if not 2 <= count <= MAX_REGIONS:
        raise PictureError(f"Choose 2 to {MAX_REGIONS} regions, not {count}.")
    return count


def _centre_square(labels: NDArray[Any]) -> NDArray[Any]:
    height, width = labels.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return labels[top : top + side, left : left + side]
