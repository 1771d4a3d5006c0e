"""Squares of a picture and their sizes (OpenCV alone, so that the pipeline can use them on a bare GPU server)."""

import cv2
import numpy as np
from numpy.typing import NDArray

from nvg_studio.errors import PictureError

Picture = NDArray[np.uint8]
"""uint8 [height, width, 3], RGB."""


def square_crop(image: Picture, center: tuple[float, float] | None = None, max_size: int = 2048) -> Picture:
    """The largest square of a picture: uint8 [S, S, 3], S = min(H, W, max_size).

    Args:
        image: uint8 [H, W, 3].
        center: (x, y) in pixels that the square is centred on, moved inwards as needed; None: the picture's centre.
        max_size: larger squares are reduced to this many pixels a side.
    """
    height, width = image.shape[:2]
    side = min(height, width)
    x, y = center if center is not None else (width / 2, height / 2)
    left, top = (int(min(max(round(c - side / 2), 0), n - side)) for c, n in ((x, width), (y, height)))
    square = image[top : top + side, left : left + side]
    return resize(square, min(side, max_size))


def fit_square(image: Picture, size: int) -> Picture:
    """The centre square of uint8 [H, W, 3], resized to uint8 [size, size, 3]; PictureError for anything else."""
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or min(image.shape[:2]) < 8:
        raise PictureError(f"A picture must be uint8 [H, W, 3] of at least 8 pixels, not {image.dtype} {image.shape}.")
    return resize(square_crop(image, max_size=max(image.shape)), size)


def reduced(image: Picture, side: int) -> Picture:
    """A picture with no side longer than `side` pixels: uint8 [h, w, 3]; the same one where none is."""
    height, width = image.shape[:2]
    factor = side / max(height, width)
    if factor >= 1:
        return image
    size = (max(round(width * factor), 1), max(round(height * factor), 1))
    return np.asarray(cv2.resize(np.ascontiguousarray(image), size, interpolation=cv2.INTER_AREA), np.uint8)


def resize(image: Picture, size: int) -> Picture:
    """A square picture at `size` pixels a side: uint8 [size, size, 3], always a copy.

    Reduced by averaging areas, which neither rings nor aliases; enlarged with Lanczos.
    """
    side = image.shape[0]
    if image.shape[:2] == (size, size):
        return np.ascontiguousarray(image).copy()
    interpolation = cv2.INTER_AREA if side > size else cv2.INTER_LANCZOS4
    return np.asarray(cv2.resize(np.ascontiguousarray(image), (size, size), interpolation=interpolation), np.uint8)
