"""Colours are judged by what a profile does, never by its name."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from nvg_studio.imaging.colour import ColourModel, IccProfile, over_white, to_srgb
from nvg_studio.imaging.read import decode_image
from tests.imaging.making_files import (
    ADOBE,
    DISPLAY_P3,
    REC2020,
    SRGB,
    grey_profile,
    icc_chunk,
    in_srgb,
    plain,
    png,
    rgb_profile,
)

NOISE = np.random.default_rng(0).integers(0, 256, (24, 32, 3)).astype(np.uint8)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("primaries", "gamma"), [(DISPLAY_P3, None), (ADOBE, 563 / 256), (REC2020, 2.4), (SRGB, 1.0)])
def test_a_profile_that_calls_itself_srgb_is_applied_all_the_same(
    primaries: tuple[tuple[float, float], ...], gamma: float | None, dtype: type
) -> None:
    scale = 1 if dtype is np.uint8 else 257
    profile = rgb_profile("sRGB IEC61966-2.1", primaries, gamma)  # type: ignore[arg-type]
    found = to_srgb(NOISE.astype(dtype) * dtype(scale), ColourModel.RGB, IccProfile(profile)) / scale
    expected = in_srgb(NOISE / 255, primaries, gamma)  # type: ignore[arg-type]
    # lcms cuts colours that sRGB lacks a little otherwise than by channels; half a step is rounding.
    assert np.quantile(np.abs(found - expected), 0.99) <= (1.01 if dtype is np.uint8 else 0.51)
    assert np.abs(found - expected).max() <= 2


@pytest.mark.parametrize(
    "profile",
    [
        rgb_profile("Camera RGB", SRGB, None),
        rgb_profile("", SRGB, None),
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    ],
)
def test_pixels_of_srgb_under_any_name_are_left_alone(profile: bytes) -> None:
    np.testing.assert_array_equal(decode_image(png(NOISE, icc_chunk(profile))), NOISE)


@pytest.mark.parametrize("profile", [b"", b"not a profile", rgb_profile("cut", DISPLAY_P3, None)[:200], bytes(4096)])
def test_broken_profiles_change_nothing(profile: bytes) -> None:
    np.testing.assert_array_equal(decode_image(png(NOISE, icc_chunk(profile))), NOISE)


def test_a_profile_for_other_channels_is_not_applied() -> None:
    np.testing.assert_array_equal(decode_image(png(NOISE, icc_chunk(grey_profile("grey", 1.0)))), NOISE)


def test_an_rgb_profile_of_a_grey_picture_is_applied() -> None:
    found = decode_image(png(plain((100,)), icc_chunk(rgb_profile("linear", SRGB, 1.0))))
    np.testing.assert_allclose(found[0, 0], in_srgb([100 / 255] * 3, SRGB, 1.0), atol=1.01)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "WEBP"])
def test_profiles_of_all_formats_are_applied(kind: str) -> None:
    buffer = io.BytesIO()
    options = {"lossless": True} if kind == "WEBP" else {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
    profile = rgb_profile("sRGB", DISPLAY_P3, None)
    Image.new("RGB", (16, 16), (200, 60, 60)).save(buffer, kind, icc_profile=profile, **options)
    expected = in_srgb(np.array([200, 60, 60]) / 255, DISPLAY_P3, None)
    np.testing.assert_allclose(decode_image(buffer.getvalue())[8, 8], expected, atol=3 if kind == "JPEG" else 1.01)


def test_alpha_is_laid_over_white_at_full_depth() -> None:
    """A share of 1/65535 of black is not seen, half of it is half of the way."""
    rgb, alpha = np.zeros((1, 3, 3), np.uint16), np.array([[1, 32768, 65535]], np.uint16)
    assert over_white(rgb, alpha)[0, :, 0].tolist() == [255, 127, 0]
