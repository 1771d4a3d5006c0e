"""TIFF: tifffile and imagecodecs give the numbers of any kind, this module says what they mean.

What is not opened is named: a mosaic of a camera, inks, numbers that are no picture.
"""

import io
import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvg_studio.imaging.colour import ColourModel, Colours, IccProfile, Samples, lab_to_srgb
from nvg_studio.imaging.formats import pillow
from nvg_studio.imaging.formats.kinds import UnsupportedKindError
from nvg_studio.imaging.formats.raster import CheckSize, Raster, upright

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
MAX_BYTES = 3 * 2**30
"""Of the samples of one page, all channels together."""
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR, _LAB, _ICC_LAB = 0, 1, 2, 3, 5, 6, 8, 9
_NAMED = {
    4: "a transparency mask",
    10: "a picture in ITU Lab colours",
    32803: "a camera raw file (a colour filter mosaic)",
    32844: "a picture in LogL numbers",
    32845: "a picture in LogLuv numbers",
    34892: "a camera raw file (linear raw)",
}
_CHANNELS = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _PALETTE: 1, _CMYK: 4, _YCBCR: 3, _LAB: 3, _ICC_LAB: 3}
_ORIENTATION, _EXTRA_SAMPLES, _INK_SET, _ICC, _DNG_VERSION = 274, 338, 332, 34675, 50706
_ASSOCIATED, _UNASSOCIATED = 1, 2
_DEVELOP = "develop it in a raw converter and save it as TIFF or JPEG"


def decode(data: bytes, check_size: CheckSize) -> Raster:
    """The first full page of a TIFF file; `check_size` is called with (width, height) before anything is decoded.

    Raises UnsupportedKindError, PictureError of `check_size`, and whatever the decoders raise for damaged data.
    """
    page, pixels = _page_and_pixels(data, check_size)
    if pixels is None:
        return pillow.decode(data, ("TIFF",), check_size)
    return _raster(page, pixels)


def numbers(data: bytes, check_size: CheckSize) -> NDArray[Any] | Raster:
    """The numbers of the first full page as they are, [H, W], upright: for label maps.

    Pages of several channels are rasters.
    """
    page, pixels = _page_and_pixels(data, check_size)
    if pixels is None:
        return pillow.decode(data, ("TIFF",), check_size)
    if pixels.shape[2] == 1:
        return upright(pixels[..., 0], _orientation_of(page))
    return _raster(page, pixels)


def _page_and_pixels(data: bytes, check_size: CheckSize) -> tuple[Any, NDArray[Any] | None]:
    """The page and its samples [H, W, C]; None for those where Pillow's decoder is needed."""
    import tifffile

    logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # what is wrong with a file is told in our own words
    with tifffile.TiffFile(io.BytesIO(data), _multifile=False) as file:
        page = _first_full_page(file)
        check_size((int(page.imagewidth), int(page.imagelength)))
        _check_page(page)
        _check_complete(page, len(data))
        if page.photometric == _YCBCR and page.compression not in (6, 7):
            return page, None  # subsampled colours
        try:
            pixels = page.asarray(maxworkers=1)
        except (ValueError, KeyError, ImportError) as problem:
            if "compression" in str(problem).lower() or "imagecodecs" in str(problem).lower():
                return page, None
            raise
        return page, _rows_columns_channels(np.asarray(pixels), page)


def _first_full_page(file: Any) -> Any:
    """The first page that is not a reduced version of another one."""
    first = file.pages[0]
    if _tag(first, _DNG_VERSION) is not None:
        raise UnsupportedKindError("a camera raw file (DNG)", _DEVELOP)
    if not first.is_reduced:
        return first
    for number in range(1, min(len(file.pages), 8)):
        page = file.pages[number].aspage()
        if not page.is_reduced:
            return page
    return first


def _tag(page: Any, code: int) -> Any:
    tag = page.tags.get(code)
    return None if tag is None else tag.value


def _check_page(page: Any) -> None:
    photometric = int(page.photometric)
    if photometric in _NAMED:
        kind = _NAMED[photometric]
        if "raw" in kind:
            raise UnsupportedKindError(kind, _DEVELOP)
        raise UnsupportedKindError(kind)
    if photometric not in _CHANNELS:
        raise UnsupportedKindError(f"a TIFF of colour kind {photometric}")
    if int(page.imagedepth) != 1:
        raise UnsupportedKindError("a volume", "save one of its slices")
    if photometric == _CMYK and _tag(page, _INK_SET) not in (None, 1):
        raise UnsupportedKindError("a separation of other inks than CMYK")
    if int(page.samplesperpixel) < _CHANNELS[photometric] or page.dtype is None:
        raise UnsupportedKindError(_kind_of(page))
    if page.dtype.kind not in "buif":
        raise UnsupportedKindError("a picture of complex numbers")
    if int(page.imagewidth) * int(page.imagelength) * int(page.samplesperpixel) * page.dtype.itemsize > MAX_BYTES:
        raise UnsupportedKindError("a picture of very many channels", "save it as RGB")


def _check_complete(page: Any, length: int) -> None:
    """ValueError where the pixels lie beyond the end of the file, or nowhere."""
    for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False):
        if offset <= 0 or count <= 0 or offset + count > length:
            raise ValueError("its pixels are cut off")


def _kind_of(page: Any) -> str:
    bits, samples = page.bitspersample, int(page.samplesperpixel)
    return f"a TIFF of {samples} channels with {bits} bits in compression {getattr(page.compression, 'name', '?')}"


