"""Which guidance scales and which nucleus suit a model: samples at several settings, judged by a classifier.

`python benchmarks/guidance.py flowers/val --classifier models/flowers-classifier --dtype bfloat16`

One setting at a time differs from the model's own. Every setting draws the same classes with the same seeds.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from few_steps import judged, sample, show

from nvg_studio.evaluation.generation import classes_like
from nvg_studio.evaluation.judge import Judge
from nvg_studio.paths import shipped_model
from nvg_studio.sampling.pipeline import NVGPipeline, fit_square
from nvg_studio.sampling.settings import GenerationSettings
from nvg_studio.training.pack import load_photos

VARIATIONS = [
    GenerationSettings(),
    GenerationSettings(content_guidance=(1.0, 1.0)),
    GenerationSettings(content_guidance=(2.0, 2.0)),
    GenerationSettings(content_guidance=(5.0, 7.0)),
    GenerationSettings(structure_guidance=(1.0, 1.0)),
    GenerationSettings(structure_guidance=(4.0, 5.0)),
    GenerationSettings(top_p=(0.95, 0.5)),
    GenerationSettings(greedy=True),
]


def name(settings: GenerationSettings) -> str:
    """What differs from the model's own settings, in words."""
    changed = {key: value for key, value in asdict(settings).items() if value is not None and key != "seed"}
    return ", ".join(f"{key} {value}" for key, value in changed.items()) or "the model's own"


def main() -> None:
    """Draw, judge, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, help="held-out photos")
    parser.add_argument("--model", type=Path, default=shipped_model(), help="model folder")
    parser.add_argument("--classifier", type=Path, required=True)
    parser.add_argument("--json", type=Path, help="write the numbers here, too")
    parser.add_argument("--rounds", type=int, default=2, help="sets of pictures for each setting, with other seeds")
    parser.add_argument("--pictures", type=int, default=60, help="of each round")
    parser.add_argument("--dtype", default="auto")
    options = parser.parse_args()
    pipeline = NVGPipeline.from_pretrained(options.model, dtype=options.dtype)
    photos = load_photos(options.photos, 2 * pipeline.info.image_size)
    labels = classes_like(photos.labels, options.pictures)
    judge = Judge.open(options.classifier, pipeline.info.class_names, pipeline.device)
    real = judge.see([fit_square(photo, pipeline.info.image_size) for photo in photos.pictures])
    table: dict[int | str, dict[str, list[float]]] = {}
    for settings in VARIATIONS:
        drawn = [sample(pipeline, labels, settings, 1000 * number) for number in range(options.rounds)]
        rows = [judged(samples.pictures, labels, judge, real) for samples in drawn]
        table[name(settings)] = {key: [row[key] for row in rows] for key in rows[0]}
    show(table, "settings")
    if options.json:
        options.json.write_text(json.dumps(table, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
