"""The measurements behind `nvg-studio bench`: medians of interleaved repeats, in seconds."""

import os
import platform
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import nn

import nvg_studio
from nvg_studio.granularity.clustering import cluster
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.model.checkpoint import Networks, load_model
from nvg_studio.sampling.events import Event
from nvg_studio.sampling.pipeline import NVGPipeline
from nvg_studio.sampling.settings import GenerationSettings

MIB = 1 << 20


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


class NetworkClock:
    """Adds up the time inside a network while it is hooked on, stage by stage."""

    def __init__(self, network: nn.Module, times: Times) -> None:
        self._times = times
        self._start = 0.0
        self._sum = 0.0
        self._hooks = [network.register_forward_pre_hook(self._begin), network.register_forward_hook(self._end)]

    def take(self) -> float:
        """Seconds since the last call."""
        seconds, self._sum = self._sum, 0.0
        return seconds

    def close(self) -> None:
        """Take the hooks off."""
        for hook in self._hooks:
            hook.remove()

    def _begin(self, *_: Any) -> None:
        self._start = self._times.now()

    def _end(self, *_: Any) -> None:
        self._sum += self._times.now() - self._start


class Bench:
    """One model on one device. `round` makes one repeat of everything; `report` gives the medians."""

    def __init__(self, folder: Path, device: str, dtype: str) -> None:
        start = time.perf_counter()
        self._networks: Networks = load_model(folder)
        self._pipeline = NVGPipeline(self._networks, device, dtype, folder=str(folder))
        self._load_s = time.perf_counter() - start
        self.info = self._pipeline.info
        self._times = Times(self._pipeline.device)
        self._settings = GenerationSettings(class_id=0 if self.info.class_names else None)
        random = np.random.default_rng(0)
        self._image = random.integers(0, 256, (self.info.image_size, self.info.image_size, 3), np.uint8)
        channels = self._pipeline.config.tokenizer.latent_channels
        self._latent = random.standard_normal((self.info.cells, channels)).astype(np.float32)
        # Also the warm-up: the first run of any kind is slower.
        self._sequence = self._pipeline.generate(self._settings)
        self._pipeline.encode(self._image)
        self._pipeline.decode(self._sequence)

    def round(self) -> None:
        """One repeat of every measurement."""
        times, pipeline = self._times, self._pipeline
        with times.of("encode"):
            pipeline.encode(self._image)
        with times.of("clustering"):
            cluster(self._latent)
        with times.of("decode"):
            pipeline.decode(self._sequence)
        with times.of("generate"):
            pipeline.decode(pipeline.generate(self._settings))
        for stage in range(self.info.depth + 1):
            with times.of(f"stage {stage} decode"):
                pipeline.decode(self._sequence, stage=stage)
            self._time_run(stage)
        self._time_networks()

    def report(self, repeats: int) -> dict[str, Any]:
        """All numbers, JSON-able; keys ending in _s are seconds."""
        info, middle = self.info, self._times.median
        stages = range(info.depth + 1)
        kinds = ("content", "structure", "decode")
        return {
            "program": f"nvg-studio {nvg_studio.__version__}",
            "model": info.name,
            "fingerprint": info.fingerprint,
            "image_size": info.image_size,
            "cells": info.cells,
            "structure_steps": info.defaults.structure_steps,
            "device": info.device,
            "device_name": _device_name(self._pipeline.device),
            "dtype": info.dtype,
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "repeats": repeats,
            "load_s": self._load_s,
            **{f"{name}_s": middle(name) for name in ("encode", "clustering", "decode", "generate")},
            "stages": [{"stage": i, **{f"{kind}_s": middle(f"stage {i} {kind}") for kind in kinds}} for i in stages],
            "run_from": [
                {"stage": i, "first_preview_s": middle(f"from {i} first"), "total_s": middle(f"from {i}")}
                for i in stages
            ],
            "peak_memory_mib": round(_peak_memory(self._pipeline.device) / MIB, 1),
        }

    def _time_run(self, stage: int) -> None:
        """A run as the window makes it, with the previews of all stages."""
        times, seen = self._times, []
        start = times.now()
        self._run(stage, lambda event: seen.append(times.now()))
        times.add(f"from {stage} first", seen[0] - start)
        times.add(f"from {stage}", seen[-1] - start)

    def _time_networks(self) -> None:
        """One more run, with clocks on the networks, which slow it down a little."""
        generator = self._networks.generator
        clocks = {name: NetworkClock(getattr(generator, name), self._times) for name in ("content", "structure")}
        stages = iter(range(self.info.depth + 1))

        def on_event(event: Event) -> None:
            stage = next(stages)
            for name, clock in clocks.items():
                self._times.add(f"stage {stage} {name}", clock.take())

        self._run(0, on_event)
        for clock in clocks.values():
            clock.close()

    def _run(self, stage: int, on_event: Callable[[Event], None]) -> GranularitySequence:
        return self._pipeline.run_from(self._sequence, stage, self._settings, on_event=on_event)


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"


def _peak_memory(device: torch.device) -> int:
    """Bytes: of tensors on a GPU, otherwise of the whole process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    import resource

    # Linux counts in KiB, macOS in bytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
