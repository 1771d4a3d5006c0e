"""What was dropped or pasted: a file, a picture itself, or nothing that can be used, and then why."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QImage

from nvg_studio.editor.pictures.qimages import Picture, from_qimage
from nvg_studio.imaging.read import check_size, decode_image

ENCODED = ("image/png", "image/tiff", "image/webp", "image/jpeg", "image/bmp", "image/gif", "image/avif")
"""Picture files as data, the least lossy first: some programs offer nothing else."""


@dataclass(frozen=True)
class IncomingFile:
    """A file of this computer; whether it can be opened is found out by opening it."""

    path: Path


@dataclass(frozen=True)
class IncomingPicture:
    """A picture in memory: `read` gives it as uint8 [H, W, 3] and may raise PictureError. It is called on a thread."""

    read: Callable[[], Picture]


@dataclass(frozen=True)
class NothingUsable:
    """`reason`: one line with the problem and what to do about it."""

    reason: str


Incoming = IncomingFile | IncomingPicture | NothingUsable


def incoming(data: QMimeData | None, pasted: bool) -> Incoming:
    """What to open of dropped or pasted data: the first file that is there, or else the picture."""
    files = [] if data is None else _local_files(data)
    picture = None if data is None else _picture(data)
    # A share that does not answer is slow to look at: where there is no choice, whoever opens the file finds out.
    there = files if len(files) == 1 and picture is None else [path for path in files if path.is_file()]
    if there:
        return IncomingFile(there[0])
    if picture is not None:
        return picture
    if files:
        return IncomingFile(files[0])
    return NothingUsable(_why(data, pasted))


def may_be_usable(data: QMimeData) -> bool:
    """Whether its formats name a file or a picture; no data is transferred yet."""
    return data.hasImage() or bool(_local_files(data)) or any(data.hasFormat(kind) for kind in ENCODED)


def _local_files(data: QMimeData) -> list[Path]:
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile() and url.toLocalFile()]


def _picture(data: QMimeData) -> IncomingPicture | None:
    """None where there is none, or where the program that offered it has ended."""
    image = data.imageData() if data.hasImage() else None
    if isinstance(image, QImage) and not image.isNull():
        return IncomingPicture(lambda: _checked(image))
    for kind in ENCODED:
        content = bytes(data.data(kind).data()) if data.hasFormat(kind) else b""
        if content:
            return IncomingPicture(partial(decode_image, content))
    return None


def _checked(image: QImage) -> Picture:
    check_size((image.width(), image.height()), "the picture")
    return from_qimage(image)


def _why(data: QMimeData | None, pasted: bool) -> str:
    if data is not None and may_be_usable(data):
        return "The picture cannot be fetched: the program that it comes from is closed. Copy it again."
    if data is not None and data.urls():
        return "Only files of this computer can be opened: save the picture first, then open it."
    if pasted:
        return "There is no picture on the clipboard: copy one first."
    return "There is no picture in what was dropped: drop a picture or a project."
