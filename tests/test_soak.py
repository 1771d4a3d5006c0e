"""The soak of benchmarks/soak.py, a few seconds of it; `make soak` runs all of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="kill -9 and fork are POSIX"),
]


@pytest.mark.parametrize(
    "arguments",
    [
        ["kills", "--count", "5"],
        ["files", "--projects", "400", "--pictures", "200", "--checkpoints", "20"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_little_of_the_soak(arguments: list[str]) -> None:
    # A program of its own: it forks, and its memory is measured.
    command = [sys.executable, str(ROOT / "benchmarks" / "soak.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "soak.py"), "full", "--count", "10"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "mount" in done.stderr and "CalledProcessError" in done.stderr:
        pytest.skip("mounting a tmpfs is not permitted here")
    assert done.returncode == 0, done.stderr[-2000:]
