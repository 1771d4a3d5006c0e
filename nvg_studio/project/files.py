"""Writing files of a project: atomically, and with one line for whatever the disk refuses."""

import errno
from os import PathLike, fspath

from nvg_studio.atomic import write_atomic
from nvg_studio.errors import ProjectError

_REMEDIES = {
    errno.ENOSPC: "make room there or choose another place",
    errno.EDQUOT: "make room there or choose another place",
    errno.ENOENT: "the folder is gone; choose another place",
}


def write_file(path: str | PathLike[str], data: bytes, backup: bool = False) -> None:
    """Write a file by `write_atomic`; ProjectError where that fails, and what was there before is untouched."""
    try:
        write_atomic(path, data, backup)
    except OSError as error:
        raise refusal(f"Cannot save {fspath(path)}", error) from error


def refusal(what: str, error: OSError) -> ProjectError:
    """The one line for the user: what failed, why, what to do."""
    reason = (error.strerror or "the disk refused it").lower()
    remedy = _REMEDIES.get(error.errno or 0, "choose another place")
    return ProjectError(f"{''.join(c if c.isprintable() else '?' for c in what)}: {reason}; {remedy}.")
