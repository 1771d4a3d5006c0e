"""Files that are whole or not there: everything that the package saves is written through this module.

`write_atomic` takes bytes, or a function that writes into an open file. `atomic_path` is for libraries that want a
path of their own to write to.
"""

import contextlib
import errno
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os import PathLike, fspath
from pathlib import Path
from typing import BinaryIO

PROGRAM_BEGAN = time.time()
"""Seconds, Unix time: when this program began to have anything to write."""
_NO_SYNC = {
    getattr(errno, name)
    for name in ("EINVAL", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "ENOTTY", "EPERM", "EACCES")
    if hasattr(errno, name)
}
"""What fsync answers where it is not supported. Any other error means that the data are not on the disk."""
MAX_NAME = 255
"""The most bytes (not characters) that a file name has on common file systems."""
_ANY_WRITE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
_REMEDIES = {
    errno.ENOSPC: "make room there or choose another place",
    errno.EDQUOT: "make room there or choose another place",
    errno.ENOENT: "the folder is gone; choose another place",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EISDIR: "choose another name",
    errno.ENOTDIR: "choose another place",
    errno.EACCES: "choose another name or place",
}


def write_atomic(
    path: str | PathLike[str], content: bytes | Callable[[BinaryIO], object], backup: bool = False
) -> None:
    """Write a file so that a reader, a crash or a full disk never sees half of it; as `atomic_path`.

    Args:
        content: the bytes, or what writes them into the open file.

    Raises:
        OSError: the file cannot be written; the old one is untouched. What `content` raises, likewise.
    """
    with atomic_path(path, backup) as partial, open(partial, "r+b") as file:
        if isinstance(content, bytes):
            file.write(content)
        else:
            content(file)


@contextmanager
def atomic_path(path: str | PathLike[str], backup: bool = False) -> Iterator[Path]:
    """The path of an empty temporary file in the same folder, which takes the place of `path` when the block ends.

    It is forced to the disk and put in place of `path` in one step; where the block raises it is deleted. A symbolic
    link stays one: its target is replaced. The file keeps its permissions, a new one gets those of any new file. With
    `backup` the old file stays beside it, under the name with a ~ at its end. Temporary files that killed programs left
    are taken away. File systems that refuse permissions, times, hard links or a flush (network shares, sticks) are
    written all the same. A write-protected file is not replaced.

    Raises:
        OSError: the file cannot be written; the old one is untouched.
    """
    target = Path(os.path.realpath(fspath(path)))
    check_target(target)
    partial = _partial_of(target)
    try:
        with open(partial, "xb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        yield partial
        _sync(partial, target)
        if target.exists():
            mode = stat.S_IMODE(target.stat().st_mode)
            if backup:
                _keep(target)
        with contextlib.suppress(OSError):
            os.chmod(partial, mode)  # some libraries make files that only their owner may read
        os.replace(partial, target)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
    _sync_folder(target.parent)
    remove_partials(target)


def remove_partials(path: str | PathLike[str]) -> None:
    """Delete the temporary files that `atomic_path` left beside `path` where it was killed before this program began.

    One that changed since then may belong to a process that is writing. What cannot be deleted stays.
    """
    target = Path(os.path.realpath(fspath(path)))
    ours = re.compile(re.escape(_prefix(target)) + r"[0-9a-f]{8}\.partial")
    with contextlib.suppress(OSError), os.scandir(target.parent) as entries:
        for entry in entries:
            if ours.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                status = entry.stat(follow_symlinks=False)
                # A backup in the making is a link to an old file: only the change of its names is new.
                if max(status.st_mtime, status.st_ctime) < PROGRAM_BEGAN:
                    os.unlink(entry.path)


def backup_of(path: str | PathLike[str]) -> Path:
    """Where `atomic_path` keeps the version before."""
    target = Path(os.path.realpath(fspath(path)))
    return target.with_name(f"{fitted_name(target.name, MAX_NAME - 1)}~")


def check_target(path: str | PathLike[str]) -> None:
    """OSError for a folder and for a write-protected file: replacing a file asks the folder alone, not its owner."""
    target = Path(os.path.realpath(fspath(path)))
    try:
        mode = target.stat().st_mode
    except OSError:
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder", str(target))
    if not mode & _ANY_WRITE or not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "the file is write-protected", str(target))


def fitted_name(name: str, limit: int = MAX_NAME) -> str:
    """A file name cut to at most `limit` bytes, which is what file systems count, between two characters."""
    while len(os.fsencode(name)) > limit:
        name = name[:-1]
    return name


def describe_refusal(error: OSError | ValueError) -> str:
    """Why a file was not written, and what to do: "no space left on device; make room there or ...", no dot.

    A ValueError is what a name gives that no file can have.
    """
    if isinstance(error, ValueError):
        return "it has characters that file names cannot have; choose another name"
    reason = (error.strerror or "the disk refused it").lower()
    return f"{reason}; {_REMEDIES.get(error.errno or 0, 'choose another place')}"


def _prefix(target: Path) -> str:
    """What the names of its temporary files begin with: short enough for file systems that count 255 bytes."""
    return f".{target.name[:48]}."


def _partial_of(target: Path) -> Path:
    return target.with_name(f"{_prefix(target)}{secrets.token_hex(4)}.partial")


def _keep(target: Path) -> None:
    """Give the old file its backup name too; at every moment there is an old or a new backup, and the file itself."""
    copy = _partial_of(target)
    try:
        try:
            os.link(target, copy)
        except OSError:  # a file system without hard links
            shutil.copyfile(target, copy)
            with contextlib.suppress(OSError):
                shutil.copystat(target, copy)
        os.replace(copy, backup_of(target))
    finally:
        copy.unlink(missing_ok=True)


def _sync(partial: Path, target: Path) -> None:
    """Force a file's content to the disk; OSError, of the `target`, where the disk could not take it."""
    with open(partial, "r+b") as file:
        try:
            os.fsync(file.fileno())
        except OSError as error:
            if error.errno not in _NO_SYNC:
                raise OSError(error.errno, error.strerror, str(target)) from error


def _sync_folder(folder: Path) -> None:
    """Force the new name to the disk too, where folders can be opened (not on Windows)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
