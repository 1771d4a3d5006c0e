"""What no minute of testing finds: thousands of damaged files, and programs killed in the middle of writing.

    python benchmarks/soak.py                                   everything, about an hour
    python benchmarks/soak.py files --projects 5000 --pictures 2000 --checkpoints 500
    python benchmarks/soak.py kills --count 50
    python benchmarks/soak.py full --count 20                   needs the right to mount a tmpfs
    python benchmarks/soak.py documents --count 1000
    python benchmarks/soak.py gestures --count 5000

A damaged file must be read or refused in one line, within 5 s and 1 GiB, and nothing may be written anywhere. After a
kill, on a full disk, or both, there must be the old or the new file, complete. Every case is made from --seed and its
number; the number of a failing one is printed, and `--first NUMBER` begins there. Random documents must come back as
they were saved; random gestures in one window must leave memory, threads and processes as they were.
"""

import argparse
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402  the path comes first
from PIL import Image  # noqa: E402

from benchmarks.interrupted import fill_the_disk, kill_while_writing  # noqa: E402
from benchmarks.mutations import mutate, mutate_archive  # noqa: E402
from nvg_studio.errors import NVGError  # noqa: E402
from nvg_studio.imaging.read import read_image  # noqa: E402
from nvg_studio.project.document import Document  # noqa: E402
from nvg_studio.project.export.export import export  # noqa: E402
from nvg_studio.project.export.kinds import Format, LayerChoice  # noqa: E402
from nvg_studio.project.importing import project_in_picture  # noqa: E402
from nvg_studio.project.storage.project_file import encode, load  # noqa: E402
from tests.project.damaged_files import full_project  # noqa: E402
from tests.project.scenes import named_project  # noqa: E402

SEED = 20251113
MAX_SECONDS = 5.0
MAX_MEMORY = 2**30
COUNTS = {"kills": 300, "full": 300, "documents": 1_000, "gestures": 5_000}
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
    memory = _peak_memory()
    assert memory < MAX_MEMORY, f"{memory / 2**20:.0f} MiB were used"
    return {"read": read_count, "refused": len(cases) - read_count, "slowest_s": slowest, "memory_mib": memory / 2**20}


def _peak_memory() -> int:
    """Bytes; the kernel's number for this program alone, where getrusage counts what started it too."""
    status = Path("/proc/self/status").read_text("ascii")
    found = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
    assert found, "the kernel does not say how much memory was used"
    return int(found[1]) * 1024


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
    return project_in_picture(path) or read_image(path)


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


def round_trips(count: int, seed: int = SEED) -> dict[str, float]:
    """Save and load random documents, as a project and (the current step) as a picture that holds it.

    AssertionError where one comes back different; its example is printed.
    """
    from hypothesis import HealthCheck, given, settings
    from hypothesis import seed as seeded

    from tests.project.damaged_files import check_round_trips
    from tests.project.documents import documents

    seen: list[int] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        @seeded(seed)
        @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(documents())
        def check(document: Document) -> None:
            check_round_trips(document, folder)
            seen.append(len(document.history.snapshots) + len(document.pending_results))

        check()
    return {"identical": len(seen), "steps_and_results": sum(seen), "most": max(seen)}


def play_gestures(count: int) -> dict[str, float]:
    """Random gestures and runs in one window with the engine in its process; fails where memory or threads grow."""
    with tempfile.TemporaryDirectory() as name:
        report = Path(name) / "figures.json"
        environment = os.environ | {"NVG_ENDURANCE": str(count), "NVG_ENDURANCE_REPORT": str(report)}
        test = ROOT / "tests" / "ui" / "test_endurance.py"
        command = [sys.executable, "-m", "pytest", "-q", "--show-capture=no", str(test)]
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
        figures = report.read_text() if report.exists() else done.stdout[-4000:]
    assert done.returncode == 0, figures
    found: dict[str, float] = json.loads(figures)
    return found


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
    parser.add_argument("what", nargs="*", choices=[*COUNTS, "files", []], help="all if left out")
    parser.add_argument("--projects", type=int, default=50_000)
    parser.add_argument("--pictures", type=int, default=15_000)
    parser.add_argument("--checkpoints", type=int, default=5_000)
    parser.add_argument("--count", type=int, help=f"of everything else; if left out {COUNTS}")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    given = parser.parse_args()
    what = given.what or [*COUNTS, "files"]
    count = {name: COUNTS[name] if given.count is None else given.count for name in COUNTS}
    seed, first = given.seed, given.first
    if "kills" in what:
        _report("kills", lambda: kill_while_writing(count["kills"], seed, first))
    if "full" in what:
        _report("full disk", lambda: fill_the_disk(count["full"], seed, first))
        _report("kills on a full disk", lambda: kill_while_writing(count["full"], seed, first, full=True))
    if "documents" in what:
        _report("documents", lambda: round_trips(count["documents"], seed))
    if "gestures" in what:
        _report("gestures", lambda: play_gestures(count["gestures"]))
    if "files" in what:
        read_files(given.projects, given.pictures, given.checkpoints, seed, first)


if __name__ == "__main__":
    main()
