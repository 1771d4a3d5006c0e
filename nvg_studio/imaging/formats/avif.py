"""AVIF: pixels by libavif through Pillow; colours by numbers and the clean aperture, which that leaves to others."""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

from PIL import Image

from nvg_studio.imaging.colour import Encoding
from nvg_studio.imaging.formats.cicp import encoding_of
from nvg_studio.imaging.formats.pillow import raster_of
from nvg_studio.imaging.formats.raster import CheckSize, Raster

_MAX_BOXES = 10_000


@dataclass(frozen=True)
class _Box:
    kind: bytes
    start: int
    end: int


def decode(data: bytes, check_size: CheckSize) -> Raster:
    """The first picture of an AVIF file. Raises whatever Pillow raises for damaged data."""
    properties = _properties_of_primary(data)
    with Image.open(io.BytesIO(data), formats=("AVIF",)) as image:
        check_size(image.size)
        image.load()
        raster = raster_of(image, _encoding(properties))
    area = _clean_aperture(properties, raster.samples.shape[1], raster.samples.shape[0])
    if area is None:
        return raster
    rows, columns = area
    alpha = None if raster.alpha is None else raster.alpha[rows, columns]
    return replace(raster, samples=raster.samples[rows, columns], alpha=alpha)


def _encoding(properties: dict[bytes, list[bytes]]) -> Encoding | None:
    for body in properties.get(b"colr", []):
        if body[:4] == b"nclx" and len(body) >= 8:
            primaries, transfer = struct.unpack(">HH", body[4:8])
            return encoding_of(primaries, transfer)
    return None


def _clean_aperture(properties: dict[bytes, list[bytes]], width: int, height: int) -> tuple[slice, slice] | None:
    """Rows and columns to keep (ISO/IEC 14496-12, 12.1.4); None where it says nothing possible."""
    for body in properties.get(b"clap", []):
        if len(body) < 32:
            continue
        values = struct.unpack(">4I", body[:16]), struct.unpack(">iIiI", body[16:32])
        (wide, wide_by, high, high_by), (right, right_by, down, down_by) = values
        if not all((wide_by, high_by, right_by, down_by)):
            continue
        columns = _kept(width, wide / wide_by, right / right_by)
        rows = _kept(height, high / high_by, down / down_by)
        if rows is not None and columns is not None:
            return rows, columns
    return None


def _kept(length: int, size: float, offset: float) -> slice | None:
    first = round((length - size) / 2 + offset)
    return slice(first, first + round(size)) if 0 <= first < first + round(size) <= length else None


# -- boxes of ISO/IEC 14496-12 and 23008-12 -----------------------------------------------------------


def _properties_of_primary(data: bytes) -> dict[bytes, list[bytes]]:
    """Contents of the properties of the picture that is shown, by kind; none where the boxes are broken."""
    try:
        meta = _child(data, _Box(b"", 0, len(data)), b"meta")
        inside = _Box(b"meta", meta.start + 4, meta.end)
        primary = _number(data, _child(data, inside, b"pitm"))
        container = _child(data, inside, b"iprp")
        held = list(_boxes(data, _child(data, container, b"ipco")))
        places = _associated(data, _child(data, container, b"ipma"), primary)
        found: dict[bytes, list[bytes]] = {}
        for place in places:
            box = held[place - 1]
            found.setdefault(box.kind, []).append(data[box.start : box.end])
        return found
    except (struct.error, LookupError):
        return {}


def _boxes(data: bytes, parent: _Box) -> Iterator[_Box]:
    place = parent.start
    for _ in range(_MAX_BOXES):
        if place + 8 > parent.end:
            return
        size, kind = struct.unpack(">I4s", data[place : place + 8])
        start = place + 8
        if size == 1:
            (size,) = struct.unpack(">Q", data[start : start + 8])
            start += 8
        end = parent.end if size == 0 else place + size
        if end < start or end > parent.end:
            return
        yield _Box(kind, start, end)
        place = end


def _child(data: bytes, parent: _Box, kind: bytes) -> _Box:
    for box in _boxes(data, parent):
        if box.kind == kind:
            return box
    raise LookupError(kind)


def _number(data: bytes, pitm: _Box) -> int:
    wide = data[pitm.start] > 0
    (number,) = struct.unpack(">I" if wide else ">H", data[pitm.start + 4 : pitm.start + (8 if wide else 6)])
    return int(number)


def _associated(data: bytes, ipma: _Box, item: int) -> list[int]:
    """Places in ipco, counted from 1, of the properties of an item; 0 (none) is left out."""
    version, flags = data[ipma.start], data[ipma.start + 3]
    (count,) = struct.unpack(">I", data[ipma.start + 4 : ipma.start + 8])
    place = ipma.start + 8
    for _ in range(min(count, _MAX_BOXES)):
        wide = version > 0
        (number,) = struct.unpack(">I" if wide else ">H", data[place : place + (4 if wide else 2)])
        place += 4 if wide else 2
        many, place = data[place], place + 1
        step = 2 if flags & 1 else 1
        entries = [int.from_bytes(data[at : at + step], "big") for at in range(place, place + many * step, step)]
        place += many * step
        if number == item:
            index = 0x7FFF if step == 2 else 0x7F  # the bit above says whether it is essential
            return [entry & index for entry in entries if entry & index]
    return []
