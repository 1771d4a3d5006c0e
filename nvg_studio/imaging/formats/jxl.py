"""JPEG XL: by libjxl through a plug-in of Pillow, which decodes at once, so that the size is read here first."""

import io
from dataclasses import replace

from PIL import Image

from nvg_studio.imaging.formats.pillow import raster_of
from nvg_studio.imaging.formats.raster import CheckSize, Raster

CODESTREAM = b"\xff\x0a"
CONTAINER = b"\0\0\0\x0cJXL \r\n\x87\n"
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_MAX_BOXES = 1000


def decode(data: bytes, check_size: CheckSize) -> Raster:
    """The first frame. Raises whatever the decoder raises for damaged data."""
    check_size(_size(_codestream(data)))
    import pillow_jxl  # noqa: F401  registers itself

    with Image.open(io.BytesIO(data), formats=("JXL",)) as image:
        check_size(image.size)
        image.load()
        raster = raster_of(image)
        # The decoder turns the picture itself, unless it gives back a JPEG that was packed.
        return raster if getattr(image, "jpeg", False) else replace(raster, orientation=1)


def _codestream(data: bytes) -> bytes:
    """The beginning of the codestream, in a container or not."""
    if data.startswith(CODESTREAM):
        return data[2:64]
    place = len(CONTAINER)
    for _ in range(_MAX_BOXES):
        size, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        start = place + 8
        if size == 1:
            size, start = int.from_bytes(data[start : start + 8], "big"), start + 8
        start += 4 if kind == b"jxlp" else 0
        if kind in (b"jxlc", b"jxlp"):
            return data[start + 2 : start + 64]
        if size < 8:
            break
        place += size
    raise ValueError("a container without a codestream")


def _size(header: bytes) -> tuple[int, int]:
    """Width and height (ISO/IEC 18181-1, SizeHeader): bits, the lowest first."""
    bits, place = int.from_bytes(header, "little"), 0

    def take(count: int) -> int:
        nonlocal place
        place += count
        return (bits >> (place - count)) & ((1 << count) - 1)

    def side(small: bool) -> int:
        return (1 + take(5)) * 8 if small else 1 + take((9, 13, 18, 30)[take(2)])

    small = bool(take(1))
    height = side(small)
    ratio = take(3)
    if ratio == 0:
        return side(small), height
    wide, high = _RATIOS[ratio - 1]
    return height * wide // high, height
