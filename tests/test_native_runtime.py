"""Threads spin shortly and freed memory is used again: every way into the program sets that before torch is loaded."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nvg_studio import native_runtime
from nvg_studio.native_runtime import SETTINGS, forget_settings, keep_freed_memory, limit_spinning, release_freed_memory

ROOT = Path(__file__).resolve().parents[1]
ENGINE = (
    "from multiprocessing import Pipe; from nvg_studio.engine.worker import Load, serve; "
    "ours, theirs = Pipe(); ours.send(Load(1, 'folder', 'cpu', 'auto')); "
    "serve(theirs, 'nvg_studio.sampling.pipeline:NVGPipeline.from_pretrained')"
)
GLIBC = native_runtime._glibc() is not None
PAGES_OF_A_BLOCK = 2**26 // os.sysconf("SC_PAGE_SIZE") if GLIBC else 0
COUNT_PAGES = """
def pages_of_a_block():
    try:
        from resource import RUSAGE_SELF, getrusage
    except ImportError:
        return 0
    before = getrusage(RUSAGE_SELF).ru_minflt
    bytearray(2**26)
    return getrusage(RUSAGE_SELF).ru_minflt - before

def pages_of_a_second_block():
    pages_of_a_block()
    return pages_of_a_block()

"""
WAYS_IN = {
    "engine": ("-c", ENGINE),
    "command line": ("-m", "nvg_studio.cli", "generate", "--model", "models/flowers", "out.png"),
    "training": ("-m", "nvg_studio.training", "--help"),
    "evaluation": ("-m", "nvg_studio.evaluation", "model", "models/flowers", "resources/samples", "--out", "report"),
}


def untuned() -> dict[str, str]:
    """This environment without settings of threads and allocator."""
    ours = (*SETTINGS, *native_runtime.ALLOCATOR_VARIABLES, "GLIBC_TUNABLES")
    return {name: value for name, value in os.environ.items() if name not in ours}


@pytest.mark.parametrize("way", WAYS_IN)
def test_it_is_set_before_torch_is_loaded(tmp_path: Path, way: str) -> None:
    """With a torch in place that prints the spin count and how many pages a block needs that was used before."""
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text(
        "import os\n"
        f"{COUNT_PAGES}"
        "spin = os.environ.get('GOMP_SPINCOUNT', 'nothing')\n"
        "os.write(1, f'{spin} {pages_of_a_second_block()}'.encode())\nos._exit(0)\n"
    )
    environment = untuned()
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), str(ROOT)])
    run = subprocess.run([sys.executable, *WAYS_IN[way]], env=environment, cwd=ROOT, capture_output=True, timeout=120)
    spin, pages = run.stdout.split() or (run.stderr, 0)
    assert spin == SETTINGS["GOMP_SPINCOUNT"].encode()
    assert not GLIBC or int(pages) < PAGES_OF_A_BLOCK / 8


@pytest.mark.skipif(not GLIBC, reason="other allocators have no such settings")
def test_blocks_are_used_again_until_they_are_released() -> None:
    """By page faults, which the kernel counts: none for a block that is used again, one a page otherwise."""
    code = (
        f"{COUNT_PAGES}"
        "from nvg_studio.native_runtime import keep_freed_memory, release_freed_memory\n"
        "before = pages_of_a_second_block()\n"
        "assert keep_freed_memory({})\n"
        "kept = pages_of_a_second_block()\n"
        "release_freed_memory()\n"
        "print(before, kept, pages_of_a_block())\n"
    )
    run = subprocess.run([sys.executable, "-c", code], env=untuned(), cwd=ROOT, capture_output=True, timeout=120)
    before, kept, released = map(int, run.stdout.split())
    assert kept < PAGES_OF_A_BLOCK / 8 < PAGES_OF_A_BLOCK / 2 < min(before, released)


def test_other_allocators_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_freed_memory({})
    release_freed_memory()
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())  # musl: none of glibc's functions
    assert not keep_freed_memory({})
    release_freed_memory()


@pytest.mark.parametrize(
    ("name", "value"), [("GLIBC_TUNABLES", "glibc.malloc.trim_threshold=1"), ("MALLOC_ARENA_MAX", "2")]
)
def test_settings_of_the_user_for_the_allocator_are_kept(name: str, value: str) -> None:
    assert not keep_freed_memory({name: value})


def test_what_users_set_themselves_stays() -> None:
    mine = {"GOMP_SPINCOUNT": "7"}
    limit_spinning(mine)
    assert mine == {**SETTINGS, "GOMP_SPINCOUNT": "7"}
    policy = {"OMP_WAIT_POLICY": "active"}
    limit_spinning(policy)
    assert policy == {"OMP_WAIT_POLICY": "active"}
    forget_settings(policy)
    assert not policy
