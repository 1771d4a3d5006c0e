"""Pictures as PNG files, and the profile of sRGB."""

import struct
from collections.abc import Mapping
from functools import cache
from io import BytesIO
from os import PathLike, fspath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from nvg_studio.atomic import describe_refusal, write_atomic
from nvg_studio.errors import PictureError


def encode_png(image: NDArray[Any], metadata: Mapping[str, str] | None = None) -> bytes:
    """A PNG file as bytes, colours marked as sRGB; the same input always gives the same bytes.

    Args:
        image: uint8 [H, W, 3], [H, W, 4] or [H, W], or uint16 [H, W].
        metadata: text chunks, keyword (1 to 79 Latin-1 characters) to text.
    """
    texts = PngInfo()
    if image.ndim == 3:
        texts.add(b"sRGB", b"\0")  # rendering intent: perceptual
    for key, text in (metadata or {}).items():
        texts.add_text(key, text)
    buffer = BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(buffer, "PNG", pnginfo=texts)
    return buffer.getvalue()


@cache
def srgb_profile() -> bytes:
    """An ICC profile of sRGB for files that have no shorter way to say so; always the same bytes."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)  # its date, which would be that of today
    return bytes(profile)


def write_png(path: str | PathLike[str], image: NDArray[Any], metadata: Mapping[str, str] | None = None) -> None:
    """Save a picture as PNG, atomically; arguments as for `encode_png`.

    Raises:
        PictureError: the file cannot be written; what was there before is untouched.
    """
    data = encode_png(image, metadata)
    try:
        write_atomic(path, data)
    except (OSError, ValueError) as error:
        raise PictureError(f"Cannot save {fspath(path)}: {describe_refusal(error)}.") from error
