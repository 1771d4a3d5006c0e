"""Prefetching: batches are made on threads, so that the device does not wait for photos."""

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Batch = TypeVar("Batch")

WORKERS = max(1, min(8, (os.cpu_count() or 2) // (2 * int(os.environ.get("LOCAL_WORLD_SIZE", 1)))))
"""Threads beside the one that trains, for each process that trains on this machine."""


class Prefetcher(Generic[Batch]):
    """Calls `make(step)` for the coming steps on threads; a batch must depend on its step alone."""

    def __init__(self, make: Callable[[int], Batch], depth: int = 2 * WORKERS) -> None:
        self._make, self._depth = make, depth
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="batches")
        self._coming: dict[int, Future[Batch]] = {}

    def __call__(self, step: int) -> Batch:
        """The batch of one step; what making it raises is raised here."""
        for coming in range(step, step + self._depth):
            if coming not in self._coming:
                self._coming[coming] = self._threads.submit(self._make, coming)
        return self._coming.pop(step).result()
