"""What Pillow decodes well: WebP, GIF, BMP, PPM; and its pictures as rasters for the formats that build on it."""

import io
from typing import Any

import numpy as np
from PIL import Image, ImageFile

from nvg_studio.imaging.colour import ColourModel, Colours, IccProfile, Samples
from nvg_studio.imaging.formats.exif import orientation_of
from nvg_studio.imaging.formats.raster import CheckSize, Raster


def decode(data: bytes, formats: tuple[str, ...], check_size: CheckSize) -> Raster:
    """The first frame of a file of one of Pillow's formats. Raises whatever its decoders raise."""
    with Image.open(io.BytesIO(data), formats=formats) as image:
        check_size(image.size)
        frame = _first_frame_area(image)
        image.load()
        raster = raster_of(image)
    if frame is not None:
        return _transparent_outside(raster, frame)
    if image.format == "BMP" and raster.alpha is not None and not raster.alpha.any():
        # Screen grabbers leave the fourth byte at 0; nobody means a picture of which nothing is seen.
        return Raster(raster.samples, raster.model, None, raster.colours, raster.orientation)
    return raster


def raster_of(image: Image.Image, colours: Colours | None = None) -> Raster:
    """A loaded picture of any of Pillow's modes; `colours` count where it has no profile of its own."""
    profile = image.info.get("icc_profile")
    if isinstance(profile, bytes) and profile:
        colours = IccProfile(profile)
    orientation = orientation_of_image(image)
    if image.mode.startswith(("I", "F")):
        return Raster(_deep_grey(image)[..., None], ColourModel.GREY, None, colours, orientation)
    if image.mode == "CMYK":
        return Raster(np.asarray(image), ColourModel.CMYK, None, colours, orientation)
    grey = image.mode in ("1", "L", "LA", "La")
    if image.has_transparency_data:
        pixels = np.asarray(image.convert("LA" if grey else "RGBA"))
        model = ColourModel.GREY if grey else ColourModel.RGB
        return Raster(pixels[..., :-1], model, pixels[..., -1], colours, orientation)
    mode = "L" if grey else "RGB"
    pixels = np.asarray(image if image.mode == mode else image.convert(mode))
    model = ColourModel.GREY if grey else ColourModel.RGB
    return Raster(pixels.reshape(*pixels.shape[:2], -1), model, None, colours, orientation)


def orientation_of_image(image: Image.Image) -> int:
    """1 to 8; 1 where it says nothing that makes sense."""
    try:
        return orientation_of(image.getexif()) or 1
    except Exception:  # broken EXIF data does not spoil a good picture, whatever Pillow makes of it
        return 1


def _deep_grey(image: Image.Image) -> Samples:
    values: Any = np.asarray(image)
    if values.dtype.kind not in "iu" or values.min() < 0 or values.max() > 65535:
        raise ValueError("pixels are neither 8 nor 16 bit")
    return np.asarray(values, np.uint16)


def _first_frame_area(image: Image.Image) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom of a GIF's first frame where that does not cover the screen."""
    if image.format != "GIF" or not isinstance(image, ImageFile.ImageFile) or not image.tile:
        return None
    area = image.tile[0][1]
    return None if area is None or tuple(area) == (0, 0, *image.size) else area


def _transparent_outside(raster: Raster, area: tuple[int, int, int, int]) -> Raster:
    left, top, right, bottom = area
    inside = np.zeros(raster.samples.shape[:2], np.uint8)
    inside[top:bottom, left:right] = 255
    alpha = inside if raster.alpha is None else np.minimum(raster.alpha, inside)
    return Raster(raster.samples, raster.model, alpha, raster.colours, raster.orientation)
