"""The trained classifier: predictions for pictures of any size."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from nvg_studio.errors import TrainingError
from nvg_studio.imaging.crop import Picture, resize
from nvg_studio.model.classifier import Classifier, ClassifierConfig, load_classifier, predict


class Predictions(NamedTuple):
    """Features float32 [n, D] and the likeliest class int64 [n] of n pictures."""

    features: NDArray[np.float32]
    classes: NDArray[np.int64]

    def accuracy(self, labels: NDArray[np.int64]) -> float:
        """Share of the pictures whose class is their label, int64 [n]."""
        return float((self.classes == labels).mean())


@dataclass(frozen=True)
class TrainedClassifier:
    """A loaded classifier."""

    config: ClassifierConfig
    network: Classifier

    @classmethod
    def open(cls, folder: Path, classes: tuple[str, ...], device: torch.device) -> "TrainedClassifier":
        """Load a classifier of these classes; CheckpointError, or TrainingError where it has others."""
        config, network = load_classifier(folder)
        if config.classes != classes:
            raise TrainingError(
                f"The classifier in '{folder}' tells {', '.join(config.classes)} apart, not {', '.join(classes)}. "
                "Train one on the model's photos."
            )
        return cls(config, network.to(device))

    def predict(self, squares: list[Picture]) -> Predictions:
        """Predictions for square pictures uint8 [S, S, 3] after bringing them to the classifier's size."""
        seen = predict(self.network, np.stack([resize(square, self.config.image_size) for square in squares]))
        return Predictions(seen.features.numpy(), seen.logits.argmax(1).numpy())
