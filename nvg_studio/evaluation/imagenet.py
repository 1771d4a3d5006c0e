"""A judge that no network of ours was trained against: an ImageNet network's features of real and made pictures."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from nvg_studio.evaluation.metrics.distributions import Features
from nvg_studio.imaging.crop import Picture
from nvg_studio.model.imagenet import ImageNetNetwork, installed_weights, load_imagenet
from nvg_studio.training.losses.perceptual import ImageNetLevels, Perceptual

VARIANT = "lite2"
"""Another network than the one that a decoder is trained with (lite0), so that it does not judge its own goal."""
BATCH = 32


@dataclass(frozen=True)
class ImageNetJudge:
    """An ImageNet network that is ready to embed pictures and to compare pairs of them."""

    network: ImageNetNetwork
    device: torch.device

    @classmethod
    def open(cls, weights: Path | None, device: torch.device) -> "ImageNetJudge | None":
        """The network of a weights file or, without one, of the installed package; None where there is neither.

        Raises:
            CheckpointError: the named file is damaged or holds something else.
        """
        found = weights or installed_weights(VARIANT)
        return None if found is None else cls(load_imagenet(found).to(device), device)

    @torch.inference_mode()
    def embed(self, squares: list[Picture]) -> Features:
        """Pooled features float32 [n, D] of pictures uint8 [S, S, 3]."""
        parts = [self.network.embed(images).features.cpu() for images in self._batches(squares)]
        return np.asarray(torch.cat(parts).numpy())

    @torch.inference_mode()
    def distance(self, photos: list[Picture], pictures: list[Picture]) -> float:
        """Mean perceptual distance of pictures uint8 [S, S, 3] to their photos, 0 (equal) to 4."""
        measure = Perceptual(ImageNetLevels(self.network))
        pairs = zip(self._batches(photos), self._batches(pictures), strict=True)
        return float(torch.cat([measure(ours, theirs) for ours, theirs in pairs]).mean())

    def _batches(self, squares: list[Picture]) -> list[Tensor]:
        """Batches float [B, 3, S, S] in [-1, 1]."""
        return [
            torch.from_numpy(np.stack(squares[start : start + BATCH])).to(self.device).permute(0, 3, 1, 2) / 127.5 - 1
            for start in range(0, len(squares), BATCH)
        ]