def _rows_columns_channels(pixels: NDArray[Any], page: Any) -> NDArray[Any]:
    height, width = int(page.imagelength), int(page.imagewidth)
    if pixels.dtype == np.bool_:
        pixels = pixels.view(np.uint8)
    if pixels.shape == (height, width):
        return pixels[..., None]
    if pixels.ndim == 3 and pixels.shape[:2] == (height, width):
        return pixels
    if pixels.ndim == 3 and pixels.shape[1:] == (height, width):  # planar
        return np.moveaxis(pixels, 0, 2)
    raise UnsupportedKindError(_kind_of(page))


def _raster(page: Any, pixels: NDArray[Any]) -> Raster:
    photometric = int(page.photometric)
    turned = _orientation_of(page)
    profile = _tag(page, _ICC)
    colours: Colours | None = IccProfile(bytes(profile)) if isinstance(profile, bytes) and profile else None
    if photometric == _PALETTE:
        return Raster(_from_palette(pixels[..., 0], page), ColourModel.RGB, None, colours, turned)
    if photometric in (_LAB, _ICC_LAB):
        return Raster(lab_to_srgb(_lab(pixels[..., :3], photometric)), ColourModel.RGB, None, None, turned)
    channels = _CHANNELS[photometric]
    samples = _samples(pixels[..., :channels], page)
    if photometric == _WHITE_IS_ZERO:
        samples = np.asarray(np.iinfo(samples.dtype).max - samples, samples.dtype)
    kinds = _tag(page, _EXTRA_SAMPLES)
    first_extra = int(kinds[0] if isinstance(kinds, tuple) else kinds) if kinds is not None and kinds != () else 0
    alpha = None
    if pixels.shape[2] > channels and first_extra in (_ASSOCIATED, _UNASSOCIATED):
        alpha = _samples(pixels[..., channels : channels + 1], page)[..., 0]
        if first_extra == _ASSOCIATED and photometric != _CMYK:
            samples = _straight(samples, alpha)
    models = {1: ColourModel.GREY, 3: ColourModel.RGB, 4: ColourModel.CMYK}
    return Raster(samples, models[channels], alpha, colours, turned)


def _orientation_of(page: Any) -> int:
    orientation = _tag(page, _ORIENTATION)
    return int(orientation) if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def _samples(values: NDArray[Any], page: Any) -> Samples:
    """Numbers of any type as uint8 or uint16 over their range; floating point holds 0 to 1."""
    if values.dtype.kind == "f":
        return _of_floats(values)
    bits = values.dtype.itemsize * 8
    if values.dtype.kind == "i":
        values = (values.astype(np.int64) + (1 << (bits - 1))).astype(f"u{values.dtype.itemsize}")
    said = page.bitspersample
    depth = int(said) if isinstance(said, int) and 0 < said <= bits else bits
    if depth in (8, 16) and depth == bits:
        return np.ascontiguousarray(values)
    if depth <= 8:
        most = (1 << depth) - 1
        return np.asarray((values.astype(np.uint16) * 255 + most // 2) // most, np.uint8)
    return np.asarray(np.rint(values.astype(np.float64) * (65535 / ((1 << depth) - 1))), np.uint16)


def _of_floats(values: NDArray[Any]) -> Samples:
    values = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=1.0, neginf=0.0)
    if (values > 1).mean() > 0.5:  # a few highlights are cut, another scale is not guessed
        raise UnsupportedKindError(
            f"a picture of floating-point numbers up to {values.max():.6g}", "scale them to 0 to 1 and save it again"
        )
    return np.asarray(np.rint(np.clip(values, 0, 1) * 65535), np.uint16)


def _straight(samples: Samples, alpha: Samples) -> Samples:
    """Colours that were multiplied by their alpha, divided by it again."""
    most = np.iinfo(samples.dtype).max
    share = np.maximum(alpha, 1).astype(np.float32)[..., None] / most
    return np.asarray(np.minimum(np.rint(samples / share), most), samples.dtype)


def _from_palette(places: NDArray[Any], page: Any) -> Samples:
    """Colours of a palette; old scanners hold 8-bit values in its 16-bit entries, which are used as they are."""
    table = np.asarray(page.colormap)
    if table.ndim != 2 or table.shape[0] != 3 or int(places.max(initial=0)) >= table.shape[1]:
        raise ValueError("a palette that does not fit")
    if int(table.max(initial=0)) < 256:
        return np.asarray(table.T[places], np.uint8)
    return np.asarray(table.T[places], np.uint16)


def _lab(values: NDArray[Any], photometric: int) -> NDArray[np.float32]:
    """L* 0..100, a* and b*, from unsigned L* and signed (CIELab) or offset (ICCLab) a* and b*."""
    if values.dtype.kind not in "ui" or values.dtype.itemsize > 2:
        raise UnsupportedKindError("a Lab picture of another depth than 8 or 16 bits")
    size = values.dtype.itemsize
    unsigned = values.astype(f"u{size}", copy=False)
    most = np.float32(np.iinfo(unsigned.dtype).max)
    light = unsigned[..., 0].astype(np.float32) * (100 / most)
    if photometric == _LAB:
        colour = unsigned[..., 1:].astype(f"i{size}").astype(np.float32)
    else:
        colour = unsigned[..., 1:].astype(np.float32) - np.float32(128 << (8 * (size - 1)))
    return np.concatenate([light[..., None], colour / (1 << (8 * (size - 1)))], axis=2)
