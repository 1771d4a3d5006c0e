"""What no minute of testing finds: thousands of damaged files, and programs killed in the middle of writing.

    python benchmarks/soak.py                                   everything, about half an hour
    python benchmarks/soak.py files --projects 5000 --pictures 2000 --checkpoints 500
    python benchmarks/soak.py kills --count 50
    python benchmarks/soak.py full --count 20                   needs the right to mount a tmpfs

A damaged file must be read or refused in one line, within 5 s and 1 GiB, and nothing may be written anywhere. After a
kill or on a full disk there must be the old or the new file, complete. Every case is made from --seed and its number;
the number of a failing one is printed, and `--first NUMBER` begins there.
"""

import argparse
import io
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402  the path comes first
from PIL import Image  # noqa: E402

from benchmarks.mutations import mutate, mutate_archive  # noqa: E402
from nvg_studio.errors import NVGError, ProjectError  # noqa: E402
from nvg_studio.imaging.read import read_image  # noqa: E402
from nvg_studio.imaging.write import backup_of  # noqa: E402
from nvg_studio.project.autosave import UNKNOWN, Autosave, recoverable  # noqa: E402
from nvg_studio.project.document import with_name  # noqa: E402
from nvg_studio.project.export.export import export  # noqa: E402
from nvg_studio.project.export.kinds import Format, LayerChoice  # noqa: E402
from nvg_studio.project.importing import work_in_picture  # noqa: E402
from nvg_studio.project.storage import Project, encode, load, save  # noqa: E402
from tests.project.making_files import full_project  # noqa: E402
from tests.project.making_scenes import named_project  # noqa: E402

SEED = 20251113
MAX_SECONDS = 5.0
MAX_MEMORY = 2**30
OLD_FILES = ROOT / "tests" / "project" / "data"

Source = tuple[str, bytes]


def read_mutants(
    sources: list[Source],
    mutation: Callable[[bytes, np.random.Generator], bytes],
    read: Callable[[Path], object],
    cases: range,
    seed: int = SEED,
) -> dict[str, float]:
    """Read damaged variants of files, name and content each; AssertionError with the case's number where one breaks in.

    Returns how many were read and refused, the longest time in seconds, and the highest memory of the process in MiB.
    """
    read_count, slowest = 0, 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in cases:
            random = np.random.default_rng([seed, number])
            title, data = sources[number % len(sources)]
            path = folder / title
            path.write_bytes(mutation(data, random))
            start = time.perf_counter()
            read_count += _survives(lambda path=path: read(path), number)
            slowest = max(slowest, time.perf_counter() - start)
            path.unlink()
            assert not list(folder.iterdir()), f"case {number} wrote a file"
            assert slowest < MAX_SECONDS, f"case {number} took {slowest:.1f} s"
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    assert memory < MAX_MEMORY, f"{memory / 2**20:.0f} MiB were used"
    return {"read": read_count, "refused": len(cases) - read_count, "slowest_s": slowest, "memory_mib": memory / 2**20}


def _survives(read: Callable[[], object], number: int) -> bool:
    """Whether the file was read; a refusal is one line."""
    try:
        read()
    except NVGError as error:
        assert "\n" not in str(error) and len(str(error)) < 1000, f"case {number}: {error!r}"
        return False
    except Exception as error:
        raise AssertionError(f"case {number}: {error!r}") from error
    return True


def project_sources() -> list[Source]:
    """Project files of all versions."""
    old = [(path.name, path.read_bytes()) for path in sorted(OLD_FILES.glob("*.nvgs"))]
    return [("a.nvgs", encode(named_project())), ("b.nvgs", encode(full_project())), *old]


def picture_sources(folder: Path) -> list[Source]:
    """Pictures of all kinds, one with the work in it."""
    project = named_project()
    found = [("a.png", export(project, Format.PICTURE, LayerChoice(), folder, "view").read_bytes())]
    for kind in ("png", "jpeg", "webp", "tiff", "gif", "bmp"):
        buffer = io.BytesIO()
        Image.fromarray(project.document.base).save(buffer, kind)
        found.append((f"b.{kind}", buffer.getvalue()))
    return found


def read_picture(path: Path) -> object:
    """Everything that opening a picture tries."""
    return work_in_picture(path) or read_image(path)


@contextmanager
def _allowed() -> Iterator[None]:
    try:
        yield
    except NVGError as error:
        assert "\n" not in str(error)


