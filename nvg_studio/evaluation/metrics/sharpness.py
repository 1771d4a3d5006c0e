"""How sharp pictures are: their mean gradient beside that of photos."""

import numpy as np
from skimage.color import rgb2gray

from nvg_studio.imaging.crop import Picture


def mean_gradient(squares: list[Picture]) -> float:
    """Mean magnitude of the luminance's gradient, per pixel, of pictures uint8 [S, S, 3]; luminance is 0 to 1."""
    return float(np.mean([_gradient(square).mean() for square in squares]))


def _gradient(square: Picture) -> np.ndarray:
    """Forward differences' magnitude float [S - 1, S - 1]."""
    grey = rgb2gray(square)
    down, across = np.diff(grey, axis=0)[:, :-1], np.diff(grey, axis=1)[:-1]
    return np.hypot(down, across)


def gradient_ratio(pictures: list[Picture], photos: list[Picture]) -> float:
    """Mean gradient of pictures over that of photos: 1 is as sharp, less is softer."""
    return mean_gradient(pictures) / max(mean_gradient(photos), 1e-12)
