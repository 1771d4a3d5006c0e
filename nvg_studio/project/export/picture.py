"""The view as one picture file. A PNG holds the project too and can be opened as one.

PNG      text chunks Software, Description, Generation (JSON), NVG-Studio-Work (a project file in base64)
JPEG     EXIF ImageDescription, Software and UserComment (the same JSON)
WebP     the same EXIF, lossless
"""

import base64
import io
import json
from dataclasses import replace
from enum import StrEnum
from typing import Any

from PIL import ExifTags, Image

from nvg_studio import __version__
from nvg_studio.imaging.crop import Picture
from nvg_studio.imaging.write import encode_png, srgb_profile
from nvg_studio.project.document import Snapshot, only_current, picture_key
from nvg_studio.project.storage.project_file import Project, encode

WORK = "NVG-Studio-Work"
SOFTWARE = f"NVG Studio {__version__}"
MAX_WORK = 48 * 2**20
"""Larger work is left out of a PNG, because readers refuse such chunks."""
_JPEG_QUALITY = 95


class PictureKind(StrEnum):
    """Formats of the view."""

    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"


def encode_picture(project: Project, view: Picture, kind: PictureKind = PictureKind.PNG) -> bytes:
    """The file of a view uint8 [S, S, 3] of the project's current step; the same input always gives the same bytes."""
    facts = json.dumps(generation(project.document.snapshot, project.model_name), sort_keys=True)
    title = project.document.snapshot.title
    if kind is PictureKind.PNG:
        texts = {"Software": SOFTWARE, "Description": title, "Generation": facts}
        work = _work(project, view)
        return encode_png(view, texts | {WORK: work} if len(work) <= MAX_WORK else texts)
    exif = Image.Exif()
    exif[ExifTags.Base.Software] = SOFTWARE
    exif[ExifTags.Base.ImageDescription] = title.encode("ascii", "replace").decode()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = b"ASCII\0\0\0" + facts.encode("ascii")
    options: dict[str, Any] = {"quality": _JPEG_QUALITY, "subsampling": 0}
    if kind is PictureKind.WEBP:
        options = {"lossless": True}
    buffer = io.BytesIO()
    Image.fromarray(view).save(buffer, kind, exif=exif, icc_profile=srgb_profile(), **options)
    return buffer.getvalue()


def holds_work(png: bytes) -> bool:
    """Whether a PNG that `encode_picture` made has the work in it; it is left out where it is too large."""
    return WORK.encode() + b"\0" in png


def generation(snapshot: Snapshot, model_name: str) -> dict[str, Any]:
    """How a picture was made: the model, and the settings of the last run (one for each variation)."""
    request = snapshot.request
    return {
        "model": model_name,
        "tokenizer_id": snapshot.tokenizer,
        "model_id": "" if request is None else request.model,
        "from_stage": None if request is None else request.stage,
        "settings": [] if request is None else [settings.to_dict() for settings in request.settings],
        "edited_since": snapshot.sequence != snapshot.result,
    }


def _work(project: Project, view: Picture) -> str:
    """The current step as a project file in base64; the base picture only where it is not the view itself."""
    current = replace(project, document=only_current(project.document), thumbnails=())
    return base64.b64encode(encode(current, frozenset({picture_key(view)}))).decode("ascii")
