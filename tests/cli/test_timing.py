"""Peak memory of a process."""

import sys

import numpy as np
import pytest
import torch

from nvg_studio.cli.timing import MIB, forget_peak, peak_memory

CPU = torch.device("cpu")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process forget its peak")
def test_a_peak_is_seen_and_forgotten() -> None:
    forget_peak(CPU)
    before = peak_memory(CPU)
    np.ones(256 * MIB, np.uint8)
    assert peak_memory(CPU) > before + 200 * MIB
    forget_peak(CPU)
    assert peak_memory(CPU) < before + 100 * MIB
