"""Whether memory grows over many runs (`python benchmarks/memory.py --runs 200`).

One process makes pictures from all levels in turn, with other classes and seeds. One JSON line: the resident MiB after
the warm-up and at the end, and the growth between the medians of the first and the last quarter of the runs.
"""

import argparse
import gc
import json
from pathlib import Path
from statistics import median

import psutil

from nvg_studio.paths import shipped_model
from nvg_studio.sampling.pipeline import NVGPipeline
from nvg_studio.sampling.settings import GenerationSettings

MIB = 1 << 20


def main() -> None:
    """Run and watch."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=shipped_model(), help="model folder")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--steps", type=int, default=2, help="structure steps a stage")
    options = parser.parse_args()
    pipeline, process = NVGPipeline.from_pretrained(options.model), psutil.Process()
    stages, classes = pipeline.info.depth + 1, len(pipeline.info.class_names)
    sequence, resident = pipeline.generate(GenerationSettings(structure_steps=options.steps)), []
    for run in range(options.runs):
        settings = GenerationSettings(class_id=run % classes, seed=run, structure_steps=options.steps)
        sequence = pipeline.run_from(sequence, run % stages, settings, on_event=lambda event: None)
        gc.collect()
        resident.append(process.memory_info().rss / MIB)
    quarter = max(1, options.runs // 4)
    growth = median(resident[-quarter:]) - median(resident[:quarter])
    line = {"runs": options.runs, "first_mib": resident[0], "last_mib": resident[-1], "growth_mib": growth}
    print(json.dumps({key: round(value, 1) for key, value in line.items()}))


if __name__ == "__main__":
    main()
