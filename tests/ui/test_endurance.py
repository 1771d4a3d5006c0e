"""Hours in one window: random gestures, and runs in the engine's process; neither memory, threads nor processes grow.

NVG_ENDURANCE sets how many gestures (`python benchmarks/soak.py gestures` plays 5,000); NVG_ENDURANCE_REPORT names a
file for the figures.
"""

import contextlib
import ctypes
import gc
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
import pytest
from pytestqt.qtbot import QtBot

from nvg_studio.editor.background import THREADS
from nvg_studio.engine.process import ProcessEngine
from tests.ui.driver import Studio, no_threads_left
from tests.ui.test_random_gestures import Hands

ROOT = Path(__file__).resolve().parents[2]
COUNT = int(os.environ.get("NVG_ENDURANCE", "120"))
WARM = min(500, COUNT // 2)
"""Gestures before memory is measured first: caches fill up to their limits."""
MAX_GROWTH = 1.10
EVERY = 250
MAKE_MODEL = (
    "import sys; from pathlib import Path; from tests.tiny import save_tiny_model as s; s(Path(sys.argv[1]), 16)"
)


@dataclass(frozen=True)
class Usage:
    """What the window and the engine hold: MiB resident, threads, processes."""

    window_mib: float
    engine_mib: float
    threads: int
    python_threads: int
    processes: int


def usage() -> Usage:
    gc.collect()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)  # what the C library keeps for later is not in use
    window = psutil.Process()
    children = window.children(recursive=True)
    return Usage(
        window.memory_info().rss / 2**20,
        sum(child.memory_info().rss for child in children) / 2**20,
        window.num_threads(),
        threading.active_count(),
        len(children),
    )


@pytest.fixture
def wide_studio(qtbot: QtBot, tmp_path: Path, samples: list[Path]) -> Iterator[Studio]:
    """A window with a photo open, and the engine in its process on a small random model of 16 x 16 cells."""
    # Made by another program, because a window never loads torch, and its memory is what counts here.
    subprocess.run([sys.executable, "-c", MAKE_MODEL, str(tmp_path / "tiny")], cwd=ROOT, check=True)
    with no_threads_left():
        studio = Studio(qtbot, ProcessEngine(), tmp_path)
        studio.load_model(tmp_path / "tiny")
        studio.open(samples[0])
        yield studio
        studio.close()


@pytest.mark.timeout(3600)
def test_memory_threads_and_processes_stay_as_they_are(wide_studio: Studio) -> None:
    studio, hands = wide_studio, Hands(wide_studio, balanced=False)
    kinds, chances = (hands.stroke, hands.command, hands.run), (0.68, 0.28, 0.04)
    seen: dict[int, Usage] = {}
    begun = time.monotonic()
    for number in range(1, COUNT + 1):
        hands.choose()
        kinds[int(hands.random.choice(len(kinds), p=chances))]()
        studio.until(lambda: studio.session.run_queue.running is None)
        if number == WARM or number == COUNT or number % EVERY == 0:
            studio.settle()
            seen[number] = usage()
    assert studio.session.document is not None
    steps = studio.session.document.history.snapshots
    write_report(seen, len(steps), sum(step.request is not None for step in steps), time.monotonic() - begun)
    first, last = seen[WARM], seen[COUNT]
    assert last.window_mib <= MAX_GROWTH * first.window_mib, seen
    assert last.engine_mib <= MAX_GROWTH * first.engine_mib, seen
    # Pools start their threads when they first need them, and no more than these.
    pooled = sum(THREADS.values())
    assert last.threads <= first.threads + pooled and last.python_threads <= first.python_threads + pooled, seen
    assert last.processes == first.processes, seen


def write_report(seen: dict[int, Usage], steps: int, made_by_runs: int, seconds: float) -> None:
    name = os.environ.get("NVG_ENDURANCE_REPORT")
    if name:
        figures = {f"{what}_after_{number}": value for number in seen for what, value in asdict(seen[number]).items()}
        figures |= {"steps": steps, "steps_with_results": made_by_runs, "seconds": seconds}
        Path(name).write_text(json.dumps(figures), encoding="utf-8")
