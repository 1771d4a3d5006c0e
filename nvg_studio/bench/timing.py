"""Clocks and what a measurement says about its machine."""

import os
import platform
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import torch

from nvg_studio.native_runtime import release_freed_memory

MIB = 1 << 20
STATUS = Path("/proc/self/status")
"""What Linux says of this process."""


class Times:
    """Seconds by name, one entry a repeat; on a GPU until the work is done, not until it is queued."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._seconds: dict[str, list[float]] = defaultdict(list)

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Time the block as one repeat of `name`."""
        start = self.now()
        yield
        self.add(name, self.now() - start)

    def now(self) -> float:
        """The clock, once the device is idle."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        elif self._device.type == "mps":
            torch.mps.synchronize()
        return time.perf_counter()

    def add(self, name: str, seconds: float) -> None:
        """Enter one repeat."""
        self._seconds[name].append(seconds)

    def median(self, name: str) -> float:
        """Median of the repeats; 0 for what never happened."""
        return median(self._seconds.get(name, [0.0]))


def device_name(device: torch.device) -> str:
    """The name of the card, or of the processor and its cores."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"


def peak_memory(device: torch.device) -> int:
    """Bytes: of tensors on a GPU, otherwise of the whole process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    if STATUS.exists():  # getrusage would count what the parent had when it started this process
        peak = next(line for line in STATUS.read_text("ascii").splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) * 1024
    import resource

    # macOS counts in bytes, the others in KiB.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def forget_peak(device: torch.device) -> None:
    """Let `peak_memory` start from what is held now, where the system can: on a GPU, and on Linux."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    elif STATUS.exists():
        release_freed_memory()  # what the allocator keeps for later is not in use
        STATUS.with_name("clear_refs").write_text("5", "ascii")
