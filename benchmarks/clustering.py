"""How long the pure data structure takes: clustering, painting, balancing (`python benchmarks/clustering.py`).

One JSON line for each measurement: what, number of cells, milliseconds (median and worst of the repetitions).
"""

import argparse
import json
from collections.abc import Callable
from functools import partial
from time import perf_counter

import numpy as np

from nvg_studio.granularity import edits, hierarchy
from nvg_studio.granularity.clustering import cluster
from nvg_studio.granularity.halves import halve
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.granularity.structure_method import HALVES


def measure(name: str, cells: int, work: Callable[[int], object], repetitions: int) -> None:
    """Time `work(repetition)` and print one line; the first call warms up and is left out."""
    work(0)
    times = []
    for repetition in range(repetitions):
        start = perf_counter()
        work(repetition)
        times.append(1e3 * (perf_counter() - start))
    line = {"what": name, "cells": cells, "median_ms": float(np.median(times)), "worst_ms": max(times)}
    print(json.dumps({key: round(value, 3) if isinstance(value, float) else value for key, value in line.items()}))


def measure_grid(side: int, repetitions: int) -> None:
    """Everything on a grid of side x side cells."""
    cells = side * side
    depth = cells.bit_length() - 1
    generator = np.random.default_rng(0)
    latents = generator.normal(size=(8, cells, 32)).astype(np.float32)
    measure("halves", cells, lambda repetition: halve(latents[repetition % 8], HALVES), repetitions)
    measure("cluster", cells, lambda repetition: cluster(latents[repetition % 8]), repetitions)

    bits = hierarchy.labels_to_bits(cluster(latents[0])[-1], depth)
    tokens = generator.integers(0, 4096, (depth + 1, cells), dtype=np.int32)
    strokes = [np.flatnonzero(generator.random(cells) < 0.1) for _ in range(8)]

    def stroke(level: int, balanced: bool, repetition: int) -> GranularitySequence:
        before = GranularitySequence(bits, tokens)
        after = edits.paint(before, strokes[repetition % 8], level, 1, inside_parent=False)
        return edits.balance(after, level, painted=edits.changed_cells(before, after)) if balanced else after

    for level in (1, 2, 4, depth):
        measure(f"paint level {level}", cells, partial(stroke, level, False), repetitions)
        measure(f"paint and balance level {level}", cells, partial(stroke, level, True), repetitions)


def main() -> None:
    """Measure the grids of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sides", type=int, nargs="+", default=[8, 16], help="cells per side, powers of two")
    parser.add_argument("--repetitions", type=int, default=50)
    options = parser.parse_args()
    for side in options.sides:
        measure_grid(side, options.repetitions)


if __name__ == "__main__":
    main()