def read_checkpoints(cases: range, seed: int) -> dict[str, float]:
    """Damaged model files."""
    from nvg_studio.model.checkpoint import load_model, load_tensors
    from tests.tiny import save_tiny_model

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save_tiny_model(folder)
        files = [(path.name, path.read_bytes()) for path in sorted(folder.iterdir())]

        def read(path: Path) -> None:
            target = folder / path.name
            original = target.read_bytes()
            target.write_bytes(path.read_bytes())
            try:
                with _allowed():
                    load_tensors(path)
                load_model(folder)
            finally:
                target.write_bytes(original)

        return read_mutants(files, mutate, read, cases, seed)


def versions() -> tuple[Project, Project]:
    """Two projects that a file is changed between."""
    project = named_project()
    return project, Project(with_name(project.document, 1, 0, "other"), "tiny", project.rendering)


def kill_while_writing(count: int, seed: int = SEED, first: int = 0) -> dict[str, float]:
    """Kill a program that saves, autosaves and exports at random moments; AssertionError where half a file is left."""
    seen = {"old": 0, "new": 0}
    one, other = versions()
    for number in range(first, first + count):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            save(one, folder / "work.nvgs")
            for kind in (Format.ORA, Format.PSD, Format.PICTURE):
                export(one, kind, LayerChoice(), folder, "out")
            _kill_writer(folder, np.random.default_rng([seed, number]).uniform(0, 0.4))
            seen["new" if _check_after(folder, one, other, number) else "old"] += 1
    return dict(seen)


def _kill_writer(folder: Path, delay: float) -> None:
    """A child writes both versions in turn until it is killed."""
    child = os.fork()
    if child == 0:
        try:
            _write_for_ever(folder)
        finally:
            os._exit(1)
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the writer ended by itself"


def _write_for_ever(folder: Path) -> None:
    autosave = Autosave(folder / "unsaved")
    while True:
        for project in reversed(versions()):
            save(project, folder / "work.nvgs")
            autosave.write(project, UNKNOWN)
            for kind in (Format.ORA, Format.PSD, Format.PICTURE):
                export(project, kind, LayerChoice(), folder, "out")


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
    work = work_in_picture(folder / "out.png")
    assert work is not None and work.document.snapshot in known
    with zipfile.ZipFile(folder / "out.ora") as archive:
        assert archive.testzip() is None
    with Image.open(folder / "out.psd") as image:
        image.load()
    return found == other.document.snapshot


def fill_the_disk(count: int, seed: int = SEED, first: int = 0) -> dict[str, float]:
    """Save on a tmpfs with less and less room; AssertionError where something is lost or the error is not one line."""
    one, other = versions()
    refused = 0
    with tempfile.TemporaryDirectory() as name, _tmpfs(Path(name)) as folder:
        for number in range(first, first + count):
            for path in folder.iterdir():
                path.unlink()
            save(one, folder / "work.nvgs")
            room = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
            taken = int(np.random.default_rng([seed, number]).uniform(0, room))
            (folder / "ballast").write_bytes(b"\0" * taken)
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
def _tmpfs(folder: Path) -> Iterator[Path]:
    size = 4 * len(encode(versions()[0]))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def read_files(projects: int, pictures: int, checkpoints: int, seed: int, first: int = 0) -> None:
    """All kinds of damaged files; one line of JSON each."""
    cases = range(first, first + projects)
    _report("projects", lambda: read_mutants(project_sources(), mutate_archive, load, cases, seed))
    with tempfile.TemporaryDirectory() as name:
        sources = picture_sources(Path(name))
    _report("pictures", lambda: read_mutants(sources, mutate, read_picture, range(first, first + pictures), seed))
    _report("checkpoints", lambda: read_checkpoints(range(first, first + checkpoints), seed))


def _report(what: str, work: Callable[[], dict[str, float]]) -> None:
    start = time.perf_counter()
    found = {key: round(value, 3) for key, value in work().items()}
    print(json.dumps({"what": what, **found, "seconds": round(time.perf_counter() - start, 1)}), flush=True)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", choices=["files", "kills", "full", []], help="all if left out")
    parser.add_argument("--projects", type=int, default=50_000)
    parser.add_argument("--pictures", type=int, default=15_000)
    parser.add_argument("--checkpoints", type=int, default=5_000)
    parser.add_argument("--count", type=int, default=300, help="kills, and saves on the full disk")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    given = parser.parse_args()
    what = given.what or ["kills", "full", "files"]
    if "kills" in what:
        _report("kills", lambda: kill_while_writing(given.count, given.seed, given.first))
    if "full" in what:
        _report("full disk", lambda: fill_the_disk(given.count, given.seed, given.first))
    if "files" in what:
        read_files(given.projects, given.pictures, given.checkpoints, given.seed, given.first)


if __name__ == "__main__":
    main()
