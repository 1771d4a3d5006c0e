"""HEIC from telephones and JPEG XL: their pixels and colours, their sizes before anything is decoded, their damage."""

import io
import random
import struct
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from nvg_studio.errors import PictureError
from nvg_studio.imaging.read import decode_image
from tests.imaging.making_files import DISPLAY_P3, in_srgb, rgb_profile

COLOUR = (200, 60, 60)
PICTURE = np.zeros((40, 64, 3), np.uint8)
PICTURE[:, :32] = COLOUR
PICTURE[20:, 32:] = (20, 90, 210)
P3 = rgb_profile("any name", DISPLAY_P3, None)


def heic(mode: str = "RGB", **info: Any) -> bytes:
    image = pillow_heif.from_pillow(Image.fromarray(PICTURE).convert(mode))
    image.info.update(info)
    buffer = io.BytesIO()
    image.save(buffer, quality=-1, chroma=444)
    return buffer.getvalue()


def jxl(**options: Any) -> bytes:
    import pillow_jxl  # noqa: F401  registers itself

    buffer = io.BytesIO()
    Image.fromarray(PICTURE).save(buffer, "JXL", lossless=True, **options)
    return buffer.getvalue()


def test_pixels_come_back() -> None:
    np.testing.assert_allclose(decode_image(heic()).astype(int), PICTURE, atol=3)
    np.testing.assert_array_equal(decode_image(jxl()), PICTURE)


def test_ten_bits_use_their_whole_range() -> None:
    white = np.full((40, 64, 3), 65535, np.uint16)
    image = pillow_heif.from_bytes(mode="RGB;16", size=(64, 40), data=white.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, quality=-1, chroma=444)
    assert decode_image(buffer.getvalue()).min() >= 254


def test_profiles_are_applied() -> None:
    expected = in_srgb(np.array(COLOUR) / 255, DISPLAY_P3, None)
    np.testing.assert_allclose(decode_image(heic(icc_profile=P3))[10, 10], expected, atol=3)


def test_a_jxl_is_not_turned_twice() -> None:
    """Its decoder follows the orientation of the codestream, not that of EXIF."""
    exif = Image.Exif()
    exif[0x0112] = 6
    np.testing.assert_array_equal(decode_image(jxl(exif=exif.tobytes())), PICTURE)


def test_colours_are_told_by_numbers() -> None:
    data = heic()
    place = data.find(b"nclx") + 4
    numbered = data[:place] + struct.pack(">HH", 12, 13) + data[place + 4 :]
    expected = in_srgb(np.array(COLOUR) / 255, DISPLAY_P3, None)
    np.testing.assert_allclose(decode_image(numbered)[10, 10], expected, atol=4)


def test_what_a_telephone_turned_is_turned() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    found = decode_image(heic(exif=exif.tobytes()))
    np.testing.assert_allclose(found.astype(int), np.rot90(PICTURE, -1), atol=3)


def test_grey_and_transparent_pictures() -> None:
    grey = decode_image(heic("L"))
    assert np.ptp(grey.astype(int), axis=2).max() <= 1
    clear = Image.fromarray(PICTURE).convert("RGBA")
    clear.putalpha(0)
    buffer = io.BytesIO()
    pillow_heif.from_pillow(clear).save(buffer, quality=-1)
    assert decode_image(buffer.getvalue()).min() >= 253


@pytest.mark.parametrize("size", [(64, 40), (40, 40), (256, 256), (300, 200), (3000, 16)])
def test_the_size_of_a_jxl_is_read_from_its_header(size: tuple[int, int]) -> None:
    import pillow_jxl  # noqa: F401  registers itself

    buffer = io.BytesIO()
    Image.new("RGB", size).save(buffer, "JXL", lossless=True)
    assert decode_image(buffer.getvalue()).shape == (size[1], size[0], 3)


def test_a_size_that_is_too_large_is_refused_before_anything_is_decoded() -> None:
    """A header of 2^30 x 2^30 pixels and nothing else."""
    bits, place = 0, 0
    for value, count in ((0, 1), (3, 2), (2**30 - 1, 30), (1, 3)):
        bits |= value << place
        place += count
    with pytest.raises(PictureError, match="too large"):
        decode_image(b"\xff\x0a" + bits.to_bytes(8, "little") + bytes(40))


@pytest.mark.parametrize("make", [heic, jxl])
def test_damage_is_one_line_whatever_the_decoder_raises(make: Any) -> None:
    data, chance, refused = make(), random.Random(1), 0
    for share in (0.2, 0.5, 0.9):
        with pytest.raises(PictureError):
            decode_image(data[: int(len(data) * share)])
    for _ in range(100):
        damaged = bytearray(data)
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            assert decode_image(bytes(damaged)).dtype == np.uint8
        except PictureError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > 5
