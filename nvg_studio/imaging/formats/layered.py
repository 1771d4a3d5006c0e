"""The merged picture of layered files: Photoshop's, and OpenRaster's and Krita's, which are zip archives."""

import io
import struct
import zipfile

from nvg_studio.imaging.formats import pillow, png
from nvg_studio.imaging.formats.kinds import UnsupportedKindError
from nvg_studio.imaging.formats.raster import CheckSize, Raster

PHOTOSHOP = b"8BPS"
ZIP = b"PK\x03\x04"
MERGED = "mergedimage.png"
MAX_MERGED = 512 * 2**20
_SAVE_WITH_PICTURE = "save it with its merged picture (Photoshop: maximise compatibility), or export a PNG"


def decode_photoshop(data: bytes, check_size: CheckSize) -> Raster:
    """The merged picture of a .psd. Raises UnsupportedKindError for depths and colours that are not opened."""
    version, _, channels, height, width, depth, mode = struct.unpack(">H6sHIIHH", data[4:26])
    check_size((width, height))
    if version != 1:
        raise UnsupportedKindError("a Photoshop file of the large format (.psb)", "save it as .psd, TIFF or PNG")
    if depth != 8 or mode not in (1, 3, 4):
        raise UnsupportedKindError(
            f"a Photoshop file with {depth} bits a channel in colour mode {mode}, {channels} channels",
            "save it as TIFF or PNG",
        )
    return pillow.decode(data, ("PSD",), check_size)


def is_layered_zip(head: bytes) -> bool:
    """Whether the first bytes are those of an OpenRaster or Krita file."""
    return head.startswith(ZIP) and (b"image/openraster" in head[:128] or b"application/x-krita" in head[:128])


def decode_zip(data: bytes, check_size: CheckSize) -> Raster:
    """The merged picture of an .ora or .kra."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        try:
            entry = archive.getinfo(MERGED)
        except KeyError:
            raise UnsupportedKindError("a layered file without its merged picture", _SAVE_WITH_PICTURE) from None
        if entry.file_size > MAX_MERGED:
            raise ValueError("a merged picture that is too large")
        with archive.open(entry) as file:
            return png.decode(file.read(MAX_MERGED + 1), check_size)
