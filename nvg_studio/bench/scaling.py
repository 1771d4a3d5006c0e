"""How the time of a generation grows: with cells, depth, variations and structure steps, on random weights."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from nvg_studio.bench.random_model import random_networks
from nvg_studio.bench.timing import Times
from nvg_studio.model.config import ModelConfig, TokenizerConfig, official
from nvg_studio.sampling.devices import resolve_device
from nvg_studio.sampling.pipeline import NVGPipeline
from nvg_studio.sampling.settings import GenerationSettings

CELLS, DEPTHS, VARIATIONS, STEPS = (64, 256, 1024), (4, 8, 16), (1, 2, 4, 8, 16), (1, 2, 4, 8, 16, 25)
DEPTH, STEP = 4, 4
"""Depth of the networks and structure steps where they are not what grows."""


def measure(device: str, dtype: str, repeats: int) -> dict[str, list[dict[str, Any]]]:
    """Median seconds of a generation without its decoding, by what grows and how much of it there is."""
    small = _pipeline(sized(DEPTH, 256), device, dtype)
    return {
        "cells": _grow(CELLS, repeats, lambda n: (_pipeline(sized(DEPTH, n), device, dtype), 1, STEP)),
        "depth": _grow(DEPTHS, repeats, lambda n: (_pipeline(sized(n, 256), device, dtype), 1, STEP)),
        "variations": _grow(VARIATIONS, repeats, lambda n: (small, n, STEP)),
        "steps": _grow(STEPS, repeats, lambda n: (small, 1, n)),
    }


def sized(depth: int, cells: int) -> ModelConfig:
    """The published layout for another depth of the networks and 64, 256 or 1024 cells of a picture of 256 px."""
    config = official(depth, classes=10)
    multipliers = (1, 2, 4, 4, 4, 4)[: 6 - (cells.bit_length() - 7) // 2]
    tok = config.tokenizer
    tokenizer = TokenizerConfig(
        tok.image_size, 32, multipliers, 1, 1, tok.latent_channels, tok.codebook_size, tok.norm_groups
    )
    generator = replace(config.generator, scale_factors=(1.0,) * (tokenizer.depth + 2))
    return replace(config, tokenizer=tokenizer, generator=generator)


def _pipeline(config: ModelConfig, device: str, dtype: str) -> NVGPipeline:
    return NVGPipeline(random_networks(config, resolve_device(device)), device, dtype, owned=True)


def _grow(
    sizes: tuple[int, ...], repeats: int, make: Callable[[int], tuple[NVGPipeline, int, int]]
) -> list[dict[str, Any]]:
    """One row a size. The sizes take turns, so that a slow spell of the machine meets all of them."""
    made = {size: make(size) for size in sizes}
    times = Times(next(iter(made.values()))[0].device)
    for turn in range(repeats + 1):
        for size, (pipeline, pictures, steps) in made.items():
            settings = [GenerationSettings(class_id=0, seed=seed, structure_steps=steps) for seed in range(pictures)]
            start = times.now()
            pipeline.generate_batch(settings)
            # The first turn warms up.
            if turn:
                times.add(str(size), times.now() - start)
    return [{"size": size, "generate_s": times.median(str(size))} for size in sizes]
