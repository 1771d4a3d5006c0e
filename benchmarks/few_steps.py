"""What few structure steps cost in quality: samples by many Euler steps beside samples by the few-step network.

`python benchmarks/few_steps.py flowers/val --classifier models/flowers-classifier --out runs/few`

Every way of making structure draws `--rounds` sets of pictures with different seeds. Each set is judged by the
classifier: how many are named rightly, and Frechet distance, precision and recall against the held-out photos. The
structure loss is that of held-out photos: mean square distance of what the flow makes of noise, given a photo's canvas
and structure up to a level, from the photo's own next bits. The spread between the rounds says which differences are
chance. Sets that are in the folder already are not made again.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from nvg_studio.evaluation.distributions import frechet_distance, precision_recall
from nvg_studio.evaluation.generation import BATCH, Samples, classes_like, save_samples
from nvg_studio.evaluation.judge import Judge, Verdict
from nvg_studio.evaluation.subject import spread
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.imaging.crop import Picture
from nvg_studio.paths import shipped_model
from nvg_studio.sampling.flow import euler
from nvg_studio.sampling.pipeline import NVGPipeline, fit_square
from nvg_studio.sampling.settings import GenerationSettings
from nvg_studio.training.pack import load_photos

MANY = 25
"""Euler steps of the paper."""
LOSS_PHOTOS = 12


def way_of(pipeline: NVGPipeline, steps: int) -> NVGPipeline:
    """`MANY` steps are Euler's, as in the paper; fewer are the program's own way."""
    return pipeline.with_solver(euler) if steps == MANY else pipeline


def sample(pipeline: NVGPipeline, labels: NDArray[np.int64], settings: GenerationSettings, first_seed: int) -> Samples:
    """One picture of every class of int64 [n], each with a seed of its own."""
    each = [replace(settings, class_id=label, seed=first_seed + n) for n, label in enumerate(labels.tolist())]
    batches = tqdm([each[start : start + BATCH] for start in range(0, len(each), BATCH)], disable=None)
    sequences = [sequence for batch in batches for sequence in pipeline.generate_batch(batch)]
    return Samples(sequences, [pipeline.decode(sequence) for sequence in sequences], labels)


@torch.inference_mode()
def structure_loss(
    pipeline: NVGPipeline, sequences: list[GranularitySequence], labels: NDArray[np.int64], steps: int, first_seed: int
) -> float:
    """Mean over photos and levels; each photo's class is one of int64 [n]."""
    losses = []
    for number, (sequence, label) in enumerate(zip(tqdm(sequences, disable=None), labels.tolist(), strict=True)):
        settings = GenerationSettings(class_id=label, seed=first_seed + number, structure_steps=steps)
        runner = pipeline.runner([settings])
        for stage in range(pipeline.info.depth - 1):
            state = runner.start(sequence, stage + 1)
            wanted = 2.0 * state.bits[..., stage] - 1
            losses.append(float((runner.flow(state, stage)[..., stage] - wanted).square().mean()))
    return float(np.mean(losses))


def judged(pictures: list[Picture], labels: NDArray[np.int64], judge: Judge, real: Verdict) -> dict[str, float]:
    """The classifier's numbers of n pictures and their classes, int64 [n]."""
    seen = judge.see(pictures)
    precision, recall = precision_recall(seen.features, real.features)
    return {
        "named rightly": seen.accuracy(labels),
        "Frechet distance": frechet_distance(seen.features, real.features),
        "precision": precision,
        "recall": recall,
    }


def main() -> None:
    """Draw what is missing, judge all, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, help="held-out photos")
    parser.add_argument("--model", type=Path, default=shipped_model(), help="model folder")
    parser.add_argument("--classifier", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder of the samples and of few-steps.json")
    parser.add_argument("--steps", type=int, nargs="+", default=[MANY, 8, 4, 2, 1])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pictures", type=int, default=60, help="of each round")
    parser.add_argument("--dtype", default="auto")
    options = parser.parse_args()
    pipeline = NVGPipeline.from_pretrained(options.model, dtype=options.dtype)
    photos = load_photos(options.photos, 2 * pipeline.info.image_size)
    labels = classes_like(photos.labels, options.pictures)
    options.out.mkdir(parents=True, exist_ok=True)
    for steps in options.steps:
        for number in range(options.rounds):
            target = options.out / f"{steps:03d}-steps-{number}.npz"
            if not target.exists():
                settings = GenerationSettings(structure_steps=steps)
                save_samples(sample(way_of(pipeline, steps), labels, settings, 1000 * number), target)
    squares = [fit_square(photo, pipeline.info.image_size) for photo in photos.pictures]
    some = spread(len(squares), LOSS_PHOTOS)
    sequences = [pipeline.encode(squares[index]) for index in some]
    judge = Judge.open(options.classifier, pipeline.info.class_names, pipeline.device)
    real = judge.see(squares)
    table: dict[int | str, dict[str, list[float]]] = {}
    for steps in options.steps:
        rows = []
        for number in range(options.rounds):
            with np.load(options.out / f"{steps:03d}-steps-{number}.npz") as one:
                rows.append(judged(list(one["arr_0"]), one["arr_1"], judge, real))
        table[steps] = {name: [row[name] for row in rows] for name in rows[0]}
        table[steps]["structure loss"] = [
            structure_loss(way_of(pipeline, steps), sequences, photos.labels[some], steps, 1000 * number)
            for number in range(options.rounds)
        ]
    show(table, "steps")
    (options.out / "few-steps.json").write_text(json.dumps(table, indent=2) + "\n", "utf-8")


def show(table: Mapping[int | str, Mapping[str, list[float]]], head: str) -> None:
    """Print every number as mean and range over the rounds."""
    names = list(next(iter(table.values())))
    print(f"| {head} | " + " | ".join(names) + " |")
    print("|" + " --- |" * (len(names) + 1))
    for row_name, row in table.items():
        cells = [f"{np.mean(v):.3f} ({min(v):.3f}-{max(v):.3f})" for v in row.values()]
        print(f"| {row_name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
