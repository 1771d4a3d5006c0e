"""Numbers of pictures that tell regions apart: palette places, greys, colours or alpha, never colour-managed."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nvg_studio.imaging.formats import pillow, png
from nvg_studio.imaging.formats.raster import CheckSize, Raster, upright

MAX_COLOURS = 4096
"""A picture with more colours than this is a photo: its alpha is what tells the regions."""
_PALETTE = 3


def ids_of(raster: Raster) -> NDArray[Any]:
    """One number a pixel, [H, W], upright: the colour, or the alpha where that tells more."""
    packed = packed_channels(raster.samples)
    alpha = raster.alpha
    if alpha is not None and alpha.min() != alpha.max():
        colours = len(np.unique(packed))
        if colours == 1 or colours > MAX_COLOURS:
            half = np.iinfo(alpha.dtype).max // 2
            packed = np.asarray(alpha > half) if colours > 1 else alpha
        else:
            packed = np.where(alpha == 0, -1, packed)
    return upright(packed, raster.orientation)


def packed_channels(samples: NDArray[Any]) -> NDArray[Any]:
    """Channels [H, W, C] of whole numbers as one number a pixel; a single channel as it is, of any type."""
    if samples.ndim == 2:
        return samples
    if samples.shape[2] == 1:
        return samples[..., 0]
    kind = samples.dtype
    if kind.kind not in "bui" or kind.itemsize > 2 or samples.shape[2] > 4:
        return _told_apart(samples)
    packed = np.zeros(samples.shape[:2], np.int64)
    for channel in np.moveaxis(samples, 2, 0):
        packed = (packed << (8 * kind.itemsize)) + (channel.astype(np.int64) & ((1 << (8 * kind.itemsize)) - 1))
    return packed


def palette_places(data: bytes, check_size: CheckSize) -> NDArray[Any] | None:
    """The palette places of a PNG, GIF or BMP, [H, W], upright; None where it has no palette."""
    if data.startswith(png.SIGNATURE):
        if png.read_header(data).kind != _PALETTE:
            return None
        data = png.needed_alone(data, (b"IHDR", b"PLTE", b"IDAT", b"eXIf"))
    with Image.open(io.BytesIO(data), formats=("PNG", "GIF", "BMP")) as image:
        if image.mode != "P":
            return None
        check_size(image.size)
        image.load()
        return upright(np.asarray(image), pillow.orientation_of_image(image))


def _told_apart(samples: NDArray[Any]) -> NDArray[Any]:
    rows = samples.reshape(-1, samples.shape[2])
    return np.unique(rows, axis=0, return_inverse=True)[1].reshape(samples.shape[:2])
