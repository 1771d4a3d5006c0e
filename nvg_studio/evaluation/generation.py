"""Generated pictures beside real ones: samples, judged and compared."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from nvg_studio.atomic import write_atomic
from nvg_studio.evaluation.metrics.distributions import Features, Nearest, frechet_distance, nearest, precision_recall
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.imaging.crop import Picture, resize
from nvg_studio.sampling.pipeline import NVGPipeline
from nvg_studio.sampling.settings import GenerationSettings

BATCH = 8
MODELS_OWN = GenerationSettings()
THUMBNAIL = 32
"""Pixels a side at which pictures are compared directly."""
CLOSE = 0.05
"""A sample is called close to a training picture where only this share of the held-out photos are closer to one."""
Table = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Samples:
    """Generated pictures uint8 [S, S, 3], their sequences and classes int64 [n], in the order of the classes."""

    sequences: list[GranularitySequence]
    pictures: list[Picture]
    labels: NDArray[np.int64]


def generate(
    pipeline: NVGPipeline,
    labels: NDArray[np.int64],
    settings: GenerationSettings = MODELS_OWN,
    first_seed: int = 0,
) -> Samples:
    """One picture for every class of int64 [n]; the seeds are first_seed, first_seed + 1, and so on.

    Args:
        settings: those of every picture but for class and seed; what is not given there is the model's own.
    """
    each = [replace(settings, class_id=label, seed=first_seed + n) for n, label in enumerate(labels.tolist())]
    batches = [each[start : start + BATCH] for start in range(0, len(each), BATCH)]
    bar = tqdm(batches, desc="generating", unit=f"{BATCH} pictures", disable=None)
    sequences = [sequence for batch in bar for sequence in pipeline.generate_batch(batch)]
    return Samples(sequences, [pipeline.decode(sequence) for sequence in sequences], labels)


def classes_like(labels: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """`count` classes in the proportions of labels int64 [n], sorted."""
    return np.sort(labels)[np.linspace(0, len(labels) - 1, count).round().astype(int)]


def save_samples(samples: Samples, target: Path) -> None:
    """Write what the usual evaluators read: `arr_0` uint8 [n, S, S, 3], and `arr_1`, the classes int64 [n]."""
    write_atomic(target, lambda file: np.savez(file, np.stack(samples.pictures), samples.labels))


def compared(sets: Mapping[str, Features], real: Features) -> Table:
    """Frechet distance, precision and recall of sets of features [n, D] against real ones [m, D]: a column each."""
    table: Table = {"Frechet distance": {}, "precision": {}, "recall": {}}
    for name, features in sets.items():
        table["Frechet distance"][name] = frechet_distance(features, real)
        table["precision"][name], table["recall"][name] = precision_recall(features, real)
    return table


def thumbnails(squares: list[Picture]) -> NDArray[np.float32]:
    """Small versions as rows float32 [n, d], so scaled that distances are root mean squares, of 255."""
    small = np.stack([resize(square, THUMBNAIL) for square in squares]).reshape(len(squares), -1)
    return small.astype(np.float32) / np.float32(np.sqrt(small.shape[1]))


def nearest_pictures(squares: list[Picture], train: list[Picture]) -> Nearest:
    """The training picture, or mirrored training picture, that each square resembles most, pixel by pixel."""
    both = np.concatenate([thumbnails(train), thumbnails([picture[:, ::-1] for picture in train])])
    found = nearest(thumbnails(squares), both)
    return Nearest(found.place % len(train), found.distance)


def closeness(made: Nearest, val: Nearest) -> dict[str, float]:
    """Distances of samples to their nearest training picture, beside those of held-out photos."""
    return {
        "samples, median": float(np.median(made.distance)),
        "samples, least": float(made.distance.min()),
        "held-out photos, median": float(np.median(val.distance)),
        "held-out photos, least": float(val.distance.min()),
        f"samples closer than {1 - CLOSE:.0%} of held-out photos": float(
            (made.distance < np.quantile(val.distance, CLOSE)).mean()
        ),
    }
