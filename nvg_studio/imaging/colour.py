"""The one place that decides about colour: from the numbers of a file, and what it says of them, to sRGB.

A profile is judged by what it does to colours, never by its name. Everything that is converted is converted at the
depth of its file, before it is cut to 8 bits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[Any]
"""uint8 or uint16; 0 to 255 or 65535."""
FloatArray = NDArray[np.float32]
Chromaticity = tuple[float, float]
SRGB_STEPS = 1
"""A profile that moves no colour of a grid by more than so many of 255 steps is sRGB: its pixels are left alone."""
_NO_OPTIMIZATION = 0x0100
"""cmsFLAGS_NOOPTIMIZE of lcms: its optimised 16-bit path is wrong by up to 15 of 255 in the shadows."""


class ColourModel(StrEnum):
    """What the channels of a picture are. CMYK: 0 is no ink. Lab: L* over its range, a* and b* around the middle."""

    GREY = "gray"
    RGB = "rgb"
    CMYK = "cmyk"


@dataclass(frozen=True)
class IccProfile:
    """An embedded ICC profile, not trusted."""

    data: bytes


@dataclass(frozen=True)
class Primaries:
    """CIE xy of red, green, blue and white."""

    red: Chromaticity
    green: Chromaticity
    blue: Chromaticity
    white: Chromaticity


D65, D50 = (0.3127, 0.3290), (0.3457, 0.3585)
BT709 = Primaries((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), D65)
ADOBE_RGB = Primaries((0.640, 0.330), (0.210, 0.710), (0.150, 0.060), D65)


class Curve(StrEnum):
    """From coded values to light; all but a plain power, which is a number."""

    SRGB = "IEC 61966-2-1"
    PQ = "SMPTE ST 2084"
    HLG = "ARIB STD-B67"


@dataclass(frozen=True)
class Encoding:
    """Colours that are told by numbers instead of a profile: primaries, and a curve or the exponent of a power."""

    primaries: Primaries = BT709
    curve: Curve | float = Curve.SRGB

    @property
    def is_srgb(self) -> bool:
        """Whether nothing is to be converted."""
        return self == Encoding()


Colours = IccProfile | Encoding


def to_srgb(samples: Samples, model: ColourModel, colours: Colours | None) -> Samples:
    """Samples [H, W, C] to sRGB [H, W, 3] of the same type. Without `colours`, and with a broken profile: as sRGB.

    Colours that sRGB does not have are cut to its range.
    """
    if isinstance(colours, IccProfile):
        converted = _by_profile(samples, model, colours)
        if converted is not None:
            return converted
    plain = _plain_rgb(samples, model)
    return _by_numbers(plain, colours) if isinstance(colours, Encoding) and not colours.is_srgb else plain


def lab_to_srgb(lab: FloatArray) -> Samples:
    """CIE L*a*b* under D50, float [H, W, 3], to sRGB uint16 [H, W, 3]."""
    y = (lab[..., 0] + 16) / 116
    roots = np.stack([y + lab[..., 1] / 500, y, y - lab[..., 2] / 200], axis=-1)
    relative = np.where(roots > 6 / 29, roots**3, 3 * (6 / 29) ** 2 * (roots - 4 / 29))
    white = _xyz(D50)
    linear = (relative * white) @ np.linalg.inv(_to_xyz_d50(BT709)).T
    return _coded(np.asarray(linear, np.float32), np.uint16)


def over_white(rgb: Samples, alpha: Samples | None) -> NDArray[np.uint8]:
    """sRGB [H, W, 3] with straight alpha [H, W] of the same type, laid over white and rounded: uint8 [H, W, 3]."""
    most = np.iinfo(rgb.dtype).max
    if alpha is not None:
        share = alpha.astype(np.float32)[..., None] / most
        return np.asarray(np.rint(255 * (1 - share + share * (rgb / np.float32(most)))), np.uint8)
    if most == 255:
        return np.asarray(rgb, np.uint8)
    return np.asarray((rgb.astype(np.uint32) * 255 + most // 2) // most, np.uint8)


def _plain_rgb(samples: Samples, model: ColourModel) -> Samples:
    if model is ColourModel.GREY:
        return np.repeat(samples[..., :1], 3, axis=2)
    if model is ColourModel.CMYK:
        most = np.iinfo(samples.dtype).max
        light = (most - samples[..., :3].astype(np.uint64)) * (most - samples[..., 3:4].astype(np.uint64))
        return np.asarray((light + most // 2) // most, samples.dtype)
    return samples


# -- profiles ---------------------------------------------------------------------------------------


def _by_profile(samples: Samples, model: ColourModel, profile: IccProfile) -> Samples | None:
    """Converted by the profile; None where it is broken, or is not for such a picture."""
    kind = _usable_model(profile, model)
    if kind is None:
        return None
    if _is_srgb(profile, kind):
        return _plain_rgb(samples, model)
    return _transform(_plain_rgb(samples, model) if kind is not model else samples, kind, profile)


@lru_cache(maxsize=8)
def _usable_model(profile: IccProfile, model: ColourModel) -> ColourModel | None:
    """The model that the profile is for: the picture's own, or RGB for a grey picture."""
    for kind in (model, ColourModel.RGB) if model is ColourModel.GREY else (model,):
        if _transform(_grid(kind)[:1, :1], kind, profile) is not None:
            return kind
    return None


