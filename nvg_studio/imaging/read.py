"""From a picture file to pixels: whatever a camera or a painting program wrote becomes uint8 RGB.

Files are not trusted: the size is checked before anything is decoded, only raster formats are tried, and every way in
which a decoder can fail ends in one `PictureError`.
"""

import io
import struct
import warnings
import zlib
from os import PathLike, fspath
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from nvg_studio.errors import PictureError
from nvg_studio.imaging.crop import Picture

MAX_PIXELS = 100_000_000
MIN_SIDE = 8
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "AVIF")

# What Pillow's decoders raise for damaged data, beside OSError.
_DECODING_ERRORS = (
    OSError, SyntaxError, ValueError, EOFError, ArithmeticError, LookupError, TypeError, AttributeError, struct.error,
    zlib.error, ImageCms.PyCMSError,
)  # fmt: skip


def read_image(path: str | PathLike[str]) -> Picture:
    """Read a picture file: uint8 [H, W, 3], RGB, upright.

    Orientation (EXIF) and colour profile are applied; grey, palette, CMYK and 16-bit pictures are converted;
    transparent areas are laid over white; of several frames the first is taken.

    Raises:
        PictureError: no such file, not a picture, damaged, shorter than 8 pixels on a side, above 100 megapixels.
    """
    name = fspath(path)
    try:
        with open(name, "rb") as file:
            return _decode(file, name)
    except FileNotFoundError:
        raise PictureError(f"Cannot open {_shown(name)}: there is no such file.") from None
    except IsADirectoryError:
        raise PictureError(f"Cannot open {_shown(name)}: it is a folder; choose a picture in it.") from None
    except PermissionError:
        raise PictureError(f"Cannot open {_shown(name)}: reading it is not permitted.") from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        raise PictureError(f"Cannot open {_shown(name)}: {_shown(str(error))}.") from None


def decode_image(data: bytes, name: str = "the picture") -> Picture:
    """Decode the bytes of a picture file; like `read_image`, `name` is what messages call it."""
    return _decode(io.BytesIO(data), name)


def picture_size(data: bytes) -> tuple[int, int]:
    """Width and height that the bytes of a picture file claim, nothing decoded; PictureError where it is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return Image.open(io.BytesIO(data), formats=FORMATS).size
        except (*_DECODING_ERRORS, Image.DecompressionBombError):
            raise PictureError("Cannot read the picture: the file is damaged or incomplete.") from None


def check_size(size: tuple[int, int], shown: str = "the picture") -> None:
    """PictureError for a picture of (width, height) pixels that is too small or too large; `shown` is its name."""
    width, height = size
    if width * height > MAX_PIXELS:
        raise PictureError(_too_large(shown, f"{width} x {height}, above"))
    if min(size) < MIN_SIDE:
        raise PictureError(
            f"Cannot use {shown}: it is {width} x {height} pixels; at least {MIN_SIDE} a side are needed."
        )


def _decode(file: BinaryIO, name: str) -> Picture:
    shown = _shown(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata and of sizes that are checked here
        try:
            image = Image.open(file, formats=FORMATS)
            check_size(image.size, shown)
            return np.array(_to_rgb(_upright(image)))
        except Image.DecompressionBombError:
            raise PictureError(_too_large(shown, "more than")) from None
        except UnidentifiedImageError:
            raise PictureError(
                f"Cannot read {shown}: it is not a picture of a known format (PNG, JPEG, WebP, AVIF, TIFF, BMP, GIF)."
            ) from None
        except _DECODING_ERRORS:
            raise PictureError(
                f"Cannot read {shown}: the file is damaged or incomplete; save or download it again."
            ) from None


def _too_large(shown: str, size: str) -> str:
    return f"Cannot read {shown}: it is too large ({size} {MAX_PIXELS // 1_000_000} megapixels); reduce it first."


def _upright(image: Image.Image) -> Image.Image:
    """The decoded picture, turned as its EXIF orientation says; broken EXIF data does not spoil a good picture."""
    image.load()
    try:
        return ImageOps.exif_transpose(image)
    except _DECODING_ERRORS:
        return image


def _to_rgb(image: Image.Image) -> Image.Image:
    """Any of Pillow's modes to RGB: 16 bit to 8, transparency over white, the colour profile applied."""
    profile = image.info.get("icc_profile")
    if image.mode.startswith(("I", "F")):
        image = _to_8_bit(image)
    elif image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.new("RGBA", layer.size, "white")
        image.alpha_composite(layer)
        image = image.convert("RGB")
    elif image.mode not in ("L", "CMYK"):
        image = image.convert("RGB")
    return _to_srgb(image, profile) if profile else image.convert("RGB")


def _to_8_bit(image: Image.Image) -> Image.Image:
    values = np.asarray(image)
    if values.dtype.kind not in "iu" or values.min() < 0 or values.max() > 65535:
        raise ValueError("pixels are neither 8 nor 16 bit")
    return Image.fromarray(((values.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8))


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Apply an embedded profile; pixels that are sRGB already, or whose profile is unusable, stay as they are."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return image.convert("RGB")
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        return converted or image.convert("RGB")
    except _DECODING_ERRORS:
        return image.convert("RGB")


def _shown(name: str) -> str:
    """A file name for a message: on one line, not too long."""
    line = "".join(c if c.isprintable() else "?" for c in name)
    return line if len(line) <= 200 else f"...{line[-190:]}"
