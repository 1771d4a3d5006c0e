"""Work that was not saved when the program crashed, in a folder of its own.

A session writes its document there every now and then and clears it when the user has saved it or given it up. What
lies there without a living session is offered again at the next start. When to write is not decided here.
"""

import os
import secrets
from pathlib import Path
from typing import Annotated

from filelock import FileLock, Timeout
from pydantic import Field

from nvg_studio.atomic import remove_partials
from nvg_studio.errors import ProjectError
from nvg_studio.project.files import refusal, write_file
from nvg_studio.project.project_lock import release_file_lock
from nvg_studio.project.storage.file_stamp import FileStamp
from nvg_studio.project.storage.manifest import Record, clean, parse
from nvg_studio.project.storage.project_file import Project, load, save


class Origin(Record):
    """What an autosaved document was: its name, its file (or none), and when it was written (seconds, Unix time).

    `file`: what its file was when it was opened or saved; None where that is not known, or there is none.
    """

    name: str
    path: str | None
    time: Annotated[float, Field(ge=0)]
    file: FileStamp | None = None


UNKNOWN = Origin(name="Untitled", path=None, time=0)


class Autosave:
    """A session's place in the folder."""

    def __init__(self, folder: Path) -> None:
        """Take a place; the folder is made if it is missing. ProjectError where the disk refuses."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = folder / f"{secrets.token_hex(8)}.nvgs"
            self._lock = _lock_of(self._file)
            self._lock.acquire()
        except OSError as error:
            raise refusal(f"Cannot keep unsaved work in {folder}", error) from error

    def write(self, project: Project, origin: Origin) -> None:
        """Keep this state instead of the one before; ProjectError where the disk refuses, and the one before stays."""
        save(project, self._file, backup=False)
        text = origin.model_copy(update={"name": clean(origin.name)}).model_dump_json()
        write_file(self._file.with_suffix(".json"), text.encode("utf-8", "replace"))

    def clear(self) -> None:
        """There is nothing to lose any more."""
        _remove(self._file)

    def close(self) -> None:
        """Give the place up; what was not cleared is offered at the next start."""
        release_file_lock(self._lock)


class Recovery:
    """A document that a crashed session left; locked, so that two starting programs do not both offer it."""

    def __init__(self, file: Path, lock: FileLock) -> None:
        self._file, self._lock = file, lock
        self.origin = _read_origin(file.with_suffix(".json"))

    def load(self) -> Project:
        """The document; ProjectError where it can't be read."""
        return load(self._file)

    def discard(self) -> None:
        """Delete it: it was recovered and saved, or is not wanted."""
        _remove(self._file)
        self.close()

    def close(self) -> None:
        """Leave it for another time."""
        release_file_lock(self._lock)


def recoverable(folder: Path) -> list[Recovery]:
    """What crashed sessions left in the folder, the latest first."""
    found = []
    for file in sorted({path.with_suffix(".nvgs") for kind in ("*.nvgs", "*.lock") for path in folder.glob(kind)}):
        lock = _lock_of(file)
        try:
            lock.acquire()
        except (Timeout, OSError):
            continue
        if file.exists():
            found.append(Recovery(file, lock))
        else:  # killed before its first state was whole
            remove_partials(file)
            release_file_lock(lock)
    return sorted(found, key=lambda recovery: -recovery.origin.time)


def _lock_of(file: Path) -> FileLock:
    return FileLock(file.with_suffix(".lock"), timeout=0, thread_local=False)


def _remove(file: Path) -> None:
    for path in (file, file.with_suffix(".json")):
        path.unlink(missing_ok=True)
        remove_partials(path)


def _read_origin(path: Path) -> Origin:
    """A crash between the two files leaves no origin, or the one before."""
    try:
        if os.stat(path).st_size > 2**16:
            return UNKNOWN
        return parse(Origin, path.read_bytes())
    except (OSError, ProjectError):
        return UNKNOWN
