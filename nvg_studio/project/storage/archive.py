"""Zip archives and numpy arrays from files that are not trusted.

Nothing is unpacked to the disk and nothing is unpickled. What a header claims is checked before memory is taken, and
reading stops at the limits even where a header lies.
"""

import ast
import io
import math
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from nvg_studio.errors import ProjectError

Arrays = dict[str, NDArray[Any]]

MAX_ENTRIES = 4096
MAX_TOTAL = 768 * 2**20
"""The most bytes that all entries together may unpack to."""
MAX_RATIO = 1000
"""The most that an entry may be packed. Nothing but one byte reaches 1032; no large entry of a project is that."""
MIN_SUSPECT = 2**20
"""Entries up to this size may be packed to any ratio."""

ARRAY_TYPES = {"|u1": np.uint8, "<i2": np.int16, "<i4": np.int32}
_ARRAY_NAME = re.compile(r"[a-z_]{1,40}\.npy")
_DAMAGED = "it is damaged or not a project file"
_MAGIC = b"\x93NUMPY\x01\x00"
_READ_ERRORS = (zipfile.BadZipFile, zlib.error, struct.error, RuntimeError, NotImplementedError, EOFError, OSError,
                ValueError, UnicodeError, MemoryError, OverflowError)  # fmt: skip


class Entries:
    """The entries of a checked archive; each is unpacked when it is read."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    @property
    def names(self) -> frozenset[str]:
        """Names of all entries."""
        return frozenset(self._archive.namelist())

    def read(self, name: str) -> bytes:
        """The content of an entry; ProjectError where it is missing or damaged."""
        try:
            return self._archive.read(name)
        except KeyError:
            raise ProjectError(f"there is no {name} in it") from None
        except _READ_ERRORS:
            raise ProjectError(_DAMAGED) from None


@contextmanager
def open_zip(file: BinaryIO, limit_of: Callable[[str], int | None]) -> Iterator[Entries]:
    """The entries of a zip archive, for as long as the context lasts.

    Args:
        file: the archive.
        limit_of: the most bytes that an entry of this name may have; None where the name has no place here.

    Raises:
        ProjectError: not a zip archive, damaged, too many or too large entries, a name that has no place, a link.
    """
    try:
        archive = zipfile.ZipFile(file)
    except _READ_ERRORS:
        raise ProjectError(_DAMAGED) from None
    with archive:
        _check_entries(archive.infolist(), limit_of)
        yield Entries(archive)


def write_zip(entries: Mapping[str, bytes]) -> bytes:
    """A zip archive; the same entries always give the same bytes. PNG and NPZ are packed already and only stored."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in entries.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            info.compress_type = zipfile.ZIP_STORED if name.endswith((".png", ".npz")) else zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return buffer.getvalue()


def read_arrays(data: bytes, limit: int) -> Arrays:
    """The arrays of an .npz file; `limit`: the most bytes of one entry. Raises ProjectError.

    Understands what `numpy.savez_compressed` writes for uint8, int16 and int32 arrays in C order, and nothing else.
    """
    with open_zip(io.BytesIO(data), lambda name: limit if _ARRAY_NAME.fullmatch(name) else None) as entries:
        return {name.removesuffix(".npy"): _parse_array(entries.read(name)) for name in sorted(entries.names)}


def write_arrays(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """An .npz file for `read_arrays` and `numpy.load`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content.getvalue())
    return buffer.getvalue()


def _check_entries(entries: list[zipfile.ZipInfo], limit_of: Callable[[str], int | None]) -> None:
    # What comes before the first entry is not ours; in a cut file the index found may be that of an inner archive.
    if entries and min(entry.header_offset for entry in entries) != 0:
        raise ProjectError(_DAMAGED)
    if len(entries) > MAX_ENTRIES:
        raise ProjectError(f"it has {len(entries)} entries, more than {MAX_ENTRIES}")
    if len({entry.filename for entry in entries}) != len(entries):
        raise ProjectError("it has two entries of the same name")
    for entry in entries:
        limit = limit_of(entry.filename)
        if limit is None:
            raise ProjectError(f"the entry {entry.filename[:80]!r} has no place in it")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise ProjectError(f"the entry {entry.filename!r} is a link")
        if entry.file_size > limit:
            raise ProjectError(f"the entry {entry.filename!r} is too large ({entry.file_size} bytes)")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ProjectError(f"the entry {entry.filename!r} is packed in an unknown way")
        if entry.file_size > max(MIN_SUSPECT, MAX_RATIO * entry.compress_size):
            raise ProjectError(f"the entry {entry.filename!r} unpacks to more than {MAX_RATIO} times its size")
    if sum(entry.file_size for entry in entries) > MAX_TOTAL:
        raise ProjectError(f"its entries unpack to more than {MAX_TOTAL // 2**20} MB")


def _parse_array(content: bytes) -> NDArray[Any]:
    """One .npy file (format 1.0), its size checked against the bytes that are there."""
    length = int.from_bytes(content[len(_MAGIC) : len(_MAGIC) + 2], "little")
    if not content.startswith(_MAGIC) or length > 1000:
        raise ProjectError("an array in it is of an unknown format")
    body = len(_MAGIC) + 2 + length
    try:
        header = ast.literal_eval(content[len(_MAGIC) + 2 : body].decode("latin-1").strip())
        dtype, shape = ARRAY_TYPES[header["descr"]], header["shape"]
        right = header["fortran_order"] is False and all(type(n) is int and 0 < n <= 2**20 for n in shape)
    except (ValueError, SyntaxError, TypeError, LookupError, RecursionError, MemoryError):
        raise ProjectError("an array in it is of an unknown type") from None
    if not right or math.prod(shape) * np.dtype(dtype).itemsize != len(content) - body:
        raise ProjectError("an array in it has another size than it claims")
    return np.frombuffer(content, dtype=np.dtype(dtype).newbyteorder("<"), offset=body).reshape(shape)
