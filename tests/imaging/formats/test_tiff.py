"""TIFF: every common meaning of its numbers, and names for the kinds that are not opened."""

import io
import itertools
import struct
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from nvg_studio.errors import PictureError
from nvg_studio.imaging.read import decode_image
from tests.imaging.making_files import DISPLAY_P3, in_srgb, plain, rgb_profile

SIDE = 32
NOISE = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)


def tiff(samples: NDArray[Any], **options: Any) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, samples, **options)
    return buffer.getvalue()


def filled(*values: complex, dtype: Any = np.uint8) -> NDArray[Any]:
    """One colour everywhere, [SIDE, SIDE] for a single channel."""
    array = np.full((SIDE, SIDE, len(values)), values).astype(dtype)
    return array[..., 0] if len(values) == 1 else array


GREY, RGB, WHITE, CMYK, LAB = ({"photometric": kind} for kind in
                               ("minisblack", "rgb", "miniswhite", "separated", "cielab"))  # fmt: skip
ASSOCIATED, STRAIGHT = ({"extrasamples": [kind]} for kind in ("assocalpha", "unassalpha"))
KINDS: dict[str, tuple[NDArray[Any], dict[str, Any], tuple[float, float, float]]] = {
    "grey 8": (filled(100), GREY, (100,) * 3),
    "grey 16": (filled(100 * 257, dtype=np.uint16), GREY, (100,) * 3),
    "grey 32": (filled(2**31, dtype=np.uint32), GREY, (128,) * 3),
    "grey float 16": (filled(0.25, dtype=np.float16), GREY, (64,) * 3),
    "grey float 32": (filled(0.5, dtype=np.float32), GREY, (128,) * 3),
    "grey float 64": (filled(0.75, dtype=np.float64), GREY, (191,) * 3),
    "grey signed 8": (filled(-50, dtype=np.int8), GREY, (78,) * 3),
    "grey signed 16": (filled(16384, dtype=np.int16), GREY, (191,) * 3),
    "grey signed 32": (filled(-(2**30), dtype=np.int32), GREY, (64,) * 3),
    "white is zero 8": (filled(64), WHITE, (191,) * 3),
    "white is zero 16": (filled(16384, dtype=np.uint16), WHITE, (191,) * 3),
    "grey, associated alpha": (filled(50, 128), GREY | ASSOCIATED, (177,) * 3),
    "grey, straight alpha": (filled(100, 128), GREY | STRAIGHT, (177,) * 3),
    "RGB 16": (filled(25700, 12850, 5140, dtype=np.uint16), RGB, (100, 50, 20)),
    "RGB 32": (filled(2**31, 2**30, 0, dtype=np.uint32), RGB, (128, 64, 0)),
    "RGB float 32": (filled(0.5, 0.25, 0, dtype=np.float32), RGB, (128, 64, 0)),
    "RGB, associated alpha": (filled(50, 25, 10, 128), RGB | ASSOCIATED, (177, 152, 137)),
    "RGB, straight alpha": (filled(100, 50, 20, 128), RGB | STRAIGHT, (177, 152, 137)),
    "RGB, other channels": (filled(100, 50, 20, 1, 2), RGB | {"extrasamples": ["unspecified"] * 2}, (100, 50, 20)),
    "CMYK": (filled(0, 255, 0, 0), CMYK, (255, 0, 255)),
    "CMYK 16": (filled(0, 65535, 0, 32768, dtype=np.uint16), CMYK, (127, 0, 127)),
    "CMYK, alpha": (filled(0, 255, 0, 0, 0), CMYK | STRAIGHT, (255, 255, 255)),
    "Lab 8": (filled(128, 0, 0), LAB, (119, 119, 119)),
    "Lab 8, red": (filled(138, 81, 70), LAB, (255, 0, 0)),
    "Lab 16": (filled(32768, 0, 0, dtype=np.uint16), LAB, (119, 119, 119)),
}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_numbers_of_all_kinds_mean_what_the_standard_says(name: str, byteorder: str) -> None:
    samples, options, expected = KINDS[name]
    found = decode_image(tiff(samples, byteorder=byteorder, **options))
    assert found.shape == (SIDE, SIDE, 3)
    # Lab's red is just outside of sRGB; halves are rounded to either side.
    np.testing.assert_allclose(found[5, 7], expected, atol=3 if name == "Lab 8, red" else 1.01)


@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "packbits", "zstd", "lzma"])
@pytest.mark.parametrize("options", [{}, {"tile": (16, 16)}, {"rowsperstrip": 5}, {"bigtiff": True}], ids=str)
@pytest.mark.parametrize("planar", [False, True])
def test_every_way_of_storing_gives_the_same_pixels(
    compression: str | None, options: dict[str, Any], planar: bool
) -> None:
    samples = np.moveaxis(NOISE, 2, 0) if planar else NOISE
    config = {"planarconfig": "separate" if planar else "contig"}
    data = tiff(np.ascontiguousarray(samples), photometric="rgb", compression=compression, **config, **options)
    np.testing.assert_array_equal(decode_image(data), NOISE)


LOSSLESS, MODES = ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"), ("1", "L", "P", "RGB", "RGBA", "CMYK")


@pytest.mark.parametrize(
    ("compression", "mode"),
    [*itertools.product(LOSSLESS, MODES), ("jpeg", "L"), ("jpeg", "RGB"), ("jpeg", "CMYK")],
)
def test_what_another_writer_writes_comes_back(compression: str, mode: str) -> None:
    image = Image.fromarray(NOISE if compression != "jpeg" else plain((200, 60, 60), side=SIDE)).convert(mode)
    buffer = io.BytesIO()
    image.save(buffer, "TIFF", compression=compression)
    np.testing.assert_allclose(
        decode_image(buffer.getvalue()).astype(int),
        np.asarray(image.convert("RGB")),
        atol=4 if compression == "jpeg" else 1,
    )


