"""Reading pictures: every kind that people have, and everything that only looks like one."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms

from nvg_studio.errors import PictureError
from nvg_studio.imaging.crop import resize, square_crop
from nvg_studio.imaging.read import MAX_PIXELS, decode_image, read_image


def gradient(height: int = 24, width: int = 32) -> NDArray[np.uint8]:
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 7 % 256, y * 9 % 256, (x + y) * 4 % 256], axis=2).astype(np.uint8)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def one_line(error: pytest.ExceptionInfo[PictureError]) -> str:
    message = str(error.value)
    assert "\n" not in message and message.endswith(".")
    return message


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "WEBP", "PPM"])
def test_lossless_files_come_back_exactly(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(encoded(Image.fromarray(gradient()), kind, **({"lossless": True} if kind == "WEBP" else {})))
    image = read_image(path)
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, gradient())


def test_sample_photos_are_read(samples: list[Path]) -> None:
    assert len(samples) == 6
    for path in samples:
        image = read_image(path)
        assert min(image.shape[:2]) == 160 and image.shape[2] == 3
        np.testing.assert_array_equal(image, np.array(Image.open(path)))


@pytest.mark.parametrize("mode", ["I;16", "L", "1"])
def test_grey_becomes_three_equal_channels(mode: str) -> None:
    ramp = np.tile(np.linspace(0, 65535, 32).astype(np.uint16), (16, 1))
    arrays: dict[str, NDArray[Any]] = {"I;16": ramp, "L": (ramp // 257).astype(np.uint8), "1": ramp > 30000}
    image = decode_image(encoded(Image.fromarray(arrays[mode]), "PNG"))
    assert (image == image[..., :1]).all()
    assert image[0, 0, 0] == 0 and image[0, -1, 0] == 255
    assert (np.diff(image[0, :, 0].astype(int)) >= 0).all()


def test_16_bit_grey_is_rounded_to_8_bit() -> None:
    values = np.arange(256, dtype=np.uint16).reshape(16, 16) * 257 + np.uint16(100)
    values[-1, -1] = 65535
    image = decode_image(encoded(Image.fromarray(values), "TIFF"))
    np.testing.assert_array_equal(image[..., 1].reshape(-1), np.arange(256))


def test_palette_with_transparency_lies_over_white() -> None:
    picture = Image.fromarray((np.arange(256).reshape(16, 16) % 3).astype(np.uint8), "P")
    picture.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    image = decode_image(encoded(picture, "PNG", transparency=1))
    assert {tuple(c) for c in image.reshape(-1, 3).tolist()} == {(255, 0, 0), (255, 255, 255), (0, 0, 255)}


@pytest.mark.parametrize(("alpha", "expected"), [(0, 255), (255, 100), (128, 177)])
def test_alpha_is_blended_with_white(alpha: int, expected: int) -> None:
    image = decode_image(encoded(Image.new("RGBA", (16, 16), (100, 100, 100, alpha)), "PNG"))
    assert np.abs(image.astype(int) - expected).max() <= 1


def test_grey_with_alpha() -> None:
    image = decode_image(encoded(Image.new("LA", (16, 16), (0, 0)), "PNG"))
    assert (image == 255).all()


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_is_not_inverted(kind: str) -> None:
    image = decode_image(encoded(Image.new("CMYK", (32, 32), (0, 255, 255, 0)), kind))
    red, green, blue = image[16, 16].astype(int)
    assert red > 200 and green < 80 and blue < 80


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = decode_image(encoded(Image.fromarray(gradient()), "PNG", exif=exif))
    turned = {
        1: gradient(),
        2: gradient()[:, ::-1],
        3: gradient()[::-1, ::-1],
        4: gradient()[::-1],
        5: gradient().transpose(1, 0, 2),
        6: np.rot90(gradient(), -1),
        7: gradient()[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(gradient()),
    }
    np.testing.assert_array_equal(image, turned[orientation])


def test_broken_exif_does_not_spoil_the_picture() -> None:
    image = decode_image(encoded(Image.fromarray(gradient()), "PNG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff garbage"))
    np.testing.assert_array_equal(image, gradient())


def test_srgb_profile_changes_nothing_and_a_broken_one_neither() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for icc in (profile, b"not a profile"):
        image = decode_image(encoded(Image.fromarray(gradient()), "PNG", icc_profile=icc))
        np.testing.assert_array_equal(image, gradient())


def test_first_frame_of_an_animation() -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    image = decode_image(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert tuple(image[0, 0]) == (255, 0, 0)


def test_missing_file_folder_and_odd_names(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="no such file") as missing:
        read_image(tmp_path / "a\nb.png")
    one_line(missing)
    with pytest.raises(PictureError, match="folder") as folder:
        read_image(tmp_path)
    one_line(folder)
    with pytest.raises(PictureError) as null:
        read_image("a\0b.png")
    one_line(null)


@pytest.mark.parametrize("content", [b"", b"hello, a text\n" * 50, b"%!PS-Adobe-3.0 EPSF-3.0\n", b"<svg/>", b"P"])
def test_not_a_picture(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "text.png"
    path.write_bytes(content)
    with pytest.raises(PictureError, match="not a picture") as error:
        read_image(path)
    assert "text.png" in one_line(error)


@pytest.mark.parametrize("size", [(1, 1), (7, 100), (100, 7)])
def test_too_small(size: tuple[int, int]) -> None:
    with pytest.raises(PictureError, match="at least 8 a side") as error:
        decode_image(encoded(Image.new("RGB", size), "PNG"), "dot.png")
    assert f"{size[0]} x {size[1]}" in one_line(error)


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds no pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [10_001, 12_000, 100_000, 2**31 - 1])
def test_size_is_checked_before_decoding(side: int) -> None:
    with pytest.raises(PictureError, match="too large") as error:
        decode_image(png_header(side, side))
    assert "100 megapixels" in one_line(error)


def test_largest_size_is_not_refused_for_its_size() -> None:
    with pytest.raises(PictureError, match="damaged"):
        decode_image(png_header(MAX_PIXELS // 100, 100))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_truncated(kind: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    with pytest.raises(PictureError) as error:
        decode_image(data[: int(len(data) * share)], "half")
    one_line(error)


@given(
    st.sampled_from(["PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF", "PPM"]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=12),
)
def test_damaged_bytes_give_a_picture_or_a_picture_error(kind: str, changes: list[tuple[float, int]]) -> None:
    data = bytearray(encoded(Image.fromarray(gradient()), kind))
    for place, value in changes:
        data[int(place * (len(data) - 1))] = value
    try:
        image = decode_image(bytes(data))
    except PictureError as error:
        assert "\n" not in str(error)
    else:
        assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3


def test_square_crop_is_centred() -> None:
    image = gradient(24, 33)
    np.testing.assert_array_equal(square_crop(image), image[:, 4:28])
    np.testing.assert_array_equal(square_crop(image.transpose(1, 0, 2)), image[:, 4:28].transpose(1, 0, 2))


@pytest.mark.parametrize(("center", "left"), [((-50.0, 12.0), 0), ((500.0, 0.0), 9), ((14.0, 12.0), 2)])
def test_square_crop_stays_inside(center: tuple[float, float], left: int) -> None:
    np.testing.assert_array_equal(square_crop(gradient(24, 33), center), gradient(24, 33)[:, left : left + 24])


def test_square_crop_is_reduced() -> None:
    image = np.full((300, 500, 3), 90, dtype=np.uint8)
    assert square_crop(image, max_size=128).shape == (128, 128, 3)
    assert (square_crop(image, max_size=128) == 90).all()


def test_resize_averages_when_it_shrinks() -> None:
    stripes = np.zeros((64, 64, 3), dtype=np.uint8)
    stripes[:, ::2] = 200
    assert np.abs(resize(stripes, 8).astype(int) - 100).max() <= 5
    assert resize(stripes, 100).shape == (100, 100, 3)


def test_resize_gives_a_copy() -> None:
    image = gradient(24, 24)
    same = resize(image, 24)
    same[:] = 0
    assert image.any()
