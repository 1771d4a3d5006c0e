"""The preview decoder: a small stand-in for the tokenizer's decoder, for pictures that are replaced at once.

What TAESD is for Stable Diffusion: plain convolutions without norms, distilled from the decoder that it stands in for.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from nvg_studio.model.config import TokenizerConfig

WIDEST, NARROWEST = 64, 16
"""Channels at the cell grid; they halve with every doubling of the picture, down to the narrowest."""
GRID_BLOCKS = 2
"""Residual blocks at the cell grid, where they cost least; one at every other size."""


class PreviewBlock(nn.Module):
    """Two 3x3 convolutions beside the identity, [B, c, h, w] -> [B, c, h, w]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(F.relu(self.conv1(F.relu(x))))


class PreviewDecoder(nn.Module):
    """Canvas [B, L, C] -> picture [B, 3, S, S] in [-1, 1], roughly that of the tokenizer's decoder.

    The last doubling is a rearrangement of channels alone: nothing is convolved at the picture's full size. Colours are
    nearly linear in the canvas and have a way of their own, which is learnt within a few steps.
    """

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        self.grid = config.grid
        doublings = len(config.multipliers) - 1
        widths = [max(WIDEST >> level, NARROWEST) for level in range(max(doublings, 1))]
        self.conv_in = nn.Conv2d(config.latent_channels, WIDEST, 3, padding=1)
        self.blocks = nn.ModuleList(
            nn.Sequential(*(PreviewBlock(width) for _ in range(1 if level else GRID_BLOCKS)))
            for level, width in enumerate(widths)
        )
        self.doubling = nn.ModuleList(
            nn.Conv2d(width, 4 * narrower, 3, padding=1) for width, narrower in zip(widths, widths[1:], strict=False)
        )
        self.last_factor = 2 if doublings else 1
        self.conv_out = nn.Conv2d(widths[-1], 3 * self.last_factor**2, 3, padding=1)
        self.colours = nn.Conv2d(config.latent_channels, 3, 3, padding=1)
        self._start()

    def _start(self) -> None:
        """Signals keep their strength through all layers, and blocks begin as the identity."""
        for layer in (self.conv_in, *self.doubling):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        for block in self.blocks.modules():
            if isinstance(block, PreviewBlock):
                nn.init.kaiming_normal_(block.conv1.weight, nonlinearity="relu")
                nn.init.zeros_(block.conv2.weight)

    def forward(self, canvas: Tensor) -> Tensor:
        latent = canvas.transpose(1, 2).unflatten(2, (self.grid, self.grid)).contiguous()
        x = self.blocks[0](self.conv_in(latent))  # [B, WIDEST, h, w]
        for doubling, block in zip(self.doubling, self.blocks[1:], strict=True):
            x = block(F.pixel_shuffle(doubling(F.relu(x)), 2))
        x = F.pixel_shuffle(self.conv_out(F.relu(x)), self.last_factor)  # [B, 3, S, S]
        colours = F.interpolate(self.colours(latent), size=x.shape[2:], mode="bilinear")
        picture = x + colours
        # Not while it learns: what lies beyond the range would get no gradient that brings it back.
        return picture if self.training else picture.clamp(-1, 1)
