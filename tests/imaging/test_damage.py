"""Damaged files of all formats: a picture, or one line. Seeded, so that a failure can be had again."""

import io
import random
import warnings
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
import tifffile
from PIL import Image

from nvg_studio.errors import PictureError
from nvg_studio.imaging.label_maps import read_label_map
from nvg_studio.imaging.read import decode_image
from nvg_studio.imaging.write import encode_png
from tests.imaging.making_files import DISPLAY_P3, icc_chunk, png, rgb_profile

EACH = 20
"""Damaged versions of every file."""
NOISE = np.random.default_rng(0).integers(0, 256, (24, 40, 3)).astype(np.uint8)
PROFILE = rgb_profile("x", DISPLAY_P3, None)


def by_pillow(kind: str, **options: object) -> bytes:
    import pillow_jxl  # noqa: F401  registers itself

    buffer = io.BytesIO()
    Image.fromarray(NOISE).save(buffer, kind, **options)
    return buffer.getvalue()


def by_tifffile(samples: np.ndarray, **options: object) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, samples, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


def heic() -> bytes:
    buffer = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(NOISE)).save(buffer, quality=80)
    return buffer.getvalue()


def openraster() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("mimetype", "image/openraster")
        file.writestr("mergedimage.png", encode_png(NOISE))
    return buffer.getvalue()


def numbers() -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, labels=NOISE[..., 0])
    return buffer.getvalue()


MAKERS: dict[str, Callable[[], bytes]] = {
    "PNG 8": lambda: png(NOISE, icc_chunk(PROFILE)),
    "PNG 16": lambda: png(NOISE.astype(np.uint16) * 257, icc_chunk(PROFILE)),
    "JPEG": lambda: by_pillow("JPEG", icc_profile=PROFILE),
    "JPEG, progressive": lambda: by_pillow("JPEG", progressive=True),
    "WebP": lambda: by_pillow("WEBP", lossless=True),
    "GIF": lambda: by_pillow("GIF"),
    "BMP": lambda: by_pillow("BMP"),
    "PPM": lambda: by_pillow("PPM"),
    "AVIF": lambda: by_pillow("AVIF"),
    "HEIC": heic,
    "JPEG XL": lambda: by_pillow("JXL"),
    "OpenRaster": openraster,
    "TIFF": lambda: by_tifffile(NOISE, photometric="rgb", iccprofile=PROFILE),
    "TIFF, LZW, tiles": lambda: by_tifffile(NOISE, photometric="rgb", compression="lzw", tile=(16, 16)),
    "TIFF, float, deflate": lambda: by_tifffile(NOISE.astype(np.float32) / 255, photometric="rgb", compression="zlib"),
    "TIFF, JPEG": lambda: by_pillow("TIFF", compression="jpeg"),
    "numpy": numbers,
}


@cache
def whole(name: str) -> bytes:
    return MAKERS[name]()


def damaged(name: str, seed: int) -> bytes:
    """Bytes overwritten, left out or put in, and now and then the end cut off; most of it near the beginning."""
    chance, data = random.Random(f"{name} {seed}"), bytearray(whole(name))
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        place = chance.randrange(len(data)) if chance.random() < 0.5 else chance.randrange(min(len(data), 200))
        how = chance.random()
        if how < 0.7:
            data[place] = chance.choice((0, 0xFF, 0x7F, 0x80, chance.randrange(256)))
        elif how < 0.85:
            del data[place : place + chance.choice((1, 2, 4, 50))]
        else:
            data[place:place] = chance.randbytes(chance.choice((1, 4, 30)))
    return bytes(data[: chance.randrange(len(data))]) if chance.random() < 0.15 else bytes(data)


def outcomes(name: str, data: bytes, path: Path) -> Iterator[object]:
    """What comes of it as a picture and as a label map."""
    path.write_bytes(data)
    for read in (lambda: decode_image(data, name), lambda: read_label_map(path).labels):
        try:
            yield read()
        except PictureError as error:
            yield str(error)


@pytest.mark.parametrize("name", MAKERS)
def test_damaged_files_give_a_picture_or_one_line(name: str, tmp_path: Path) -> None:
    warnings.simplefilter("error")  # decoders' warnings are not to reach anybody
    for seed in range(EACH):
        for found in outcomes(name, damaged(name, seed), tmp_path / "file"):
            if isinstance(found, str):
                assert "\n" not in found and len(found) < 500 and found.endswith("."), (seed, found)
            else:
                assert isinstance(found, np.ndarray) and found.size, seed
