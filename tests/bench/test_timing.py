"""Peak memory of a process."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from nvg_studio.bench.timing import MIB, STATUS, forget_peak, peak_memory

CPU = torch.device("cpu")
PEAK = "import torch; from nvg_studio.bench.timing import peak_memory; print(peak_memory(torch.device('cpu')))"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not STATUS.exists(), reason="only Linux lets a process forget its peak"),
]


def test_a_peak_is_seen_and_forgotten() -> None:
    forget_peak(CPU)
    before = peak_memory(CPU)
    np.ones(256 * MIB, np.uint8)
    assert peak_memory(CPU) > before + 200 * MIB
    forget_peak(CPU)
    assert peak_memory(CPU) < before + 100 * MIB


def test_a_process_does_not_count_what_its_parent_has() -> None:
    held = np.ones(1024 * MIB, np.uint8)
    child = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, check=True, text=True)
    assert int(child.stdout) < held.nbytes
