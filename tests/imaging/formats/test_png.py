"""PNG: depth, transparency and colours as the standard says; what is wrong beside the pixels spoils nothing."""

import struct
import zlib

import numpy as np
import pytest

from nvg_studio.errors import PictureError
from nvg_studio.imaging.read import decode_image
from tests.imaging.making_files import (
    D65,
    DISPLAY_P3,
    REC2020,
    SRGB,
    Primaries,
    chunk,
    grey_profile,
    icc_chunk,
    in_srgb,
    plain,
    png,
    rgb_profile,
)

COLOUR = (200, 60, 60)
SHARE = np.array(COLOUR) / 255


def first(data: bytes) -> list[int]:
    return [int(value) for value in decode_image(data)[0, 0]]


def gama(gamma: float) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", round(100_000 / gamma)))


def chrm(primaries: Primaries) -> bytes:
    return chunk(b"cHRM", struct.pack(">8I", *(round(x * 100_000) for xy in (D65, *primaries) for x in xy)))


def cicp(primaries: int, transfer: int) -> bytes:
    return chunk(b"cICP", bytes((primaries, transfer, 0, 1)))


P3_ICC = icc_chunk(rgb_profile("any name", DISPLAY_P3, None))


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        ([gama(1.0)], in_srgb(SHARE, SRGB, 1.0)),
        ([gama(1.8)], in_srgb(SHARE, SRGB, 1.8)),
        ([gama(2.2)], COLOUR),  # how writers of sRGB pictures say so
        ([gama(2.2), chrm(SRGB)], COLOUR),
        ([gama(2.2), chrm(DISPLAY_P3)], in_srgb(SHARE, DISPLAY_P3, 2.2)),
        ([chrm(REC2020)], in_srgb(SHARE, REC2020, None)),
        ([chunk(b"sRGB", b"\0"), gama(1.0), chrm(DISPLAY_P3)], COLOUR),
        ([P3_ICC, gama(1.0)], in_srgb(SHARE, DISPLAY_P3, None)),
        ([P3_ICC, chunk(b"sRGB", b"\0")], in_srgb(SHARE, DISPLAY_P3, None)),
        ([cicp(12, 13), icc_chunk(rgb_profile("x", REC2020, 1.0))], in_srgb(SHARE, DISPLAY_P3, None)),
        ([cicp(9, 8)], in_srgb(SHARE, REC2020, 1.0)),
        ([cicp(1, 13)], COLOUR),
        ([cicp(2, 2)], COLOUR),  # unspecified
        ([chunk(b"gAMA", b"\0\0\0\0")], COLOUR),
        ([chunk(b"cHRM", bytes(32))], COLOUR),
        ([chunk(b"iCCP", b"x\0\0junk"), gama(1.0)], in_srgb(SHARE, SRGB, 1.0)),
    ],
)
@pytest.mark.parametrize("depth", [8, 16])
def test_the_first_chunk_of_the_standards_order_tells_the_colours(
    notes: list[bytes], expected: np.ndarray, depth: int
) -> None:
    samples = plain(COLOUR) if depth == 8 else plain(COLOUR, np.uint16) * np.uint16(257)
    np.testing.assert_allclose(first(png(samples, *notes)), expected, atol=1.01)


@pytest.mark.parametrize("curve", [16, 18])
def test_high_dynamic_range_is_toned_down(curve: int) -> None:
    """The white of a page stays light, what is brighter does not burn out, and grey stays grey."""
    ramp = np.repeat(np.linspace(0, 65535, 64).round().astype(np.uint16)[None, :, None], 3, 2).repeat(8, 0)
    found = decode_image(png(ramp, cicp(9, curve)))[0].astype(int)
    white_of_page = round(63 * (0.58 if curve == 16 else 0.75))
    assert (np.diff(found[:, 1]) >= 0).all() and np.ptp(found, axis=1).max() <= 1
    assert 225 <= found[white_of_page, 1] <= 245 and found[0, 1] == 0 and found[-1, 1] >= 254


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_with_alpha_follows_its_profile(dtype: type) -> None:
    scale = dtype(1 if dtype is np.uint8 else 257)
    expected = in_srgb([100 / 255] * 3, SRGB, 1.0)
    notes = icc_chunk(grey_profile("any name", 1.0))
    opaque = plain((100, 255), dtype) * scale
    np.testing.assert_allclose(first(png(opaque[..., :1], notes)), expected, atol=1.01)
    np.testing.assert_allclose(first(png(opaque, notes)), expected, atol=1.01)
    half = plain((100, 128), dtype) * scale
    np.testing.assert_allclose(first(png(half, notes)), 255 + (expected - 255) * 128 / 255, atol=1.01)


