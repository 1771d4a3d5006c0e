"""What `nvg-studio bench` measures of the engine alone: every stage, runs from every level, encoding, memory."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from nvg_studio.bench.timing import MIB, Times, peak_memory
from nvg_studio.granularity.clustering import structure_maps
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.sampling.events import Event
from nvg_studio.sampling.pipeline import NVGPipeline
from nvg_studio.sampling.settings import GenerationSettings


class Bench:
    """One model on one device. `round` makes one repeat of everything; `report` gives the medians."""

    def __init__(self, pipeline: NVGPipeline) -> None:
        self._pipeline, self._times = pipeline, Times(pipeline.device)
        self.info = pipeline.info
        self._settings = GenerationSettings(class_id=0 if self.info.class_names else None)
        random = np.random.default_rng(0)
        self._image = random.integers(0, 256, (self.info.image_size, self.info.image_size, 3), np.uint8)
        channels = pipeline.config.tokenizer.latent_channels
        self._latent = random.standard_normal((self.info.cells, channels)).astype(np.float32)
        # Also the warm-up: the first run of any kind is slower.
        self._sequence = pipeline.generate(self._settings)
        pipeline.encode(self._image)
        pipeline.decode(self._sequence)

    def round(self) -> None:
        """One repeat of every measurement."""
        times, pipeline = self._times, self._pipeline
        with times.of("encode"):
            pipeline.encode(self._image)
        with times.of("clustering"):
            structure_maps(self._latent, pipeline.config.tokenizer.structure_method)
        with times.of("decode"):
            pipeline.decode(self._sequence)
        with times.of("generate"):
            pipeline.decode(pipeline.generate(self._settings))
        for stage in range(self.info.depth + 1):
            with times.of(f"stage {stage} decode"):
                pipeline.decode(self._sequence, stage=stage)
            self._time_run(stage)
        self._time_stages()

    def report(self) -> dict[str, Any]:
        """All numbers, JSON-able; keys ending in _s are seconds."""
        middle, stages = self._times.median, range(self.info.depth + 1)
        kinds = ("content", "structure", "decode")
        return {
            **{f"{name}_s": middle(name) for name in ("encode", "clustering", "decode", "generate")},
            "stages": [{"stage": i, **{f"{kind}_s": middle(f"stage {i} {kind}") for kind in kinds}} for i in stages],
            "run_from": [
                {"stage": i, "first_preview_s": middle(f"from {i} first"), "total_s": middle(f"from {i}")}
                for i in stages
            ],
            "peak_memory_mib": round(peak_memory(self._pipeline.device) / MIB, 1),
        }

    def _time_run(self, stage: int) -> None:
        """A run as the window makes it, with the previews of all stages."""
        times, seen = self._times, []
        start = times.now()
        self._run(stage, lambda event: seen.append(times.now()))
        times.add(f"from {stage} first", seen[0] - start)
        times.add(f"from {stage}", seen[-1] - start)

    @torch.inference_mode()
    def _time_stages(self) -> None:
        """One more run, step by step."""
        runner = self._pipeline.runner([self._settings])
        state = runner.start(self._sequence, 0)
        for stage in range(self.info.depth + 1):
            with self._times.of(f"stage {stage} content"):
                runner.add_content(state, stage)
            if stage < self.info.depth:
                with self._times.of(f"stage {stage} structure"):
                    runner.add_level(state, stage)

    def _run(self, stage: int, on_event: Callable[[Event], None]) -> GranularitySequence:
        return self._pipeline.run_from(self._sequence, stage, self._settings, on_event=on_event)
