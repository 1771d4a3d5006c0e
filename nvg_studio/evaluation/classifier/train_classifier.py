"""Training the classifier."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from nvg_studio.errors import TrainingError
from nvg_studio.evaluation.classifier.augment import PhotoCollection, blur, jitter, mix
from nvg_studio.imaging.crop import resize, square_crop
from nvg_studio.model.classifier import Classifier, ClassifierConfig, predict, predict_tensor, save_classifier
from nvg_studio.sampling.precision import Precision
from nvg_studio.training.data.pack import PhotoSet, Picture
from nvg_studio.training.loop.train_loop import Settings, step_rng, train

READ_AHEAD = 1.25
"""Photos are kept at this multiple of the classifier's size, so that crops can be shifted."""
SMOOTHING = 0.1


@dataclass(frozen=True)
class ClassifierRecipe:
    """Numbers of a classifier's run."""

    image_size: int = 128
    batch: int = 128
    rate: float = 2e-3
    weight_decay: float = 0.05
    seed: int = 0


class ClassifierTask:
    """The classifier and its loss, for `loop.train`."""

    auxiliary: nn.Module | None = None

    def __init__(self, recipe: ClassifierRecipe, train: PhotoSet, val: PhotoSet, device: torch.device) -> None:
        self.recipe, self.device = recipe, device
        self.precision = Precision()  # `predict_tensor` has its own
        torch.manual_seed(recipe.seed)
        self.networks = Classifier(len(train.classes)).to(device)
        self.optimizers: list[torch.optim.Optimizer] = [self._optimizer()]
        self.kept: dict[str, Tensor] = {}
        self.album, self.labels = PhotoCollection.of(train.pictures, device), train.labels
        self.held_out, self.held_out_labels = squares(val.pictures, recipe.image_size), val.labels

    def _optimizer(self) -> torch.optim.Optimizer:
        """AdamW; biases and scales of normalisations do not decay."""
        plain = [p for p in self.networks.parameters() if p.ndim == 1]
        kernels = [p for p in self.networks.parameters() if p.ndim > 1]
        groups: list[dict[str, Any]] = [{"params": kernels}, {"params": plain, "weight_decay": 0.0}]
        return torch.optim.AdamW(groups, self.recipe.rate, weight_decay=self.recipe.weight_decay, fused=True)

    def losses(self, step: int, progress: float) -> dict[str, Tensor]:
        """Cross-entropy of the batch of one step."""
        rng = step_rng(self.recipe.seed, step)
        index = rng.integers(len(self.labels), size=self.recipe.batch)
        images = blur(jitter(self.album.crops(index, self.recipe.image_size, rng), rng), rng)
        images, share = mix(images, rng)
        labels = torch.from_numpy(self.labels[index]).to(self.device)
        logits = predict_tensor(self.networks, images).logits
        here, there = (F.cross_entropy(logits, y, label_smoothing=SMOOTHING) for y in (labels, labels.roll(1)))
        return {"total": (1 - share) * here + share * there}

    def after_step(self, step: int, progress: float) -> None:
        """Nothing to keep in order."""

    def report(self, averaged: Classifier, folder: Path, step: int, final: bool) -> dict[str, float]:
        """Share of the held-out photos that are named rightly."""
        return {"val_accuracy": accuracy(averaged, self.held_out, self.held_out_labels)}


def train_classifier(
    recipe: ClassifierRecipe, photos: PhotoSet, val: PhotoSet, settings: Settings, device: torch.device, folder: Path
) -> ClassifierConfig:
    """Train a classifier and write it to `folder`, with the accuracy of what was written.

    Raises:
        TrainingError: the two sets have different classes, or the loss is no longer a number.
    """
    if val.classes != photos.classes:
        raise TrainingError("The held-out photos have other classes than the photos. Use the same class folders.")
    task = ClassifierTask(recipe, photos, val, device)
    network = train(task, settings).half().float()  # as it will be read again
    found = accuracy(network, task.held_out, val.labels)
    config = ClassifierConfig(recipe.image_size, photos.classes, found, len(val.pictures))
    save_classifier(config, network, folder)
    return config


def squares(photos: list[Picture], size: int) -> NDArray[np.uint8]:
    """The centre squares of photos at one size, uint8 [n, size, size, 3]."""
    return np.stack([resize(square_crop(photo), size) for photo in photos])


def accuracy(network: Classifier, pictures: NDArray[np.uint8], labels: NDArray[np.int64]) -> float:
    """Share of pictures uint8 [n, S, S, 3] of the classifier's size that it gives their labels int64 [n]."""
    return float((predict(network, pictures).logits.argmax(1).numpy() == labels).mean())