def test_fax_is_black_on_white() -> None:
    image = Image.fromarray(NOISE[..., 0] > 200)
    for compression in ("group3", "group4"):
        buffer = io.BytesIO()
        image.save(buffer, "TIFF", compression=compression)
        np.testing.assert_array_equal(decode_image(buffer.getvalue()), np.asarray(image.convert("RGB")))


def with_tags(samples: bytes, *tags: tuple[int, int, int, int], table: bytes = b"") -> bytes:
    """A little-endian TIFF of 16 x 16 pixels: (tag, type, count, value); -1 and -2 are where pixels and table are."""
    start = 8 + 2 + 12 * len(tags) + 4
    place = {-1: start + len(table), -2: start}
    entries = b"".join(struct.pack("<HHII", tag, kind, count, place.get(v, v)) for tag, kind, count, v in sorted(tags))
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + table + samples


def sixteen(bits: int, photometric: int, size: int, compression: int = 1) -> list[tuple[int, int, int, int]]:
    short, long = 3, 4
    return [(256, short, 1, 16), (257, short, 1, 16), (258, short, 1, bits), (259, short, 1, compression),
            (262, short, 1, photometric), (273, long, 1, -1), (277, short, 1, 1), (278, short, 1, 16),
            (279, long, 1, size)]  # fmt: skip


@pytest.mark.parametrize("scale", [1, 257])
def test_palettes_of_8_and_of_16_bits(scale: int) -> None:
    table = np.zeros((3, 256), "<u2")
    table[:, 1] = np.array([200, 100, 50]) * scale
    data = with_tags(bytes([1]) * 256, *sixteen(8, 3, 256), (320, 3, 768, -2), table=table.tobytes())
    assert decode_image(data)[0, 0].tolist() == [200, 100, 50]


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_a_few_bits_a_pixel(bits: int) -> None:
    """All ones are white, or black where white is zero."""
    pixels = b"\xff" * (16 * 16 * bits // 8)
    assert (decode_image(with_tags(pixels, *sixteen(bits, 1, len(pixels)))) == 255).all()
    assert (decode_image(with_tags(pixels, *sixteen(bits, 0, len(pixels)))) == 0).all()


def test_twelve_bits_use_their_own_range() -> None:
    pixels = b"\x80\x08\x00" * 128  # 2048 twice in three bytes
    assert (decode_image(with_tags(pixels, *sixteen(12, 1, len(pixels)))) == 128).all()


@pytest.mark.parametrize(
    ("photometric", "words"),
    [(4, "a transparency mask"), (32803, "camera raw file"), (34892, "camera raw file"), (32845, "LogLuv"), (99, "99")],
)
def test_kinds_that_are_not_opened_are_named(photometric: int, words: str) -> None:
    with pytest.raises(PictureError, match=words) as refused:
        decode_image(with_tags(bytes(256), *sixteen(8, photometric, 256)))
    assert "damaged" not in str(refused.value)


@pytest.mark.parametrize(
    ("samples", "options", "words"),
    [
        (filled(1000, dtype=np.float32), GREY, "floating-point numbers up to 1000; scale them to 0 to 1"),
        (filled(1 + 1j, dtype=np.complex64), GREY, "complex"),
        (filled(1, 2, 3, 4, 5), CMYK | STRAIGHT | {"extratags": [(332, 3, 1, 2, True)]}, "other inks than CMYK"),
        (filled(1), GREY | {"extratags": [(50706, 1, 4, b"\1\4\0\0", True)]}, "camera raw file"),
    ],
)
def test_numbers_that_are_no_picture_are_named(samples: NDArray[Any], options: dict[str, Any], words: str) -> None:
    with pytest.raises(PictureError, match=words):
        decode_image(tiff(samples, **options))


def test_the_first_full_page_counts() -> None:
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        writer.write(plain((9, 9, 9), side=16), photometric="rgb", subfiletype=1)
        writer.write(NOISE, photometric="rgb")
    np.testing.assert_array_equal(decode_image(buffer.getvalue()), NOISE)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    pngs, tiffs = io.BytesIO(), io.BytesIO()
    for kind, buffer in (("PNG", pngs), ("TIFF", tiffs)):
        Image.fromarray(NOISE[:20]).save(buffer, kind, exif=exif)
    np.testing.assert_array_equal(decode_image(tiffs.getvalue()), decode_image(pngs.getvalue()))


def test_profiles_are_applied_at_16_bits() -> None:
    samples = (np.arange(SIDE * SIDE, dtype=np.uint16) * 4).reshape(SIDE, SIDE)[..., None].repeat(3, 2)
    profile = rgb_profile("linear", DISPLAY_P3, 1.0)
    found = decode_image(tiff(samples, photometric="rgb", iccprofile=profile))
    assert np.abs(found - in_srgb(samples / 65535, DISPLAY_P3, 1.0)).max() <= 1


@pytest.mark.parametrize("compression", [None, "lzw", "zlib"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_cut_files_are_damaged(compression: str | None, share: float) -> None:
    data = tiff(NOISE, photometric="rgb", compression=compression)
    with pytest.raises(PictureError, match="damaged or incomplete"):
        decode_image(data[: int(len(data) * share)])
