"""JPEG: oddities that other programs pass over are passed over, files that are cut are not."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from nvg_studio.errors import PictureError
from nvg_studio.imaging.read import decode_image
from tests.imaging.making_files import ADOBE, in_srgb, rgb_profile

COLOUR = (200, 60, 60)
NOISE = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)


def jpeg(picture: np.ndarray | None = None, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image = Image.new("RGB", (32, 32), COLOUR) if picture is None else Image.fromarray(picture)
    image.save(buffer, "JPEG", quality=95, **options)
    return buffer.getvalue()


BASE = jpeg()
AFTER = 4 + int.from_bytes(BASE[4:6], "big")
"""Where the first segment (JFIF) ends."""
ODD = {
    "bytes after the end": BASE + bytes(1000),
    "a short JFIF segment": BASE[:2] + b"\xff\xe0\0\x07JFIF\0" + BASE[AFTER:],
    "zeros before the first segment": BASE[:2] + b"\0\0" + BASE[2:],
    "zeros after the first segment": BASE[:AFTER] + b"\0\0\0\0" + BASE[AFTER:],
    "fill bytes": BASE[:AFTER] + b"\xff\xff\xff" + BASE[AFTER:],
    "no JFIF segment": BASE[:2] + BASE[AFTER:],
    "an empty EXIF segment": BASE[:AFTER] + b"\xff\xe1\0\x08Exif\0\0" + BASE[AFTER:],
    "a short Adobe segment": BASE[:AFTER] + b"\xff\xee\0\x08Adobe\0" + BASE[AFTER:],
    "an empty profile": BASE[:AFTER] + b"\xff\xe2\0\x10ICC_PROFILE\0\1\1" + BASE[AFTER:],
    "a cut Photoshop block": BASE[:AFTER] + b"\xff\xed\0\x14Photoshop 3.0\08BIM" + BASE[AFTER:],
}


@pytest.mark.parametrize("name", ODD)
def test_harmless_oddities_are_opened(name: str) -> None:
    np.testing.assert_allclose(decode_image(ODD[name])[16, 16], COLOUR, atol=3)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("restart", [0, 1])
def test_a_missing_end_mark_spoils_nothing(progressive: bool, restart: int) -> None:
    whole = jpeg(NOISE, progressive=progressive, restart_marker_rows=restart)
    np.testing.assert_array_equal(decode_image(whole[:-2]), decode_image(whole))


@pytest.mark.parametrize("progressive", [False, True])
def test_pixels_that_are_cut_off_are_damage(progressive: bool) -> None:
    whole = jpeg(NOISE, progressive=progressive)
    for share in (0.3, 0.5, 0.7, 0.9, 0.97):
        with pytest.raises(PictureError, match="damaged or incomplete"):
            decode_image(whole[: int(len(whole) * share)])


def with_camera_colours(index: str, **options: Any) -> bytes:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[0xA001] = 65535  # neither sRGB nor anything else that EXIF has a number for
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.IFD.Interop] = {1: index}
    return jpeg(exif=exif, subsampling=0, **options)


def test_cameras_say_adobe_rgb_without_a_profile() -> None:
    expected = in_srgb(np.array(COLOUR) / 255, ADOBE, 563 / 256)
    np.testing.assert_allclose(decode_image(with_camera_colours("R03"))[16, 16], expected, atol=3)
    np.testing.assert_allclose(decode_image(with_camera_colours("R98"))[16, 16], COLOUR, atol=3)


def test_a_profile_goes_before_what_the_camera_says() -> None:
    profile = rgb_profile("own", ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)), None)
    found = decode_image(with_camera_colours("R03", icc_profile=profile))
    np.testing.assert_allclose(found[16, 16], COLOUR, atol=3)


@pytest.mark.parametrize(("marker", "words"), [(0xC3, "lossless JPEG"), (0xF7, "lossless JPEG"), (0xC5, "rare coding")])
def test_sound_kinds_that_are_not_opened_are_named(marker: int, words: str) -> None:
    frame = BASE.find(b"\xff\xc0")
    with pytest.raises(PictureError, match=words):
        decode_image(BASE[: frame + 1] + bytes((marker,)) + BASE[frame + 2 :])
    with pytest.raises(PictureError, match="JPEG with 12 bits a channel"):
        decode_image(BASE[: frame + 4] + b"\x0c" + BASE[frame + 5 :])
