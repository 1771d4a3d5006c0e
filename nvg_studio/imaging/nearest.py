"""Which of many colours look most like one."""

import cv2
import numpy as np
from numpy.typing import NDArray

Colours = NDArray[np.uint8]


def nearest_colours(colours: Colours, wanted: tuple[int, int, int], count: int) -> NDArray[np.int64]:
    """Positions int64 [<= count] of the colours uint8 [n, 3] nearest to `wanted` in CIELAB, the nearest first.

    Equal distances keep their order, so the answer depends on the arguments alone.
    """
    distances = np.linalg.norm(_lab(colours) - _lab(np.array([wanted], np.uint8)), axis=1)
    return np.argsort(distances, kind="stable")[:count]


def _lab(colours: Colours) -> NDArray[np.float32]:
    pixels = (colours[None].astype(np.float32) / 255).astype(np.float32)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2Lab)[0], np.float32)
