"""HEIC and HEIF, as telephones write them: by libheif, which turns and crops them itself."""

import io
from typing import Any

import numpy as np

from nvg_studio.imaging.colour import ColourModel, Colours, IccProfile
from nvg_studio.imaging.formats.cicp import encoding_of
from nvg_studio.imaging.formats.raster import CheckSize, Raster

_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"mif2")


def is_heif(head: bytes) -> bool:
    """Whether the first bytes are those of such a file; an AVIF file may name some of the same brands."""
    return head[4:8] == b"ftyp" and head[8:12] in _BRANDS


def decode(data: bytes, check_size: CheckSize) -> Raster:
    """The primary picture. Raises whatever libheif raises for damaged data."""
    import pillow_heif

    file = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
    image = file[file.primary_index]
    check_size(image.size)
    info: dict[str, Any] = dict(image.info)
    samples = np.asarray(image)
    if samples.ndim == 2:
        samples = samples[..., None]
    if samples.dtype == np.uint16:
        samples = _over_full_range(samples, int(info.get("bit_depth", 16)))
    transparent = samples.shape[2] in (2, 4)
    profile, numbers = info.get("icc_profile"), info.get("nclx_profile")
    colours: Colours | None = IccProfile(profile) if isinstance(profile, bytes) and profile else None
    if colours is None and isinstance(numbers, dict):
        colours = encoding_of(int(numbers["color_primaries"]), int(numbers["transfer_characteristics"]))
    return Raster(
        samples=samples[..., :-1] if transparent else samples,
        model=ColourModel.GREY if samples.shape[2] < 3 else ColourModel.RGB,
        alpha=samples[..., -1] if transparent else None,
        colours=colours,
    )


def _over_full_range(samples: np.ndarray, depth: int) -> np.ndarray:
    """Samples that were moved up to the highest bits of 16, spread so that white is 65535."""
    if not 8 < depth < 16:
        return samples
    most = (1 << depth) - 1
    return np.asarray(((samples >> (16 - depth)).astype(np.uint32) * 65535 + most // 2) // most, np.uint16)
