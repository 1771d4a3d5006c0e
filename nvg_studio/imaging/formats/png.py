"""PNG: pixels by libpng at their full depth, colours from the chunks in the order that the standard gives.

Only the chunks that the pixels need are handed to the decoder: what is wrong with a note or a date, or too large in
them, does not spoil a sound picture.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nvg_studio.imaging.colour import BT709, ColourModel, Colours, Curve, Encoding, IccProfile, Primaries
from nvg_studio.imaging.formats.cicp import encoding_of
from nvg_studio.imaging.formats.exif import orientation_in
from nvg_studio.imaging.formats.raster import CheckSize, Raster

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_PROFILE = 16 * 2**20
_NEEDED = (b"IHDR", b"PLTE", b"tRNS", b"IDAT")
_GAMMA_OF_SRGB = 0.45455
_XMP = b"XML:com.adobe.xmp\0"


@dataclass(frozen=True)
class Header:
    """What IHDR says."""

    width: int
    height: int
    depth: int
    kind: int


def read_header(data: bytes) -> Header:
    """Size and kind, nothing decoded; ValueError where there is no header."""
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise ValueError("a PNG without its header")
    return Header(*struct.unpack(">IIBB", data[16:26]))


def decode(data: bytes, check_size: CheckSize) -> Raster:
    """The picture of a PNG file, the first one of an animation.

    Raises what `imagecodecs` and `struct` do for damaged data.
    """
    import imagecodecs

    header = read_header(data)
    check_size((header.width, header.height))
    notes = dict[bytes, bytes]()
    for name, body, sound in _chunks(data):
        if sound and name not in _NEEDED and name not in notes and (name != b"iTXt" or body.startswith(_XMP)):
            notes[name] = body
    pixels = np.asarray(imagecodecs.png_decode(needed_alone(data)))
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    grey, transparent = pixels.shape[2] < 3, pixels.shape[2] in (2, 4)
    return Raster(
        samples=pixels[..., :-1] if transparent else pixels,
        model=ColourModel.GREY if grey else ColourModel.RGB,
        alpha=pixels[..., -1] if transparent else None,
        colours=_colours(notes),
        orientation=orientation_in(notes.get(b"eXIf", b""), notes.get(b"iTXt", b"")),
    )


def needed_alone(data: bytes, chunks: tuple[bytes, ...] = _NEEDED) -> bytes:
    """The file with these chunks alone, which are those that its pixels need."""
    kept = [_chunk(name, body, 0 if sound else 1) for name, body, sound in _chunks(data) if name in chunks]
    return b"".join((SIGNATURE, *kept, _chunk(b"IEND", b"")))


def text_of(data: bytes, keyword: str) -> str | None:
    """The plain text (tEXt) of a keyword in a PNG file; None where there is none that is whole."""
    start = keyword.encode("latin-1") + b"\0"
    for name, body, sound in _chunks(data):
        if sound and name == b"tEXt" and body.startswith(start):
            return body[len(start) :].decode("latin-1")
    return None


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """Name, content, and whether the checksum is right, of every chunk up to the end or to where the file is cut."""
    place = len(SIGNATURE)
    while place + 8 <= len(data):
        length, name = struct.unpack(">I4s", data[place : place + 8])
        body = data[place + 8 : place + 8 + length]
        checksum = data[place + 8 + length : place + 12 + length]
        if len(body) < length or len(checksum) < 4:
            if name == b"IDAT":  # the decoder says that it is cut
                yield name, body, False
            return
        yield name, body, checksum == struct.pack(">I", zlib.crc32(name + body))
        if name == b"IEND" or not re.fullmatch(rb"[A-Za-z]{4}", name):
            return
        place += 12 + length


def _chunk(name: bytes, body: bytes, wrong: int = 0) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body) ^ wrong)


def _colours(notes: dict[bytes, bytes]) -> Colours | None:
    """From cICP, or else iCCP, sRGB, gAMA and cHRM (PNG, third edition, 4.3); None where there is none of them."""
    cicp = notes.get(b"cICP", b"")
    if len(cicp) == 4:
        return encoding_of(cicp[0], cicp[1])
    profile = _profile(notes.get(b"iCCP", b""))
    if profile is not None:
        return profile
    if b"sRGB" in notes:
        return None
    gamma, primaries = _gamma(notes.get(b"gAMA", b"")), _primaries(notes.get(b"cHRM", b""))
    if gamma is None and primaries is None:
        return None
    # Writers of sRGB pictures say so by this gamma, the nearest power to sRGB's curve.
    curve = Curve.SRGB if gamma is None or (primaries is None and abs(gamma - _GAMMA_OF_SRGB) < 0.005) else 1 / gamma
    return Encoding(primaries or BT709, curve)


def _profile(body: bytes) -> IccProfile | None:
    _, separator, packed = body.partition(b"\0")
    if not separator or packed[:1] != b"\0":
        return None
    try:
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(packed[1:], MAX_PROFILE)
    except zlib.error:
        return None
    return IccProfile(data) if unpacker.eof else None


def _gamma(body: bytes) -> float | None:
    value = struct.unpack(">I", body)[0] / 100_000 if len(body) == 4 else 0.0
    return value if 0.05 <= value <= 20 else None


def _primaries(body: bytes) -> Primaries | None:
    """None where they are missing or impossible; sRGB's own within the rounding of common writers are sRGB's."""
    if len(body) != 32:
        return None
    white, red, green, blue = ((x / 100_000, y / 100_000) for x, y in struct.iter_unpack(">II", body))
    found = Primaries(red, green, blue, white)
    pairs = ((found.red, BT709.red), (found.green, BT709.green), (found.blue, BT709.blue), (found.white, BT709.white))
    if all(abs(a - b) <= 0.002 for one, other in pairs for a, b in zip(one, other, strict=True)):
        return None
    corners = np.array([[*red, 1], [*green, 1], [*blue, 1]])
    possible = min(y for _, y in (white, red, green, blue)) > 0.001 and abs(np.linalg.det(corners)) > 0.001
    return found if possible else None