@pytest.mark.parametrize("channels", [1, 3])
def test_transparent_colours_of_16_bits_are_compared_whole(channels: int) -> None:
    """tRNS names one colour; one that differs in the lower byte alone is opaque."""
    samples = np.full((16, 16, channels), 0x1234, np.uint16)
    samples[0, 0] = 0x1233
    trns = chunk(b"tRNS", struct.pack(f">{channels}H", *[0x1234] * channels))
    found = decode_image(png(samples, trns))
    assert found[0, 0].tolist() == [0x12] * 3 and (found[1:] == 255).all()


def test_linear_pictures_keep_their_shadows() -> None:
    """Cut to 8 bits first, the 256 darkest steps of 65,535 would be two."""
    ramp = np.arange(256, dtype=np.uint16)[None, :, None].repeat(3, 2).repeat(8, 0)
    found = decode_image(png(ramp, icc_chunk(rgb_profile("any name", SRGB, 1.0))))[0, :, 0]
    expected = in_srgb(np.arange(256)[:, None].repeat(3, 1) / 65535, SRGB, 1.0)[:, 0]
    assert np.abs(found - expected).max() <= 1 and len(np.unique(found)) >= len(np.unique(expected.round())) - 1


@pytest.mark.parametrize(
    ("kind", "content"),
    [(b"tEXt", b"Title\0x"), (b"tIME", bytes(7)), (b"gAMA", bytes(4)), (b"iCCP", P3_ICC[8:-4]), (b"prVt", b"abc")],
)
def test_wrong_checksums_beside_the_pixels_leave_that_chunk_out(kind: bytes, content: bytes) -> None:
    assert first(png(plain(COLOUR), chunk(kind, content, wrong=1))) == list(COLOUR)


def test_a_wrong_checksum_of_the_pixels_is_damage() -> None:
    data = png(np.random.default_rng(0).integers(0, 256, (16, 16, 3)).astype(np.uint8))
    place = data.find(b"IDAT") + 20
    with pytest.raises(PictureError, match="damaged"):
        decode_image(data[:place] + bytes((data[place] ^ 1,)) + data[place + 1 :])


LARGE = np.random.default_rng(0).integers(0, 256, 3 * 2**20, np.uint8).tobytes()


@pytest.mark.parametrize(
    "note",
    [
        chunk(b"zTXt", b"workflow\0\0" + zlib.compress(LARGE, 1)),
        chunk(b"iTXt", b"workflow\0\1\0\0\0" + zlib.compress(LARGE.hex().encode(), 1)),
        chunk(b"tEXt", b"workflow\0" + LARGE),
        chunk(b"eXIf", LARGE),
    ],
    ids=["zTXt", "iTXt", "tEXt", "eXIf"],
)
def test_large_notes_do_not_spoil_the_picture(note: bytes) -> None:
    assert first(png(plain(COLOUR), note)) == list(COLOUR)


def test_a_large_profile_is_applied() -> None:
    profile = rgb_profile("with a table", DISPLAY_P3, None, LARGE)
    np.testing.assert_allclose(
        first(png(plain(COLOUR), icc_chunk(profile))), in_srgb(SHARE, DISPLAY_P3, None), atol=1.01
    )


def test_notes_that_unpack_without_end_are_never_unpacked() -> None:
    packer = zlib.compressobj(9)
    bomb = b"".join(packer.compress(bytes(2**20)) for _ in range(1024)) + packer.flush()
    for note in (chunk(b"zTXt", b"x\0\0" + bomb), chunk(b"iCCP", b"x\0\0" + bomb)):
        assert first(png(plain(COLOUR), note)) == list(COLOUR)


def test_orientation_is_told_by_exif_or_xmp() -> None:
    picture = np.arange(16 * 12 * 3).reshape(16, 12, 3).astype(np.uint8)
    exif = b"MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\x06\0\0\0\0\0\0"
    xmp = b'XML:com.adobe.xmp\0\0\0\0\0<rdf:Description tiff:Orientation="6"/>'
    for note in (chunk(b"eXIf", exif), chunk(b"iTXt", xmp)):
        np.testing.assert_array_equal(decode_image(png(picture, note)), np.rot90(picture, -1))
