"""Sound files of kinds that are not opened are named, with what to do; GIF and BMP as other programs show them."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from nvg_studio.errors import PictureError
from nvg_studio.imaging.read import decode_image

FOREIGN = {
    b"gimp xcf v011\0": "GIMP",
    b"\0\0\0\x0cjP  \r\n\x87\n": "JPEG 2000",
    b"\x76\x2f\x31\x01\2\0\0\0": "OpenEXR",
    b"#?RADIANCE\n": "Radiance",
    b"\0\0\0\x18ftypcrx \0\0\0\1": "camera raw",
    b"FUJIFILMCCD-RAW 0201": "camera raw",
    b"\0\0\0\x18ftypisom\0\0\2\0": "video",
    b"%PDF-1.7\n": "PDF",
    b"<svg xmlns='http://www.w3.org/2000/svg'/>": "SVG",
    b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- made by hand -->\n<svg/>": "SVG",
}


@pytest.mark.parametrize("head", FOREIGN)
def test_sound_kinds_that_are_not_opened_are_named(head: bytes) -> None:
    with pytest.raises(PictureError, match=FOREIGN[head]) as refused:
        decode_image(head.ljust(300, b"\0"), "work")
    message = str(refused.value)
    assert message.startswith("Cannot read work: it is a") and message.endswith(".") and "\n" not in message
    assert "damaged" not in message and ";" in message


def test_outside_of_the_first_frame_of_a_gif_is_transparent() -> None:
    buffer = io.BytesIO()
    image = Image.new("P", (8, 8), 0)
    image.putpalette([255, 0, 0, 0, 0, 255] + [0] * 762)
    image.save(buffer, "GIF", background=1)
    data = bytearray(buffer.getvalue())
    data[6:10] = struct.pack("<HH", 16, 12)
    found = decode_image(bytes(data))
    assert found.shape == (12, 16, 3)
    assert (found[:8, :8] == (255, 0, 0)).all() and (found[8:] == 255).all() and (found[:, 8:] == 255).all()


def bmp(alpha: np.ndarray) -> bytes:
    """A 32-bit BMP of 16 x 16 pixels with an alpha mask."""
    head = struct.pack("<IiiHHIIiiII", 108, 16, 16, 1, 32, 3, 1024, 2835, 2835, 0, 0)
    head += struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) + b"BGRs" + bytes(48)
    pixels = np.dstack([np.full((16, 16), value, np.uint8) for value in (60, 60, 200)] + [alpha]).tobytes()
    return b"BM" + struct.pack("<IHHI", 14 + 108 + 1024, 0, 0, 122) + head + pixels


def test_alpha_of_a_bmp_counts_only_if_something_is_seen() -> None:
    alpha = np.zeros((16, 16), np.uint8)
    assert (decode_image(bmp(alpha)) == (200, 60, 60)).all()
    alpha[:8] = 255
    found = decode_image(bmp(alpha))
    assert (found[8:] == (200, 60, 60)).all() and (found[:8] == 255).all()  # rows come from below
