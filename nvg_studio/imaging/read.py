"""From a picture file to pixels: whatever a camera or a painting program wrote becomes uint8 RGB.

Files are not trusted: the size is checked before anything is decoded, only raster formats are tried, and every way in
which a decoder can fail ends in one `PictureError`.
"""

import io
import logging
import warnings
from collections.abc import Callable
from os import PathLike, fspath
from typing import Any, TypeVar

from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from nvg_studio.errors import PictureError
from nvg_studio.imaging.crop import Picture
from nvg_studio.imaging.formats import avif, heif, ids, jpeg, jxl, layered, pillow, png, tiff
from nvg_studio.imaging.formats.kinds import PLAIN, UnsupportedKindError, check_kind, is_avif
from nvg_studio.imaging.formats.raster import CheckSize, Raster, flattened

MAX_PIXELS = 100_000_000
MAX_FILE = 3 * 2**30
MIN_SIDE = 8
_BY_PILLOW = ("WEBP", "GIF", "BMP", "PPM")
_HEAD = 4096
log = logging.getLogger(__name__)

Result = TypeVar("Result")


def read_image(path: str | PathLike[str]) -> Picture:
    """Read a picture file: uint8 [H, W, 3], sRGB, upright.

    Orientation (EXIF) and colours (profile, or what the format says by numbers) are applied at the depth of the file;
    grey, palette, CMYK, Lab and deeper pictures are converted; transparent areas are laid over white; of several frames
    or pages the first is taken.

    Raises:
        PictureError: no such file, not a picture, damaged, of a kind that is not opened, shorter than 8 pixels on a
            side, above 100 megapixels.
    """
    name = fspath(path)
    return decode_image(read_file(path, MAX_FILE), name)


def read_file(path: str | PathLike[str], limit: int) -> bytes:
    """The bytes of a file that is to be opened as a picture or a map; PictureError where that cannot be read."""
    shown = _shown(fspath(path))
    try:
        with open(path, "rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        raise PictureError(f"Cannot open {shown}: there is no such file.") from None
    except IsADirectoryError:
        raise PictureError(f"Cannot open {shown}: it is a folder; choose a picture in it.") from None
    except PermissionError:
        raise PictureError(f"Cannot open {shown}: reading it is not permitted.") from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        raise PictureError(f"Cannot open {shown}: {_shown(str(error))}.") from None
    if len(data) > limit:
        raise PictureError(f"Cannot use {shown}: it is larger than {limit // 2**20} MB.")
    return data


def decode_image(data: bytes, name: str = "the picture") -> Picture:
    """Decode the bytes of a picture file; like `read_image`, `name` is what messages call it."""
    shown = _shown(name)

    def decode() -> Picture:
        picture = flattened(_raster(data, lambda size: check_size(size, shown)))
        check_size((picture.shape[1], picture.shape[0]), shown)  # a clean aperture may leave less
        return picture

    return guarded(decode, shown)


def guarded(decode: Callable[[], Result], shown: str) -> Result:
    """What `decode` gives; PictureError in one line for every way in which a decoder fails."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd metadata and of sizes that are checked here
            return decode()
    except PictureError:
        raise
    except UnsupportedKindError as error:
        raise PictureError(f"Cannot read {shown}: it is {error.kind}; {error.remedy}.") from None
    except Image.DecompressionBombError:
        raise PictureError(_too_large(shown, "more than")) from None
    except UnidentifiedImageError:
        raise PictureError(f"Cannot read {shown}: it is not a picture of a known format ({PLAIN}).") from None
    except MemoryError:
        raise PictureError(f"Cannot read {shown}: there is not enough memory for it; reduce it first.") from None
    except Exception as error:  # decoders of damaged data raise anything
        log.debug("Decoding failed", exc_info=error)
        raise PictureError(
            f"Cannot read {shown}: the file is damaged or incomplete; save or download it again."
        ) from None


def picture_size(data: bytes) -> tuple[int, int]:
    """Width and height that the bytes of a picture file claim, nothing decoded; PictureError where it is none."""

    def read() -> tuple[int, int]:
        if data.startswith(png.SIGNATURE):
            header = png.read_header(data)
            size = (header.width, header.height)
        else:
            with Image.open(io.BytesIO(data)) as image:
                size = image.size
        check_size(size, least=1)
        return size

    return guarded(read, "the picture")


def check_size(size: tuple[int, int], shown: str = "the picture", least: int = MIN_SIDE) -> None:
    """PictureError for a picture of (width, height) pixels that is too small or too large; `shown` is its name."""
    width, height = size
    if width * height > MAX_PIXELS:
        raise PictureError(_too_large(shown, f"{width} x {height}, above"))
    if min(size) < least:
        raise PictureError(f"Cannot use {shown}: it is {width} x {height} pixels; at least {least} a side are needed.")


def read_ids(data: bytes, name: str) -> NDArray[Any]:
    """One number a pixel of a picture file, [H, W], upright, that tells its regions apart; colours are not converted.

    Raises PictureError as `decode_image` does, but small pictures are taken.
    """
    shown = _shown(name)

    def check(size: tuple[int, int]) -> None:
        check_size(size, shown, least=1)

    def decode() -> NDArray[Any]:
        if data.startswith(tiff.SIGNATURES):
            numbers = tiff.numbers(data, check)
            return ids.ids_of(numbers) if isinstance(numbers, Raster) else numbers
        if data.startswith((png.SIGNATURE, b"GIF8", b"BM")):
            places = ids.palette_places(data, check)
            if places is not None:
                return places
        return ids.ids_of(_raster(data, check))

    return guarded(decode, shown)


def _raster(data: bytes, check: CheckSize) -> Raster:
    check_kind(data[:_HEAD])
    if data.startswith(png.SIGNATURE):
        return png.decode(data, check)
    if data.startswith(jpeg.SIGNATURE):
        return jpeg.decode(data, check)
    if data.startswith(tiff.SIGNATURES):
        return tiff.decode(data, check)
    if is_avif(data[:_HEAD]):
        return avif.decode(data, check)
    if heif.is_heif(data[:_HEAD]):
        return heif.decode(data, check)
    if data.startswith((jxl.CODESTREAM, jxl.CONTAINER)):
        return jxl.decode(data, check)
    if data.startswith(layered.PHOTOSHOP):
        return layered.decode_photoshop(data, check)
    if layered.is_layered_zip(data[:_HEAD]):
        return layered.decode_zip(data, check)
    return pillow.decode(data, _BY_PILLOW, check)


def _too_large(shown: str, size: str) -> str:
    return f"Cannot read {shown}: it is too large ({size} {MAX_PIXELS // 1_000_000} megapixels); reduce it first."


def _shown(name: str) -> str:
    """A file name for a message: on one line, not too long."""
    line = "".join(c if c.isprintable() else "?" for c in name)
    return line if len(line) <= 200 else f"...{line[-190:]}"
