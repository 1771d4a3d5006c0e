"""The adversary of a tokenizer: a discriminator that learns to tell rebuilt pictures from real ones.

Losses as in the paper's training: hinge and LeCam (arXiv 2104.03310) for the discriminator, softplus for the tokenizer.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from nvg_studio.training.loop import devices
from nvg_studio.training.losses.diffaugment import augment
from nvg_studio.training.losses.vit import FrozenVit, resized

LECAM = 0.001
LOGIT_DECAY = 0.999
SLOPE = 0.2
PATCH_WIDTHS = (64, 128, 256)
READOUTS = 5
HEAD_KERNEL = 9


class Judged(NamedTuple):
    """Scalars: what the tokenizer minimises to look real, and what the discriminator minimises."""

    tokenizer: Tensor
    critic: Tensor


class PatchDiscriminator(nn.Module):
    """A logit for every patch of a picture (PatchGAN, arXiv 1611.07004), held back by spectral norms."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 3
        for width in PATCH_WIDTHS:
            layers += [spectral_norm(nn.Conv2d(inputs, width, 4, 2, 1)), nn.LeakyReLU(SLOPE)]
            inputs = width
        layers += [spectral_norm(nn.Conv2d(inputs, 2 * inputs, 3, 1, 1)), nn.LeakyReLU(SLOPE)]
        self.layers = nn.Sequential(*layers, spectral_norm(nn.Conv2d(2 * inputs, 1, 3, 1, 1)))

    def forward(self, images: Tensor) -> Tensor:
        """float [B, 3, S, S] in [-1, 1] -> logits float [B, (S / 8)^2]."""
        return self.layers(images).float().flatten(1)


class DinoDiscriminator(nn.Module):
    """Small trained heads on the tokens of a frozen DINO (arXiv 2301.09515), one a readout."""

    def __init__(self, vit: FrozenVit) -> None:
        super().__init__()
        self.vit = vit
        self.places = tuple(round(vit.depth * part / (READOUTS - 1)) for part in range(READOUTS))
        self.heads = nn.ModuleList(TokenHead(vit.width) for _ in self.places)

    def forward(self, images: Tensor) -> Tensor:
        """float [B, 3, S, S] in [-1, 1] -> logits float [B, 5 n]."""
        readouts = self.vit.readouts(self._fitted(images), self.places)
        return torch.cat([head(tokens) for head, tokens in zip(self.heads, readouts, strict=True)], 1).float()

    def _fitted(self, images: Tensor) -> Tensor:
        """At the transformer's size: every other time a random crop where there is more, else resized."""
        size, room = self.vit.image_size, images.shape[-1] - self.vit.image_size
        if room > 0 and torch.rand(()) < 0.5:
            top, left = torch.randint(room + 1, (2,)).tolist()
            return images[..., top : top + size, left : left + size]
        return resized(images, size)


class TokenHead(nn.Module):
    """Two normalised convolutions over the row of tokens, the second beside a shortcut, then one logit a token."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = _head_layer(width, 1), _head_layer(width, HEAD_KERNEL)
        self.logit = spectral_norm(nn.Conv1d(width, 1, 1))

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens [B, 1 + n, width], the class token first, which is added to the others -> logits [B, n]."""
        x = self.first((tokens[:, 1:] + tokens[:, :1]).transpose(1, 2))  # [B, width, n]
        x = (x + self.second(x)) / math.sqrt(2)
        return self.logit(x).squeeze(1)


def _head_layer(width: int, kernel: int) -> nn.Sequential:
    convolution = nn.Conv1d(width, width, kernel, padding=kernel // 2, padding_mode="circular")
    # On one device this is the plain batch norm.
    return nn.Sequential(spectral_norm(convolution), nn.SyncBatchNorm(width), nn.LeakyReLU(SLOPE))


class Critic(nn.Module):
    """A discriminator, the running means of its logits, and the losses of both sides."""

    real_mean: Tensor
    rebuilt_mean: Tensor

    def __init__(self, discriminator: nn.Module) -> None:
        super().__init__()
        self.discriminator = discriminator
        self.register_buffer("real_mean", torch.zeros(()))
        self.register_buffer("rebuilt_mean", torch.zeros(()))

    def forward(self, images: Tensor, rebuilt: Tensor) -> Judged:
        """Judge real and rebuilt pictures float [B, 3, S, S] in [-1, 1], both augmented.

        One backward pass over both losses reaches the discriminator's weights through either, as in the paper's
        training; the pictures are reached through the tokenizer's alone.
        """
        rebuilt = augment(rebuilt)
        towards = self.discriminator(rebuilt)
        real, fake = self.discriminator(augment(images)), self.discriminator(rebuilt.detach())
        self._follow(devices.averaged(real.mean()), devices.averaged(fake.mean()))
        critic = hinge(real, fake) + LECAM * lecam(real, fake, self.real_mean, self.rebuilt_mean)
        return Judged(F.softplus(-towards.mean(1)).mean(), critic)

    def _follow(self, real: Tensor, rebuilt: Tensor) -> None:
        self.real_mean.lerp_(real, 1 - LOGIT_DECAY)
        self.rebuilt_mean.lerp_(rebuilt, 1 - LOGIT_DECAY)


def hinge(real: Tensor, fake: Tensor) -> Tensor:
    """0.5 (mean relu(1 - real) + mean relu(1 + fake)) of logits."""
    return 0.5 * (F.relu(1 - real).mean() + F.relu(1 + fake).mean())


def lecam(real: Tensor, fake: Tensor, real_mean: Tensor, fake_mean: Tensor) -> Tensor:
    """mean relu(real - fake_mean)^2 + mean relu(real_mean - fake)^2: logits stay near the other side's running mean."""
    return F.relu(real - fake_mean).square().mean() + F.relu(real_mean - fake).square().mean()
