"""What a file was when it was opened or saved, so that a later save can tell whether somebody else changed it since."""

import hashlib
import os
from os import PathLike
from typing import Annotated

from pydantic import Field

from nvg_studio.project.storage.manifest import Key, Record

Natural = Annotated[int, Field(ge=0)]
_CHUNK = 2**20


class FileStamp(Record):
    """A file's size, content (SHA-256) and what the system says of it without reading: times in ns, and its number."""

    size: Natural
    sha256: Key
    modified: int
    changed: int
    number: Natural


def stamp_of(path: str | PathLike[str]) -> FileStamp:
    """The stamp of a file as it is now; OSError where it cannot be read."""
    with open(path, "rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
        return _stamp(os.fstat(file.fileno()), digest.hexdigest())


def stamp_of_written(path: str | PathLike[str], data: bytes) -> FileStamp | None:
    """The stamp of a file that was just written with `data`; None where it cannot be looked at."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    # The content is what was written, whoever may have replaced the file in this very moment.
    return _stamp(status, hashlib.sha256(data).hexdigest())


def is_changed(path: str | PathLike[str], stamp: FileStamp) -> bool:
    """Whether a file holds something else than it did; a file that is gone or cannot be read has nothing to lose."""
    try:
        status = os.stat(path)
        if _stamp(status, stamp.sha256) == stamp:
            return False
        # Copies, clocks and shares change times and numbers of files that are still the same.
        return status.st_size != stamp.size or stamp_of(path).sha256 != stamp.sha256
    except OSError:
        return False


def _stamp(status: os.stat_result, sha256: str) -> FileStamp:
    return FileStamp(
        size=status.st_size,
        sha256=sha256,
        modified=status.st_mtime_ns,
        changed=status.st_ctime_ns,
        number=status.st_ino,
    )
