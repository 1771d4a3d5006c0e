"""A project file is edited in one window at a time: a lock beside it that the system releases when a process ends."""

import contextlib
import os
from os import PathLike, fspath
from pathlib import Path

from filelock import FileLock, Timeout

from nvg_studio.atomic import MAX_NAME, fitted_name
from nvg_studio.errors import ProjectError


class ProjectLock:
    """A held file; `release_file_lock` it when it is closed. Where no lock can be made (a read-only folder) nothing is
    held."""

    def __init__(self, path: str | PathLike[str]) -> None:
        """Hold a file, which need not exist yet.

        Raises:
            ProjectError: another window, of this program or another one, holds it.
        """
        target = Path(os.path.realpath(fspath(path)))
        lock = f".{fitted_name(target.name, MAX_NAME - len('..lock'))}.lock"
        self._lock = FileLock(target.with_name(lock), timeout=0, thread_local=False)
        try:
            self._lock.acquire()
        except Timeout:
            raise ProjectError(f"{target.name} is open in another window: close it there, or open a copy.") from None
        except (OSError, NotImplementedError):
            return

    def release(self) -> None:
        """Release the lock."""
        release_file_lock(self._lock)


class ProjectLocks:
    """The files that one window holds: its document's own, and those that it is reading or writing just now."""

    def __init__(self) -> None:
        self._locks: dict[str, ProjectLock] = {}
        self._in_use: list[str] = []
        self._own: str | None = None

    def acquire(self, path: Path) -> None:
        """Hold a file while it is read or written, until `release`; ProjectError where another window holds it."""
        target = os.path.realpath(path)
        if target not in self._locks:
            self._locks[target] = ProjectLock(target)
        self._in_use.append(target)

    def release(self, path: Path) -> None:
        """It was read or written; it stays held if it is the document's own."""
        self._in_use.remove(os.path.realpath(path))
        self._release_others()

    def set_document_file(self, path: Path | None) -> None:
        """The document's own file from now on."""
        self._own = None if path is None else os.path.realpath(path)
        self._release_others()

    def close(self) -> None:
        """Release all of them."""
        self._own, self._in_use = None, []
        self._release_others()

    def _release_others(self) -> None:
        for target in set(self._locks) - {self._own, *self._in_use}:
            self._locks.pop(target).release()


def release_file_lock(lock: FileLock) -> None:
    """Release a lock and take its file away: while it is still held, so that no new lock of another process is
    deleted."""
    with contextlib.suppress(OSError):  # Windows keeps open files, and deletes this one itself
        if lock.is_locked:
            Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()
