"""Files that are whole or not there: everything that is saved goes through `write_atomic`."""

import contextlib
import os
import re
import secrets
import shutil
import struct
import time
from collections.abc import Mapping
from functools import cache
from io import BytesIO
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from nvg_studio.errors import PictureError

PROGRAM_BEGAN = time.time()
"""Seconds, Unix time: when this program began to have anything to write."""


def write_atomic(path: str | PathLike[str], data: bytes, backup: bool = False) -> None:
    """Write a file so that a reader, a crash or a full disk never sees half of it.

    A temporary file in the same folder is written, forced to the disk and put in place of `path` in one step. A
    symbolic link stays one: its target is replaced. The file keeps its permissions. With `backup` the old file stays
    beside it, under the name with a ~ at its end. Temporary files that killed programs left are taken away.

    Raises:
        OSError: the file cannot be written; the old one is untouched.
    """
    target = Path(os.path.realpath(fspath(path)))
    partial = _partial_of(target)
    try:
        with open(partial, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, partial)
            if backup:
                _keep(target)
        os.replace(partial, target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)
    remove_partials(target)


def remove_partials(path: str | PathLike[str]) -> None:
    """Delete the temporary files that `write_atomic` left beside `path` where it was killed before this program began.

    One that changed since then may belong to somebody who is writing. What cannot be deleted stays.
    """
    target = Path(os.path.realpath(fspath(path)))
    ours = re.compile(re.escape(f".{target.name[:80]}.") + r"[0-9a-f]{8}\.partial")
    with contextlib.suppress(OSError), os.scandir(target.parent) as entries:
        for entry in entries:
            if ours.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                status = entry.stat(follow_symlinks=False)
                # A backup in the making is a link to an old file: only the change of its names is new.
                if max(status.st_mtime, status.st_ctime) < PROGRAM_BEGAN:
                    os.unlink(entry.path)


def _partial_of(target: Path) -> Path:
    return target.with_name(f".{target.name[:80]}.{secrets.token_hex(4)}.partial")


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
    try:
        write_atomic(path, encode_png(image, metadata))
    except OSError as error:
        reason = (error.strerror or "the disk refused it").lower()
        raise PictureError(f"Cannot save {fspath(path)}: {reason}; choose another place.") from error


def backup_of(path: str | PathLike[str]) -> Path:
    """Where `write_atomic` keeps the version before."""
    target = Path(os.path.realpath(fspath(path)))
    return target.with_name(f"{target.name}~")


def _keep(target: Path) -> None:
    """Give the old file its backup name too; at every moment there is an old or a new backup, and the file itself."""
    copy = _partial_of(target)
    try:
        try:
            os.link(target, copy)
        except OSError:  # a file system without hard links
            shutil.copy2(target, copy)
        os.replace(copy, backup_of(target))
    finally:
        copy.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Force the new name to the disk too, where folders can be opened (not on Windows)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
