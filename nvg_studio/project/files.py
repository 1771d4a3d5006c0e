"""Writing files of a project: atomically, and with one line for whatever the disk refuses."""

from os import PathLike, fspath

from nvg_studio.atomic import describe_refusal, write_atomic
from nvg_studio.errors import ProjectError


def write_file(path: str | PathLike[str], data: bytes, backup: bool = False) -> None:
    """Write a file by `write_atomic`; ProjectError where that fails, and what was there before is untouched."""
    try:
        write_atomic(path, data, backup)
    except (OSError, ValueError) as error:
        raise refusal(f"Cannot save {fspath(path)}", error) from error


def refusal(what: str, error: OSError | ValueError) -> ProjectError:
    """The one line for the user: what failed, why, what to do."""
    return ProjectError(f"{''.join(c if c.isprintable() else '?' for c in what)}: {describe_refusal(error)}.")
