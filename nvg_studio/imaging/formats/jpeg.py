"""JPEG: by libjpeg-turbo through Pillow, after harmless oddities are mended that other programs pass over."""

import io
from collections.abc import Iterator

import numpy as np
from PIL import Image

from nvg_studio.imaging.formats.exif import encoding_of_camera
from nvg_studio.imaging.formats.kinds import UnsupportedKindError
from nvg_studio.imaging.formats.pillow import raster_of
from nvg_studio.imaging.formats.raster import CheckSize, Raster

SIGNATURE = b"\xff\xd8"
_END = b"\xff\xd9"
_START_OF_SCAN = 0xDA
_APP0, _APP14 = 0xE0, 0xEE
_FRAMES = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
_OPENED_FRAMES = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}
# Shorter ones are cut; decoders stop at them although nothing of them is needed.
_SHORTEST = {_APP0: (b"JFIF\0", 14), _APP14: (b"Adobe", 12)}


def decode(data: bytes, check_size: CheckSize) -> Raster:
    """The picture of a JPEG file. Raises UnsupportedKindError, and whatever Pillow raises for damaged data."""
    mended, ended = _mended(data)
    if not ended:
        return _without_end(mended, check_size)
    return _decode(mended, check_size)


def _decode(data: bytes, check_size: CheckSize) -> Raster:
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        check_size(image.size)
        image.load()
        return raster_of(image, encoding_of_camera(image.getexif()))


def _without_end(data: bytes, check_size: CheckSize) -> Raster:
    """A file without its end mark: sound if what would come after its last byte does not matter."""
    rest = data.rstrip(b"\xff")
    found, again = (_decode(rest + tail + _END, check_size) for tail in (b"", b"\x55" * 64))
    if not np.array_equal(found.samples, again.samples):
        raise ValueError("cut within its pixels")
    return found


def _mended(data: bytes) -> tuple[bytes, bool]:
    """The file with its segments one after the other, unusable ones left out, and whether it has its end mark."""
    parts = [SIGNATURE]
    for marker, body, rest in _segments(data):
        if marker in _FRAMES:
            _check_frame(marker, body)
        name, shortest = _SHORTEST.get(marker, (b"", 0))
        if name and body.startswith(name) and len(body) < shortest:
            continue
        parts.append(bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body)
        if rest is not None:
            return b"".join((*parts, rest)), _END in rest
    return data, True  # no pixels: the decoder says what is wrong


def _segments(data: bytes) -> Iterator[tuple[int, bytes, bytes | None]]:
    """Marker and content of the segments up to the first scan, of which also what follows its header is given."""
    place = len(SIGNATURE)
    while True:
        place = data.find(b"\xff", place)
        while 0 <= place < len(data) and data[place] == 0xFF:
            place += 1
        if place < 0 or place + 3 > len(data):
            return
        marker = data[place]
        if marker in (0x00, 0x01, *range(0xD0, 0xD9)):
            place += 1
            continue
        length = int.from_bytes(data[place + 1 : place + 3], "big")
        body = data[place + 3 : place + 1 + length]
        if length < 2 or len(body) < length - 2:
            return
        place += 1 + length
        yield marker, body, data[place:] if marker == _START_OF_SCAN else None


def _check_frame(marker: int, body: bytes) -> None:
    if marker not in _OPENED_FRAMES:
        raise UnsupportedKindError("a lossless JPEG" if marker in (0xC3, 0xF7) else "a JPEG of a rare coding")
    if body and body[0] != 8:
        raise UnsupportedKindError(f"a JPEG with {body[0]} bits a channel")
