"""Weights of an EfficientNet-Lite that nobody trained, written as the published files are."""

from pathlib import Path

import torch

from nvg_studio.model.imagenet import VARIANTS, ImageNetNetwork


def random_weights(path: Path) -> Path:
    """Write a weights file; its name says the variant."""
    torch.manual_seed(0)
    variant = next(name for name in VARIANTS if name in path.name)
    torch.save(ImageNetNetwork(variant).network.state_dict(), path)
    return path
