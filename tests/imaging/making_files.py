"""Files made by hand, chunk by chunk and box by box, and profiles with known answers, for the tests of reading."""

import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

Primaries = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
D50 = np.array([0.9642, 1.0, 0.8249])
D65 = (0.3127, 0.3290)
SRGB: Primaries = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
DISPLAY_P3: Primaries = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
ADOBE: Primaries = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
REC2020: Primaries = ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def to_xyz(primaries: Primaries) -> NDArray[np.float64]:
    """Linear RGB of white D65 to CIE XYZ under D50."""
    white = np.array([D65[0] / D65[1], 1, (1 - sum(D65)) / D65[1]])
    corners = np.stack([np.array([x / y, 1, (1 - x - y) / y]) for x, y in primaries], 1)
    matrix = corners * np.linalg.solve(corners, white)
    adapted = np.diag((_BRADFORD @ D50) / (_BRADFORD @ white))
    return np.asarray(np.linalg.inv(_BRADFORD) @ adapted @ _BRADFORD @ matrix)


def light(values: Any, gamma: float | None) -> NDArray[np.float64]:
    """Linear light of values 0..1; None is sRGB's curve."""
    v = np.asarray(values, float)
    return np.asarray(np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4) if gamma is None else v**gamma)


def in_srgb(values: Any, primaries: Primaries, gamma: float | None) -> NDArray[np.float64]:
    """Values 0..1 [..., 3] as sRGB 0..255, worked out from the definitions."""
    linear = light(values, gamma) @ to_xyz(primaries).T @ np.linalg.inv(to_xyz(SRGB)).T
    cut = np.clip(linear, 0, 1)
    return np.asarray(255 * np.where(cut <= 0.0031308, 12.92 * cut, 1.055 * cut ** (1 / 2.4) - 0.055))


def _fixed(values: Any) -> bytes:
    return b"".join(struct.pack(">i", round(float(value) * 65536)) for value in values)


def _curve(gamma: float | None) -> bytes:
    if gamma is None:
        table = np.rint(light(np.linspace(0, 1, 1024), None) * 65535).astype(">u2").tobytes()
        return b"curv\0\0\0\0" + struct.pack(">I", 1024) + table
    return b"curv\0\0\0\0" + (struct.pack(">I", 0) if gamma == 1 else struct.pack(">IH", 1, round(gamma * 256)))


def _profile(space: bytes, tags: list[tuple[bytes, bytes]]) -> bytes:
    table, body, start = b"", b"", 132 + 12 * len(tags)
    for name, content in tags:
        content += b"\0" * (-len(content) % 4)
        table += name + struct.pack(">II", start + len(body), len(content))
        body += content
    head = struct.pack(">I4sI4s4s4s", start + len(body), b"lcms", 0x02400000, b"mntr", space, b"XYZ ")
    head += struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 24 + struct.pack(">I", 0) + _fixed(D50)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def _named(name: str) -> list[tuple[bytes, bytes]]:
    text = name.encode() + b"\0"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + b"\0" * 78
    return [(b"desc", description), (b"cprt", b"text\0\0\0\0CC0\0"), (b"wtpt", b"XYZ \0\0\0\0" + _fixed(D50))]


def rgb_profile(name: str, primaries: Primaries, gamma: float | None, padding: bytes = b"") -> bytes:
    """An ICC profile of primaries and one curve; `padding` in a private tag."""
    matrix = to_xyz(primaries)
    tags = [(tag, b"XYZ \0\0\0\0" + _fixed(matrix[:, n])) for n, tag in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))]
    tags += [(tag, _curve(gamma)) for tag in (b"rTRC", b"gTRC", b"bTRC")]
    if padding:
        tags.append((b"abcd", b"data" + bytes(8) + padding))
    return _profile(b"RGB ", _named(name) + tags)


def grey_profile(name: str, gamma: float | None) -> bytes:
    """An ICC profile of one curve."""
    return _profile(b"GRAY", [*_named(name), (b"kTRC", _curve(gamma))])


def chunk(kind: bytes, content: bytes, wrong: int = 0) -> bytes:
    """A chunk of a PNG; its checksum is right unless `wrong`."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content) ^ wrong)


def png(samples: NDArray[Any], *notes: bytes) -> bytes:
    """A PNG of uint8 or uint16 [H, W, C], with more chunks before its pixels."""
    height, width, channels = samples.shape
    depth, kind = samples.dtype.itemsize * 8, {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(samples.dtype.newbyteorder(">")).tobytes() for row in samples)
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    body = (chunk(b"IHDR", header), *notes, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def icc_chunk(profile: bytes) -> bytes:
    """iCCP."""
    return chunk(b"iCCP", b"profile\0\0" + zlib.compress(profile))


def plain(colour: tuple[int, ...], dtype: Any = np.uint8, side: int = 16) -> NDArray[Any]:
    """One colour everywhere: [side, side, C]."""
    return np.full((side, side, len(colour)), colour, dtype)
