"""AVIF: colours told by numbers, the clean aperture, and damage of every kind."""

import io
import random
import struct

import numpy as np
import pytest
from PIL import Image, features

from nvg_studio.errors import PictureError
from nvg_studio.imaging.read import decode_image
from tests.imaging.making_files import DISPLAY_P3, REC2020, SRGB, Primaries, in_srgb, rgb_profile

COLOUR = (200, 60, 60)
pytestmark = pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")


def avif(picture: np.ndarray | None = None, **options: object) -> bytes:
    buffer = io.BytesIO()
    image = Image.new("RGB", (32, 32), COLOUR) if picture is None else Image.fromarray(picture)
    image.save(buffer, "AVIF", quality=100, subsampling="4:4:4", **options)
    return buffer.getvalue()


def with_numbers(data: bytes, primaries: int, transfer: int) -> bytes:
    place = data.find(b"nclx") + 4
    return data[:place] + struct.pack(">HH", primaries, transfer) + data[place + 4 :]


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body) + 8, kind) + body


def grown(data: bytes, kind: bytes, more: bytes) -> bytes:
    """The file with bytes added to the end of the first box of a kind, and to the sizes of those around it."""
    around = {b"ipco": (b"meta", b"iprp", b"ipco"), b"ipma": (b"meta", b"iprp", b"ipma")}[kind]
    place = data.find(kind) - 4
    (size,) = struct.unpack(">I", data[place : place + 4])
    out = bytearray(data[: place + size] + more + data[place + size :])
    for name in around:
        at = data.find(name) - 4
        struct.pack_into(">I", out, at, struct.unpack(">I", data[at : at + 4])[0] + len(more))
    return bytes(out)


def with_clean_aperture(data: bytes, width: int, height: int, right: int, down: int) -> bytes:
    """The file with a clean aperture for its picture; `right` and `down` are offsets of the centre in half pixels."""
    clap = box(b"clap", struct.pack(">IIII", width, 1, height, 1) + struct.pack(">iIiI", right, 2, down, 2))
    ipco = data.find(b"ipco") - 4
    (size,) = struct.unpack(">I", data[ipco : ipco + 4])
    count, at = 0, ipco + 8
    while at < ipco + size:
        count, at = count + 1, at + struct.unpack(">I", data[at : at + 4])[0]
    out = grown(data, b"ipco", clap)
    ipma = out.find(b"ipma") + 4
    many = ipma + 4 + 4 + 2
    out = grown(out, b"ipma", bytes((0x80 | (count + 1),)))
    out = out[:many] + bytes((out[many] + 1,)) + out[many + 1 :]
    moved = len(out) - len(data)
    extent = out.find(b"iloc") + 4
    found = out.find(struct.pack(">I", data.find(b"mdat") + 4), extent)
    assert found > 0, "the offset of the pixels"
    return out[:found] + struct.pack(">I", data.find(b"mdat") + 4 + moved) + out[found + 4 :]


@pytest.mark.parametrize(
    ("numbers", "primaries", "gamma"),
    [((12, 13), DISPLAY_P3, None), ((9, 1), REC2020, None), ((1, 8), SRGB, 1.0), ((1, 4), SRGB, 2.2)],
)
def test_colours_are_told_by_numbers(numbers: tuple[int, int], primaries: Primaries, gamma: float | None) -> None:
    found = decode_image(with_numbers(avif(), *numbers))[16, 16]
    np.testing.assert_allclose(found, in_srgb(np.array(COLOUR) / 255, primaries, gamma), atol=4)


def test_a_profile_goes_before_the_numbers() -> None:
    data = avif(icc_profile=rgb_profile("x", DISPLAY_P3, None))
    np.testing.assert_allclose(decode_image(data)[16, 16], in_srgb(np.array(COLOUR) / 255, DISPLAY_P3, None), atol=4)


def test_the_clean_aperture_is_cut_out() -> None:
    ramp = np.repeat((np.arange(32, dtype=np.uint8) * 8)[None, :, None], 3, 2).repeat(32, 0)
    whole = decode_image(avif(ramp))
    found = decode_image(with_clean_aperture(avif(ramp), 16, 20, right=8, down=-4))
    np.testing.assert_array_equal(found, whole[4:24, 12:28])


@pytest.mark.parametrize("size", [(40, 10), (0, 10), (16, 33)])
def test_an_impossible_aperture_changes_nothing(size: tuple[int, int]) -> None:
    assert decode_image(with_clean_aperture(avif(), *size, right=0, down=0)).shape == (32, 32, 3)


def test_damage_is_one_line_whatever_the_decoder_raises() -> None:
    data, chance, refused = avif(), random.Random(1), 0
    for _ in range(300):
        damaged = bytearray(data)
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            assert decode_image(bytes(damaged)).dtype == np.uint8
        except PictureError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > 50