@lru_cache(maxsize=8)
def _is_srgb(profile: IccProfile, model: ColourModel) -> bool:
    """Whether the profile leaves the colours of a grid where they are, as sRGB's own does under any name."""
    if model is ColourModel.CMYK:
        return False
    grid = _grid(model)
    found = _transform(grid, model, profile)
    expected = _plain_rgb(grid, model).astype(int)
    return found is not None and bool(np.abs(found.astype(int) - expected).max() <= SRGB_STEPS)


def _grid(model: ColourModel) -> Samples:
    """Colours all over the range: uint8 [1, N, C]."""
    if model is ColourModel.GREY:
        return np.arange(256, dtype=np.uint8).reshape(1, -1, 1)
    steps = np.linspace(0, 255, 9).round().astype(np.uint8)
    channels = 4 if model is ColourModel.CMYK else 3
    return np.stack(np.meshgrid(*[steps] * channels), axis=-1).reshape(1, -1, channels)


def _transform(samples: Samples, model: ColourModel, profile: IccProfile) -> Samples | None:
    import imagecodecs

    flat = np.ascontiguousarray(samples[..., 0] if model is ColourModel.GREY else samples)
    flags = 0 if samples.dtype == np.uint8 else _NO_OPTIMIZATION
    try:
        found = imagecodecs.cms_transform(
            flat, profile.data, _srgb_profile(), colorspace=str(model), outcolorspace="rgb", flags=flags
        )
    except (RuntimeError, ValueError, TypeError):
        return None
    return np.asarray(found, samples.dtype)


@lru_cache(maxsize=1)
def _srgb_profile() -> bytes:
    import imagecodecs

    return bytes(imagecodecs.cms_profile("srgb"))


# -- numbers ----------------------------------------------------------------------------------------


def _by_numbers(rgb: Samples, encoding: Encoding) -> Samples:
    codes = np.linspace(0, 1, np.iinfo(rgb.dtype).max + 1, dtype=np.float32)
    linear = _light(codes, encoding.curve)[rgb]
    if encoding.curve in (Curve.PQ, Curve.HLG):
        linear = _toned_down(linear)
    matrix = np.linalg.inv(_to_xyz_d50(BT709)) @ _to_xyz_d50(encoding.primaries)
    return _coded(linear @ matrix.T.astype(np.float32), rgb.dtype)


def _light(codes: FloatArray, curve: Curve | float) -> FloatArray:
    """Relative light of coded values 0..1; 1 is the white of a page."""
    if not isinstance(curve, Curve):
        return np.asarray(codes**curve, np.float32)
    return np.asarray(_CURVES[curve](codes), np.float32)


def _srgb_light(codes: FloatArray) -> FloatArray:
    return np.asarray(np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4))


def _pq_light(codes: FloatArray) -> FloatArray:
    """10,000 cd/m2 at most; white of a page is 203 (ITU-R BT.2408)."""
    root = codes ** np.float32(1 / 78.84375)
    light = np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)
    return np.asarray(10_000 / 203 * light ** (1 / 0.1593017578125))


def _hlg_light(codes: FloatArray) -> FloatArray:
    """Scene light; white of a page is coded at 0.75 (ITU-R BT.2408)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(codes <= 0.5, codes**2 / 3, (np.exp((codes - c) / a) + b) / 12)
    white = (np.exp((0.75 - c) / a) + b) / 12
    return np.asarray((scene / white) ** 1.2)


_CURVES: dict[Curve, Callable[[FloatArray], FloatArray]] = {
    Curve.SRGB: _srgb_light,
    Curve.PQ: _pq_light,
    Curve.HLG: _hlg_light,
}


def _toned_down(light: FloatArray) -> FloatArray:
    """Light of up to 0.7 of a page's white stays as it is, all above is brought below 1; hues stay."""
    knee = np.float32(0.7)
    strongest = light.max(axis=-1, keepdims=True)
    above = np.maximum(strongest - knee, 0)
    brought = np.where(strongest > knee, knee + (1 - knee) * -np.expm1(-above / (1 - knee)), strongest)
    return np.asarray(light * brought / np.maximum(strongest, np.float32(1e-9)), np.float32)


def _coded(linear: FloatArray, dtype: Any) -> Samples:
    """Linear light by a table of 65,536 steps, which are finer than a tenth of one of 256 everywhere."""
    steps = np.rint(np.clip(linear, 0, 1) * np.float32(65535)).astype(np.uint16)
    return np.asarray(_code_table(np.dtype(dtype))[steps])


@lru_cache(maxsize=2)
def _code_table(dtype: "np.dtype[Any]") -> Samples:
    light = np.linspace(0, 1, 65536)
    codes = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(codes * np.iinfo(dtype).max), dtype)


def _xyz(xy: Chromaticity) -> NDArray[np.float64]:
    x, y = xy
    return np.array([x / y, 1, (1 - x - y) / y])


_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def _to_xyz_d50(primaries: Primaries) -> NDArray[np.float64]:
    """Linear RGB to CIE XYZ under D50, the white adapted by Bradford's matrix: float [3, 3]."""
    columns = np.stack([_xyz(primaries.red), _xyz(primaries.green), _xyz(primaries.blue)], axis=1)
    white = _xyz(primaries.white)
    matrix = columns * np.linalg.solve(columns, white)
    gains = (_BRADFORD @ _xyz(D50)) / (_BRADFORD @ white)
    adapted: NDArray[np.float64] = np.linalg.inv(_BRADFORD) @ np.diag(gains) @ _BRADFORD @ matrix
    return adapted
