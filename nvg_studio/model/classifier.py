"""A small classifier of the photos' classes: it judges generated pictures, and its features tell a tokenizer how alike
two pictures look.

A folder holds it: `classifier.json` and `classifier.safetensors` (float16).
"""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from nvg_studio.atomic import write_atomic
from nvg_studio.errors import CheckpointError
from nvg_studio.model.checkpoint import fill, read_safetensors, write_tensors
from nvg_studio.model.config import read_json

CONFIG, WEIGHTS = "classifier.json", "classifier.safetensors"
WIDTHS = (32, 64, 128, 192)
BLOCKS, GROUPS = 2, 16
"""Residual blocks at each width; groups of a normalisation."""
DROPOUT = 0.2
BATCH = 128


@dataclass(frozen=True)
class ClassifierConfig:
    """What a classifier tells apart, at which size, and how well.

    image_size    side of its pictures in pixels, 32 to 512
    classes       names, at least two
    val_accuracy  share of the held-out photos it names rightly, 0..1, with the weights as they are saved
    val_photos    how many photos that was measured on
    """

    image_size: int
    classes: tuple[str, ...]
    val_accuracy: float
    val_photos: int


class Prediction(NamedTuple):
    """Predictions of the classifier: pooled features float [B, D] and logits float [B, classes]."""

    features: Tensor
    logits: Tensor


class Block(nn.Module):
    """Pre-activated residual block of two 3 x 3 convolutions."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(GROUPS, inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm2 = nn.GroupNorm(GROUPS, outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.shortcut = nn.Conv2d(inputs, outputs, 1, bias=False) if inputs != outputs else nn.Identity()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """[B, inputs, H, W] -> [B, outputs, H / stride, W / stride]."""
        hidden = F.relu(self.norm1(x))
        skipped = x if self.stride == 1 else F.avg_pool2d(x, self.stride)
        hidden = F.relu(self.norm2(self.conv1(hidden)))
        return self.shortcut(skipped) + self.conv2(hidden)


class Classifier(nn.Module):
    """A residual network of four widths, the first at half the picture's side."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, WIDTHS[0], 3, 2, 1, bias=False)
        blocks, inputs = [], WIDTHS[0]
        for number, width in enumerate(WIDTHS):
            for place in range(BLOCKS):
                blocks.append(Block(inputs, width, stride=2 if number and not place else 1))
                inputs = width
        self.blocks = nn.Sequential(*blocks)
        self.norm = nn.GroupNorm(GROUPS, inputs)
        self.dropout = nn.Dropout(DROPOUT)
        self.head = nn.Linear(inputs, classes)

    def forward(self, images: Tensor) -> Prediction:
        """Features and logits of float [B, 3, S, S] in [-1, 1]."""
        hidden = F.relu(self.norm(self.levels(images)[-1]))
        features = hidden.float().mean((2, 3))  # [B, D]
        return Prediction(features, self.head(self.dropout(features)).float())

    def levels(self, images: Tensor) -> list[Tensor]:
        """What each width makes of float [B, 3, S, S] in [-1, 1]: [B, width, s, s], from S / 2 down to S / 16."""
        hidden, found = self.stem(images), []
        for number, block in enumerate(self.blocks, 1):
            hidden = block(hidden)
            if number % BLOCKS == 0:
                found.append(hidden)
        return found


def predict_tensor(network: Classifier, images: Tensor) -> Prediction:
    """Features and logits of float [B, 3, S, S] in [-1, 1], computed in bfloat16."""
    with torch.autocast(images.device.type, torch.bfloat16):
        return network(images.contiguous(memory_format=torch.channels_last))


@torch.inference_mode()
def predict(network: Classifier, pictures: NDArray[np.uint8]) -> Prediction:
    """Features and logits, on the CPU, of pictures uint8 [n, S, S, 3] of the classifier's size."""
    device = next(network.parameters()).device
    seen = []
    for part in torch.from_numpy(pictures).split(BATCH):
        images = part.to(device).permute(0, 3, 1, 2).float() / 127.5 - 1
        seen.append(predict_tensor(network, images))
    return Prediction(*(torch.cat(parts).cpu() for parts in zip(*seen, strict=True)))


def save_classifier(config: ClassifierConfig, network: Classifier, folder: Path) -> None:
    """Write a classifier's two files into `folder`, each atomically."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {key: value.detach().to("cpu", torch.float16) for key, value in network.state_dict().items()}
    write_tensors(weights, folder / WEIGHTS)
    write_atomic(folder / CONFIG, (json.dumps(asdict(config), indent=2, ensure_ascii=False) + "\n").encode())


def load_classifier(folder: Path) -> tuple[ClassifierConfig, Classifier]:
    """Read a classifier in float32, ready for use.

    Raises:
        CheckpointError: a file is missing, damaged, does not fit the other, or holds numbers that are not finite.
    """
    config = _read_config(folder / CONFIG)
    with torch.device("meta"):
        network = Classifier(len(config.classes))
    fill(network, read_safetensors(folder / WEIGHTS), WEIGHTS)
    return config, network.eval().requires_grad_(False)


def _read_config(path: Path) -> ClassifierConfig:
    data = read_json(path, "classifier")
    if not _is_description(data):
        raise CheckpointError(f"'{path}' does not describe a classifier. Copy the classifier's folder again.")
    return ClassifierConfig(**{**data, "classes": tuple(data["classes"])})


def _is_description(data: Any) -> bool:
    if not isinstance(data, dict) or set(data) != {field.name for field in fields(ClassifierConfig)}:
        return False
    size, classes, accuracy, photos = (data[field.name] for field in fields(ClassifierConfig))
    return (
        isinstance(classes, list)
        and 2 <= len(classes) <= 10_000
        and all(isinstance(name, str) for name in classes)
        and type(size) is type(photos) is int
        and 32 <= size <= 512
        and photos > 0
        and isinstance(accuracy, float | int)
        and 0 <= accuracy <= 1
    )
