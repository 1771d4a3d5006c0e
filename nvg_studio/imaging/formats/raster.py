"""A decoded picture as its file has it: samples, what they mean, and how it is to be turned."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nvg_studio.imaging.colour import ColourModel, Colours, Samples, over_white, to_srgb
from nvg_studio.imaging.crop import Picture

CheckSize = Callable[[tuple[int, int]], None]
"""Called with (width, height) before anything is decoded; raises PictureError."""
_BAND = 2**21
"""Pixels that are converted at a time: a large picture in floating point would fill the memory."""


@dataclass(frozen=True, eq=False)
class Raster:
    """Attributes:
    samples: uint8 or uint16 [H, W, C]: 1 channel of grey, 3 of RGB, 4 of CMYK.
    model: what the channels are.
    alpha: straight, of the same type, [H, W]; None: everything is opaque.
    colours: what the numbers mean; None: the file does not say, so sRGB.
    orientation: as in EXIF, 1 (upright) to 8.
    """

    samples: Samples
    model: ColourModel
    alpha: Samples | None = None
    colours: Colours | None = None
    orientation: int = 1


def flattened(raster: Raster) -> Picture:
    """sRGB over white, upright: uint8 [H, W, 3]."""
    height, width = raster.samples.shape[:2]
    picture = np.empty((height, width, 3), np.uint8)
    rows = max(_BAND // max(width, 1), 1)
    for top in range(0, height, rows):
        band = slice(top, top + rows)
        alpha = None if raster.alpha is None else raster.alpha[band]
        picture[band] = over_white(to_srgb(raster.samples[band], raster.model, raster.colours), alpha)
    return np.ascontiguousarray(upright(picture, raster.orientation))


def upright(picture: Samples, orientation: int) -> Samples:
    """An array [H, W, ...] turned as an EXIF orientation says; a number that EXIF does not have changes nothing."""
    if orientation in (5, 6, 7, 8):
        picture = picture.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        picture = picture[::-1]
    if orientation in (2, 3, 6, 7):
        picture = picture[:, ::-1]
    return picture
