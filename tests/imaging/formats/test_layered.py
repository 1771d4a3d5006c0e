"""The merged picture of layered files, and one line for those that have none."""

import io
import struct
import zipfile

import numpy as np
import pytest
from psd_tools import PSDImage

from nvg_studio.errors import PictureError
from nvg_studio.imaging.read import decode_image
from nvg_studio.imaging.write import encode_png
from tests.imaging.making_files import DISPLAY_P3, icc_chunk, in_srgb, png, rgb_profile

NOISE = np.random.default_rng(0).integers(0, 256, (24, 32, 3)).astype(np.uint8)


def photoshop(picture: np.ndarray) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    PSDImage.frompil(Image.fromarray(picture)).save(buffer)
    return buffer.getvalue()


def archive(kind: str, **entries: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("mimetype", kind)
        for name, content in entries.items():
            file.writestr(name.replace("_png", ".png"), content)
    return buffer.getvalue()


def test_photoshop() -> None:
    np.testing.assert_array_equal(decode_image(photoshop(NOISE)), NOISE)


@pytest.mark.parametrize("kind", ["image/openraster", "application/x-krita"])
def test_openraster_and_krita(kind: str) -> None:
    np.testing.assert_array_equal(decode_image(archive(kind, mergedimage_png=encode_png(NOISE))), NOISE)
    wide = png(np.full((16, 16, 3), (200, 60, 60), np.uint8), icc_chunk(rgb_profile("x", DISPLAY_P3, None)))
    expected = in_srgb(np.array([200, 60, 60]) / 255, DISPLAY_P3, None)
    np.testing.assert_allclose(decode_image(archive(kind, mergedimage_png=wide))[0, 0], expected, atol=1.01)
    with pytest.raises(PictureError, match="without its merged picture; save it with its merged picture"):
        decode_image(archive(kind, other_png=b""))


@pytest.mark.parametrize(("place", "value", "words"), [(4, 2, "large format"), (22, 16, "16 bits"), (24, 9, "mode 9")])
def test_kinds_of_photoshop_files_that_are_not_opened_are_named(place: int, value: int, words: str) -> None:
    data = bytearray(photoshop(NOISE))
    struct.pack_into(">H", data, place, value)
    with pytest.raises(PictureError, match=words):
        decode_image(bytes(data))


@pytest.mark.parametrize("share", [0.05, 0.3, 0.9])
def test_cut_files_are_damaged(share: float) -> None:
    for data in (photoshop(NOISE), archive("image/openraster", mergedimage_png=encode_png(NOISE))):
        with pytest.raises(PictureError):
            decode_image(data[: int(len(data) * share)])


def test_other_archives_are_no_pictures() -> None:
    with pytest.raises(PictureError, match="not a picture"):
        decode_image(archive("application/epub+zip"))
