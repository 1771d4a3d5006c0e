"""Colour by numbers of ITU-T H.273, as PNG (cICP) and AVIF (nclx) hold them."""

from nvg_studio.imaging.colour import BT709, D65, Curve, Encoding, Primaries

_ILLUMINANT_C = (0.310, 0.316)
_DCI_WHITE = (0.314, 0.351)
_SMPTE_170M = Primaries((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), D65)
_PRIMARIES = {
    1: BT709,
    4: Primaries((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), _ILLUMINANT_C),
    5: Primaries((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), D65),
    6: _SMPTE_170M,
    7: _SMPTE_170M,
    8: Primaries((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), _ILLUMINANT_C),
    9: Primaries((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), D65),
    11: Primaries((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _DCI_WHITE),
    12: Primaries((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), D65),
    22: Primaries((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), D65),
}
# BT.709's curve is that of a camera; what browsers and libavif show of files that name it is sRGB's.
_CURVES: dict[int, Curve | float] = {
    1: Curve.SRGB,
    4: 2.2,
    5: 2.8,
    6: Curve.SRGB,
    8: 1.0,
    13: Curve.SRGB,
    14: Curve.SRGB,
    15: Curve.SRGB,
    16: Curve.PQ,
    18: Curve.HLG,
}


def encoding_of(primaries: int, transfer: int) -> Encoding:
    """The encoding of two numbers; those that say "unspecified" and those that nobody knows mean sRGB's."""
    return Encoding(_PRIMARIES.get(primaries, BT709), _CURVES.get(transfer, Curve.SRGB))
