"""What kind of file it is, by its first bytes; kinds that are sound but not opened are named with what to do."""

from dataclasses import dataclass

from nvg_studio.imaging.formats.heif import is_heif

PLAIN = "PNG, JPEG, WebP, AVIF, HEIC, JPEG XL, TIFF, BMP, GIF, PSD, ORA, KRA"


class UnsupportedKindError(ValueError):
    """A sound file of a kind that is not opened. `kind` goes on "it is ...", `remedy` says what to do instead."""

    def __init__(self, kind: str, remedy: str = "save it as PNG or TIFF with 8 or 16 bits a channel") -> None:
        super().__init__(kind)
        self.kind, self.remedy = kind, remedy


@dataclass(frozen=True)
class _Foreign:
    offset: int
    magic: bytes
    kind: str
    remedy: str


_DEVELOP = "develop it in a raw converter and save it as TIFF or JPEG"
_EXPORT = "open it in its program and export a PNG"
_FOREIGN = (
    _Foreign(0, b"gimp xcf", "a GIMP file", _EXPORT),
    _Foreign(0, b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture", "convert it to PNG"),
    _Foreign(0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture", "convert it to PNG"),
    _Foreign(0, b"\x76\x2f\x31\x01", "an OpenEXR picture", "tone-map it and save it as PNG or TIFF"),
    _Foreign(0, b"#?RADIANCE", "a Radiance HDR picture", "tone-map it and save it as PNG or TIFF"),
    _Foreign(0, b"#?RGBE", "a Radiance HDR picture", "tone-map it and save it as PNG or TIFF"),
    _Foreign(0, b"%PDF-", "a PDF document", "export its page as PNG"),
    _Foreign(0, b"qoif", "a QOI picture", "convert it to PNG"),
    _Foreign(0, b"DDS ", "a DDS texture", "convert it to PNG"),
    _Foreign(0, b"\0\0\1\0", "an icon file", "export one of its pictures as PNG"),
    _Foreign(0, b"FUJIFILMCCD-RAW", "a camera raw file", _DEVELOP),
    _Foreign(0, b"IIRO", "a camera raw file", _DEVELOP),
    _Foreign(0, b"IIRS", "a camera raw file", _DEVELOP),
    _Foreign(0, b"IIU\0", "a camera raw file", _DEVELOP),
    _Foreign(0, b"\0MRM", "a camera raw file", _DEVELOP),
    _Foreign(4, b"ftypcrx ", "a camera raw file", _DEVELOP),
    _Foreign(4, b"ftyp", "a video", "save one of its frames as PNG"),
    _Foreign(8, b"AVI ", "a video", "save one of its frames as PNG"),
    _Foreign(0, b"\x1aE\xdf\xa3", "a video", "save one of its frames as PNG"),
)


def is_avif(head: bytes) -> bool:
    """Whether the first bytes are those of an AVIF file."""
    return head[4:8] == b"ftyp" and (b"avif" in head[8:64] or b"avis" in head[8:64])


def check_kind(head: bytes) -> None:
    """UnsupportedKindError where the first bytes (64 are enough) are those of a known kind that is not opened."""
    if is_avif(head) or is_heif(head):
        return
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith((b"<svg", b"<?xml", b"<!DOCTYPE svg")) and b"<svg" in head:
        raise UnsupportedKindError("an SVG drawing, not a picture of pixels", "export it as PNG in the size you want")
    for foreign in _FOREIGN:
        if head[foreign.offset :].startswith(foreign.magic):
            raise UnsupportedKindError(foreign.kind, foreign.remedy)
