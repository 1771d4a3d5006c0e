"""How much longer a run takes beside one other busy process, with our settings of OpenMP and with its defaults."""

import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext
from pathlib import Path
from statistics import median
from typing import Any

from nvg_studio.errors import EngineError

CORES = 2
"""Everything shares so many, where the system can see to it."""
STEPS = 2
"""Of the structure at each stage."""
SETTLED_S = 0.3
"""Time that the busy process needs to be at work."""


@dataclass(frozen=True)
class Measured:
    """What the runs are made with."""

    folder: Path | None
    """The model; None for random weights of the published size `random`."""
    random: int | None
    dtype: str
    niceness: int


def measure(asked: Measured, repeats: int) -> dict[str, Any]:
    """Medians of the seconds of one generation: alone, beside a busy process, and their ratio; in turns.

    Those with our settings under "limited", those with OpenMP's own under "default"; and the load of the machine while
    it was measured. CPU alone: a GPU does not wait at barriers.
    """
    context = multiprocessing.get_context("spawn")
    seconds: dict[tuple[str, str], list[float]] = {}
    with ExitStack() as stack:
        runs = {
            name: stack.enter_context(_runner(context, asked, name == "limited")) for name in ("limited", "default")
        }
        for _ in range(repeats):
            for name, run in runs.items():
                seconds.setdefault((name, "idle"), []).append(_answer(run))
            for name, run in runs.items():
                with _busy_process(context):
                    seconds.setdefault((name, "busy"), []).append(_answer(run))
    found: dict[str, Any] = {name: _row(seconds[name, "idle"], seconds[name, "busy"]) for name in runs}
    found["idle_ratio"] = found["limited"]["idle_s"] / found["default"]["idle_s"]
    return {**found, "load": list(os.getloadavg()) if hasattr(os, "getloadavg") else []}


def _row(idle: Sequence[float], busy: Sequence[float]) -> dict[str, float]:
    return {
        "idle_s": median(idle),
        "busy_s": median(busy),
        "longest_busy_s": max(busy),
        "ratio": median(busy) / median(idle),
    }


def _answer(run: Connection) -> float:
    run.send(None)
    return float(run.recv())


@contextmanager
def _runner(context: SpawnContext, asked: Measured, limited: bool) -> Iterator[Connection]:
    """A process with a model that has made one picture; it makes another for every message, and says how long."""
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, asked, limited), daemon=True)
    process.start()
    theirs.close()
    try:
        ours.recv()
        yield ours
    except EOFError:
        raise EngineError(
            "The measurement beside a busy process ended early: there may be too little memory."
        ) from None
    finally:
        process.kill()
        process.join()


@contextmanager
def _busy_process(context: SpawnContext) -> Iterator[None]:
    process = context.Process(target=_spin, daemon=True)
    process.start()
    try:
        time.sleep(SETTLED_S)
        yield
    finally:
        process.kill()
        process.join()


def _spin() -> None:
    _share_cores()
    while True:
        pass


def _share_cores() -> None:
    if sys.platform == "linux":
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])


def _serve(messages: Connection, asked: Measured, limited: bool) -> None:
    from nvg_studio import native_runtime

    native_runtime.forget_settings()
    if limited:
        native_runtime.limit_spinning()
    _share_cores()
    if hasattr(os, "nice"):
        os.nice(asked.niceness)
    from nvg_studio.bench.random_model import random_networks
    from nvg_studio.model.checkpoint import load_model
    from nvg_studio.model.config import official
    from nvg_studio.sampling.devices import resolve_device
    from nvg_studio.sampling.pipeline import NVGPipeline
    from nvg_studio.sampling.settings import GenerationSettings

    networks = (
        load_model(asked.folder)
        if asked.folder
        else random_networks(official(asked.random or 16), resolve_device("cpu"))
    )
    pipeline = NVGPipeline(networks, "cpu", asked.dtype, owned=True)
    settings = GenerationSettings(class_id=0, seed=0, structure_steps=STEPS)
    pipeline.decode(pipeline.generate(settings))
    messages.send(None)
    while True:
        messages.recv()
        start = time.perf_counter()
        pipeline.decode(pipeline.generate(settings))
        messages.send(time.perf_counter() - start)
