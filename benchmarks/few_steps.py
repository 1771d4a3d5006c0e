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
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from nvg_studio.atomic import write_atomic
from nvg_studio.evaluation.classifier.trained_classifier import Predictions, TrainedClassifier
from nvg_studio.evaluation.generation import classes_like, generate, save_samples
from nvg_studio.evaluation.inputs import EvaluationInputs, Request, open_inputs
from nvg_studio.evaluation.metrics.distributions import frechet_distance, precision_recall
from nvg_studio.evaluation.tables import markdown
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.imaging.crop import Picture
from nvg_studio.paths import shipped_model
from nvg_studio.sampling.flow import euler
from nvg_studio.sampling.pipeline import NVGPipeline
from nvg_studio.sampling.settings import GenerationSettings

MANY = 25
"""Euler steps of the paper."""
LOSS_PHOTOS = 12
APART = 1000
"""Between the first seeds of two rounds."""
Numbers = dict[str, list[float]]
"""What was measured, a value a round."""


def way_of(pipeline: NVGPipeline, steps: int) -> NVGPipeline:
    """`MANY` steps are Euler's, as in the paper; fewer are the program's own way."""
    return pipeline.with_solver(euler) if steps == MANY else pipeline


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


def judged(
    pictures: list[Picture], labels: NDArray[np.int64], judge: TrainedClassifier, real: Predictions
) -> dict[str, float]:
    """The classifier's numbers of n pictures and their classes, int64 [n], beside real ones."""
    seen = judge.predict(pictures)
    precision, recall = precision_recall(seen.features, real.features)
    return {
        "named rightly": seen.accuracy(labels),
        "Frechet distance": frechet_distance(seen.features, real.features),
        "precision": precision,
        "recall": recall,
    }


def rounds_together(rounds: list[dict[str, float]]) -> Numbers:
    """The values of every number, in the order of the rounds."""
    return {name: [one[name] for one in rounds] for name in rounds[0]}


def options_of(description: str | None, rounds: int) -> argparse.ArgumentParser:
    """What benchmarks with judged samples are told."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, help="held-out photos")
    parser.add_argument("--model", type=Path, default=shipped_model(), help="model folder")
    parser.add_argument("--classifier", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder of the numbers and samples")
    parser.add_argument("--rounds", type=int, default=rounds, help="sets of pictures, with other seeds")
    parser.add_argument("--pictures", type=int, default=60, help="of each round")
    parser.add_argument("--dtype", default="auto")
    return parser


def opened(options: argparse.Namespace) -> tuple[EvaluationInputs, NDArray[np.int64], TrainedClassifier, Predictions]:
    """Model and photos, the classes int64 [n] of a set of samples, the judge, and what it sees in the photos."""
    given = {name: getattr(options, name) for name in ("model", "photos", "out", "classifier", "pictures", "dtype")}
    subject = open_inputs(Request(**given))
    assert subject.judge is not None  # --classifier is required
    options.out.mkdir(parents=True, exist_ok=True)
    labels = classes_like(subject.photos.labels, options.pictures)
    return subject, labels, subject.judge, subject.judge.predict(subject.squares)


def show(table: Mapping[str, Numbers], target: Path) -> None:
    """Print every number as mean and range over the rounds, and write all of them as JSON."""
    rows = {
        row: {name: f"{np.mean(v):.3f} ({min(v):.3f}-{max(v):.3f})" for name, v in numbers.items()}
        for row, numbers in table.items()
    }
    print(markdown({target.stem: rows}))
    write_atomic(target, (json.dumps(table, indent=2) + "\n").encode())


def main() -> None:
    """Draw what is missing, judge all, print a table."""
    parser = options_of(__doc__, rounds=3)
    parser.add_argument("--steps", type=int, nargs="+", default=[MANY, 8, 4, 2, 1])
    options = parser.parse_args()
    subject, labels, judge, real = opened(options)
    some = subject.evenly_spaced(LOSS_PHOTOS)
    sequences = [subject.pipeline.encode(subject.squares[index]) for index in some]
    table: dict[str, Numbers] = {}
    for steps in options.steps:
        way, rounds = way_of(subject.pipeline, steps), []
        for number in range(options.rounds):
            file = options.out / f"{steps:03d}-steps-{number}.npz"
            if not file.exists():
                settings = GenerationSettings(structure_steps=steps)
                save_samples(generate(way, labels, settings, APART * number), file)
            with np.load(file) as samples:
                numbers = judged(list(samples["arr_0"]), samples["arr_1"], judge, real)
            numbers["structure loss"] = structure_loss(
                way, sequences, subject.photos.labels[some], steps, APART * number
            )
            rounds.append(numbers)
        table[f"{steps} steps"] = rounds_together(rounds)
    show(table, options.out / "few-steps.json")


if __name__ == "__main__":
    main()
