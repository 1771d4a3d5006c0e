"""How alike two pictures look: the distance of their features in a frozen network (LPIPS, arXiv 1801.03924).

The network is the classifier of one's own photos, an ImageNet network, or VGG16 from a local folder; with the published
linear heads beside VGG16 this is LPIPS itself.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nvg_studio.errors import CheckpointError
from nvg_studio.model.checkpoint import fill, load_tensors, read_safetensors
from nvg_studio.model.classifier import CONFIG, Classifier, load_classifier
from nvg_studio.model.imagenet import WEIGHTS as IMAGENET_WEIGHTS
from nvg_studio.model.imagenet import ImageNetNetwork, load_imagenet

VGG_WIDTHS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""LPIPS brings pictures in [-1, 1] to what VGG16 was trained on."""
EPSILON = 1e-10


class ClassifierLevels(nn.Module):
    """Features of a classifier at all its widths, of pictures brought to its size."""

    def __init__(self, network: Classifier, image_size: int) -> None:
        super().__init__()
        self.network, self.image_size = network, image_size

    def forward(self, images: Tensor) -> list[Tensor]:
        """float [B, 3, S, S] in [-1, 1] -> [B, C, s, s] for every width."""
        if images.shape[-1] != self.image_size:
            images = F.interpolate(images, size=self.image_size, mode="bilinear", antialias=True)
        return self.network.levels(images)


class ImageNetLevels(nn.Module):
    """Features of an ImageNet network at five sizes, of pictures at their own size."""

    def __init__(self, network: ImageNetNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> list[Tensor]:
        """float [B, 3, S, S] in [-1, 1] -> [B, C, s, s] for s = S / 2 .. S / 32."""
        return self.network.levels(images)


class Vgg16(nn.Module):
    """The convolutions of VGG16, by torchvision's names."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 3
        for widths in VGG_WIDTHS:
            for width in widths:
                layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU()]
                inputs = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> list[Tensor]:
        """float [B, 3, S, S] in [-1, 1] -> [B, C, s, s] before each of the five poolings; S is at least 16."""
        layers = list(self.features.children())[:-1]
        hidden = (images - images.new_tensor(SHIFT).view(3, 1, 1)) / images.new_tensor(SCALE).view(3, 1, 1)
        found = []
        for layer in layers:
            if isinstance(layer, nn.MaxPool2d):
                found.append(hidden)
            hidden = layer(hidden)
        return [*found, hidden]


class Perceptual(nn.Module):
    """Squared distance of the features' directions in every cell, averaged over cells, at several depths.

    With `heads`, the weight of every channel at every depth, the depths are added up as in LPIPS; without, channels
    count alike and the depths are averaged, which gives 0 to 4.
    """

    def __init__(self, levels: nn.Module, heads: list[Tensor] | None = None) -> None:
        super().__init__()
        self.levels = levels
        for depth, head in enumerate(heads or ()):
            self.register_buffer(f"head{depth}", head)
        self.has_heads = heads is not None
        self.requires_grad_(False).eval()

    def forward(self, images: Tensor, others: Tensor) -> Tensor:
        """Distance of each of float [B, 3, S, S] in [-1, 1] to its counterpart, float [B]."""
        distances = []
        for depth, (ours, theirs) in enumerate(zip(self.levels(images), self.levels(others), strict=True)):
            square = (_directions(ours) - _directions(theirs)).square()  # [B, C, s, s]
            if self.has_heads:
                square = square * self.get_buffer(f"head{depth}").view(-1, 1, 1)
            distances.append(square.sum(1).mean((1, 2)))
        found = torch.stack(distances)
        return found.sum(0) if self.has_heads else found.mean(0)


def _directions(features: Tensor) -> Tensor:
    features = features.float()
    return features / (features.square().sum(1, keepdim=True) + EPSILON).sqrt()


def load_perceptual(folder: Path, device: torch.device) -> Perceptual:
    """The loss whose network lies in a folder: a classifier's two files, `efficientnet-lite*.pth`, `vgg16*.pth` or
    `vgg16*.safetensors`; beside VGG16 LPIPS's `vgg.pth` if it is there.

    Raises:
        CheckpointError: neither is there, or a file is damaged or holds something else.
    """
    if (folder / CONFIG).is_file():
        config, network = load_classifier(folder)
        return Perceptual(ClassifierLevels(network, config.image_size)).to(device)
    if any(folder.glob(IMAGENET_WEIGHTS)):
        return Perceptual(ImageNetLevels(load_imagenet(folder))).to(device)
    weights = sorted(path for path in folder.glob("vgg16*") if path.suffix in (".pth", ".safetensors"))
    if not weights:
        raise CheckpointError(
            f"'{folder}' holds no classifier, no 'efficientnet-lite*.pth' and no 'vgg16*.pth'. "
            "Make a classifier with 'evaluate classifier'."
        )
    vgg = Vgg16()
    found = {key: value for key, value in _read(weights[0]).items() if key.startswith("features.")}
    fill(vgg, found, str(weights[0]))
    heads = folder / "vgg.pth"
    return Perceptual(vgg, _read_heads(heads) if heads.is_file() else None).to(device)


def _read(path: Path) -> Mapping[str, Tensor]:
    return read_safetensors(path) if path.suffix == ".safetensors" else load_tensors(path)


def _read_heads(path: Path) -> list[Tensor]:
    tensors, heads = load_tensors(path), []
    for depth, widths in enumerate(VGG_WIDTHS):
        head = tensors.get(f"lin{depth}.model.1.weight")
        if not isinstance(head, Tensor) or head.shape != (1, widths[-1], 1, 1) or not bool(head.isfinite().all()):
            raise CheckpointError(f"'{path}' does not hold LPIPS's heads for VGG16. Get the file again.")
        heads.append(head.float().flatten())
    return heads
