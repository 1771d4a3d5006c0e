"""Settings of the C libraries that a computing process stands on: OpenMP's threads and the allocator.

*Threads.* They meet at a barrier after every operation. By default they spin there for milliseconds: where another
program has taken a core, the one that is not waited for burns the other core as well, and a run takes 50 times as long.
Without any spin they must be woken at every barrier, which costs a fifth when nothing else runs. A short spin bridges
what Python does between two operations and gives the core away soon after.

*Memory.* Tensors of a batch are blocks of many MiB that live for one operation. glibc maps each of them anew and
unmaps it when it is freed, so that the kernel clears every page of every intermediate result: half of the processor
time of encoding a batch. Kept in the process, freed blocks are used again; `release_freed_memory` returns them.
"""

import ctypes
import os
import sys
from collections.abc import MutableMapping

SETTINGS = {
    # GNU's runtime, on Linux: turns of its waiting loop. Of 1000, 1500, 2000, 3000 and 10000 the one that loses nothing
    # when idle and least beside a busy process (docs/performance.md).
    "GOMP_SPINCOUNT": "3000",
    # LLVM's and Intel's, on macOS and Windows: milliseconds, 200 by default.
    "KMP_BLOCKTIME": "1",
}
POLICY = "OMP_WAIT_POLICY"
"""Users of OpenMP set this themselves; their value is kept."""

_TRIM_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -4, -8
"""Parameters of mallopt, by their numbers in glibc's malloc.h."""
ALLOCATOR_SETTINGS = {
    # No block by mmap. A higher M_MMAP_THRESHOLD would not do: glibc refuses more than 32 MiB.
    _MMAP_MAX: 0,
    # The end of the heap is not returned by itself, up to the largest number that mallopt takes.
    _TRIM_THRESHOLD: 2**31 - 1,
    # The heaps of other arenas hold 64 MiB at most; larger blocks of other threads would be mapped again.
    _ARENA_MAX: 1,
}
ALLOCATOR_VARIABLES = ("MALLOC_MMAP_MAX_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_ARENA_MAX")


def prepare_process(environment: MutableMapping[str, str] = os.environ) -> None:
    """Set up a process that computes. Call this before torch is imported.

    What the environment already sets is kept.
    """
    limit_spinning(environment)
    keep_freed_memory(environment)


def limit_spinning(environment: MutableMapping[str, str] = os.environ) -> None:
    """Have waiting threads give their cores away soon; has no effect after torch is imported."""
    if POLICY not in environment:
        for name, value in SETTINGS.items():
            environment.setdefault(name, value)


def forget_settings(environment: MutableMapping[str, str] = os.environ) -> None:
    """Leave the threads to their own defaults, to compare with them; before torch is imported as well."""
    for name in (*SETTINGS, POLICY):
        environment.pop(name, None)


def keep_freed_memory(environment: MutableMapping[str, str] = os.environ) -> bool:
    """Have the allocator use freed blocks again in place of returning them; whether it does from now on.

    Only glibc (Linux) has the settings and the need; the environment's own settings of its allocator are kept.
    """
    tuned = "glibc.malloc." in environment.get("GLIBC_TUNABLES", "")
    libc = _glibc()
    if libc is None or tuned or any(name in environment for name in ALLOCATOR_VARIABLES):
        return False
    accepted = [libc.mallopt(number, value) == 1 for number, value in ALLOCATOR_SETTINGS.items()]
    return all(accepted)


def release_freed_memory() -> None:
    """Return freed blocks to the system (glibc); the next large blocks cost page faults again."""
    libc = _glibc()
    if libc is not None:
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    """The C library of this process if it is glibc: musl, macOS and Windows have other allocators."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "gnu_get_libc_version") else None
