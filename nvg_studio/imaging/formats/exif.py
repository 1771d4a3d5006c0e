"""What EXIF and XMP say about a picture; both come from anywhere and may be broken."""

import re

from PIL import Image

from nvg_studio.imaging.colour import ADOBE_RGB, Encoding

_ORIENTATION, _EXIF_IFD, _INTEROP_IFD, _INTEROP_INDEX = 0x0112, 0x8769, 0xA005, 1
_IN_XMP = re.compile(rb"tiff:Orientation(?:=\"|>)\s*([1-8])")
_BROKEN = (OSError, SyntaxError, ValueError, LookupError, TypeError, AttributeError, EOFError, ArithmeticError)


def orientation_in(exif: bytes, xmp: bytes = b"") -> int:
    """1 to 8; 1 where neither says anything that makes sense."""
    found = orientation_of(_parsed(exif))
    if found is None:
        match = _IN_XMP.search(xmp)
        found = int(match[1]) if match else 1
    return found


def orientation_of(exif: Image.Exif) -> int | None:
    """1 to 8, None where it is missing or nonsense."""
    try:
        value = exif.get(_ORIENTATION)
    except _BROKEN:
        return None
    return value if isinstance(value, int) and 1 <= value <= 8 else None


def encoding_of_camera(exif: Image.Exif) -> Encoding | None:
    """Adobe RGB where a camera says so without a profile (DCF's option file, index R03); None otherwise."""
    try:
        index = exif.get_ifd(_EXIF_IFD).get(_INTEROP_IFD)
        interop = index if isinstance(index, dict) else exif.get_ifd(_INTEROP_IFD)
        adobe = str(interop.get(_INTEROP_INDEX, "")).startswith("R03")
    except _BROKEN:
        return None
    return Encoding(ADOBE_RGB, 563 / 256) if adobe else None


def _parsed(data: bytes) -> Image.Exif:
    exif = Image.Exif()
    try:
        exif.load(data)
    except _BROKEN:
        return Image.Exif()
    return exif
