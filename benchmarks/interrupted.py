"""Programs that are killed while they write, and disks that are full; `benchmarks/soak.py` runs them."""

import os
import signal
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import numpy as np
from PIL import Image

from nvg_studio.atomic import backup_of
from nvg_studio.errors import ProjectError
from nvg_studio.project.autosave import UNKNOWN, Autosave, recoverable
from nvg_studio.project.document import with_name
from nvg_studio.project.export.export import export
from nvg_studio.project.export.kinds import Format, LayerChoice
from nvg_studio.project.importing import project_in_picture
from nvg_studio.project.storage.project_file import Project, encode, load, save
from tests.project.scenes import named_project

KINDS = (Format.ORA, Format.PSD, Format.PICTURE)


def versions() -> tuple[Project, Project]:
    """Two projects that a file is changed between."""
    project = named_project()
    return project, Project(with_name(project.document, 1, 0, "other"), "tiny", project.rendering)


def kill_while_writing(count: int, seed: int, first: int = 0, full: bool = False) -> dict[str, float]:
    """Kill a program that saves, autosaves and exports at random moments; AssertionError where half a file is left.

    `full`: on a disk that has room for some of it.
    """
    seen = {"old": 0, "new": 0}
    one, other = versions()
    for number in range(first, first + count):
        random = np.random.default_rng([seed, number])
        with tempfile.TemporaryDirectory() as name, _disk(Path(name), full) as folder:
            save(one, folder / "work.nvgs")
            for kind in KINDS:
                export(one, kind, LayerChoice(), folder, "out")
            if full:
                _take_room(folder, random.uniform(0, 1))
            _kill_writer(folder, random.uniform(0, 0.4), full)
            (folder / "ballast").unlink(missing_ok=True)
            seen["new" if _check_after(folder, one, other, number) else "old"] += 1
    return dict(seen)


def _disk(folder: Path, full: bool) -> AbstractContextManager[Path]:
    return _tmpfs(folder, 2**21) if full else nullcontext(folder)


def _take_room(folder: Path, share: float) -> None:
    """Fill a share of what is free."""
    room = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    (folder / "ballast").write_bytes(b"\0" * int(share * room))


def _kill_writer(folder: Path, delay: float, full: bool) -> None:
    """A child writes both versions in turn until it is killed."""
    child = os.fork()
    if child == 0:
        try:
            _write_for_ever(folder, no_room if full else nullcontext)
        finally:
            os._exit(1)
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the writer ended by itself"


def _write_for_ever(folder: Path, trying: Callable[[], AbstractContextManager[None]]) -> None:
    autosave: Autosave | None = None
    while True:
        for project in reversed(versions()):
            with trying():
                save(project, folder / "work.nvgs")
            with trying():
                autosave = autosave or Autosave(folder / "unsaved")
                autosave.write(project, UNKNOWN)
            for kind in KINDS:
                with trying():
                    export(project, kind, LayerChoice(), folder, "out")


@contextmanager
def no_room() -> Iterator[None]:
    """What is in the context may be refused because the disk is full, in one line."""
    try:
        yield
    except ProjectError as error:
        assert "no space left" in str(error) and "\n" not in str(error)


def _check_after(folder: Path, one: Project, other: Project, number: int) -> bool:
    """Every file is the old or the new one; whether the project is the new one."""
    known = {project.document.snapshot for project in (one, other)}
    found = load(folder / "work.nvgs").document.snapshot
    assert found in known, f"case {number}: another document"
    if backup_of(folder / "work.nvgs").exists():
        copy = folder / "backup.nvgs"
        copy.write_bytes(backup_of(folder / "work.nvgs").read_bytes())
        assert load(copy).document.snapshot in known
    for recovery in recoverable(folder / "unsaved"):
        assert recovery.load().document.snapshot in known
        recovery.discard()
    work = project_in_picture(folder / "out.png")
    assert work is not None and work.document.snapshot in known
    with zipfile.ZipFile(folder / "out.ora") as archive:
        assert archive.testzip() is None
    with Image.open(folder / "out.psd") as image:
        image.load()
    return found == other.document.snapshot


def fill_the_disk(count: int, seed: int, first: int = 0) -> dict[str, float]:
    """Save on a tmpfs with less and less room; AssertionError where something is lost or the error is not one line."""
    one, other = versions()
    refused = 0
    with tempfile.TemporaryDirectory() as name, _tmpfs(Path(name), 4 * len(encode(one))) as folder:
        for number in range(first, first + count):
            for path in folder.iterdir():
                path.unlink()
            save(one, folder / "work.nvgs")
            _take_room(folder, np.random.default_rng([seed, number]).uniform(0, 1))
            try:
                save(other, folder / "work.nvgs")
                kept = other
            except ProjectError as error:
                assert "no space left" in str(error) and "\n" not in str(error)
                refused, kept = refused + 1, one
            assert load(folder / "work.nvgs").document.snapshot == kept.document.snapshot, f"case {number}"
            assert not list(folder.glob(".*.partial")), f"case {number} left rubbish"
    return {"saved": count - refused, "refused": refused}


@contextmanager
def _tmpfs(folder: Path, size: int) -> Iterator[Path]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
