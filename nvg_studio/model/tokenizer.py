"""The tokenizer: autoencoder and multi-granularity residual quantiser (paper section 3.1)."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nvg_studio.model.config import TokenizerConfig, groups_for

REFINER_WEIGHT = 0.5
"""Share of the 3x3 convolution in phi(h) = h + 0.5 conv(h)."""


class Norm(nn.GroupNorm):
    """Group norm with `groups` groups (24 where that does not divide the channels)."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__(groups_for(channels, groups), channels, eps=1e-6)


class ResidualBlock(nn.Module):
    """Two pre-activated 3x3 convolutions beside a shortcut, [B, c_in, h, w] -> [B, c_out, h, w]."""

    def __init__(self, channels_in: int, channels_out: int, groups: int) -> None:
        super().__init__()
        self.norm1 = Norm(channels_in, groups)
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, padding=1)
        self.norm2 = Norm(channels_out, groups)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1)
        self.nin_shortcut = nn.Conv2d(channels_in, channels_out, 1) if channels_in != channels_out else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        # One step a line, so that nothing is held longer than the next one needs it: at full size this is the peak.
        h = F.silu(self.norm1(x), inplace=True)
        h = self.conv1(h)
        h = F.silu(self.norm2(h), inplace=True)
        h = self.conv2(h)
        return self.nin_shortcut(x) + h


class Downsample(nn.Module):
    """Halves height and width; the picture is padded on the right and at the bottom only."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.pad(x, (0, 1, 0, 1)))


class Upsample(nn.Module):
    """Doubles height and width by repetition, then a 3x3 convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


class Level(nn.Module):
    """One resolution: residual blocks, and where it is not the last, the change of size."""

    def __init__(self, channels_in: int, channels_out: int, blocks: int, groups: int, resize: nn.Module | None) -> None:
        super().__init__()
        self.block = nn.ModuleList(
            ResidualBlock(channels_in if b == 0 else channels_out, channels_out, groups) for b in range(blocks)
        )
        self.resize = resize if resize is not None else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        for block in self.block:
            x = block(x)
        return self.resize(x)


class Middle(nn.Module):
    """Two residual blocks at the smallest size."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.block_1 = ResidualBlock(channels, channels, groups)
        self.block_2 = ResidualBlock(channels, channels, groups)

    def forward(self, x: Tensor) -> Tensor:
        return self.block_2(self.block_1(x))


class Encoder(nn.Module):
    """Picture [B, 3, S, S] in [-1, 1] -> latent [B, C, h, w]."""

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        widths, groups = [config.base_channels * m for m in config.multipliers], config.norm_groups
        self.conv_in = nn.Conv2d(3, config.base_channels, 3, padding=1)
        self.down = nn.ModuleList()
        for index, width in enumerate(widths):
            resize = Downsample(width) if index + 1 < len(widths) else None
            before = config.base_channels if index == 0 else widths[index - 1]
            self.down.append(Level(before, width, config.encoder_blocks, groups, resize))
        self.mid = Middle(widths[-1], groups)
        self.norm_out = Norm(widths[-1], groups)
        self.conv_out = nn.Conv2d(widths[-1], config.latent_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_in(x)  # [B, base, S, S]
        for level in self.down:
            x = level(x)
        x = self.mid(x)  # [B, widths[-1], h, w]
        return self.conv_out(F.silu(self.norm_out(x)))


class Decoder(nn.Module):
    """Latent [B, C, h, w] -> picture [B, 3, S, S], clamped to [-1, 1]; one block a level more than configured."""

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        widths, groups = [config.base_channels * m for m in config.multipliers], config.norm_groups
        self.conv_in = nn.Conv2d(config.latent_channels, widths[-1], 3, padding=1)
        self.mid = Middle(widths[-1], groups)
        levels = []
        for index, width in enumerate(widths):
            resize = Upsample(width) if index > 0 else None
            before = widths[min(index + 1, len(widths) - 1)]
            levels.append(Level(before, width, config.decoder_blocks + 1, groups, resize))
        self.up = nn.ModuleList(levels)
        self.norm_out = Norm(widths[0], groups)
        self.conv_out = nn.Conv2d(widths[0], 3, 3, padding=1)

    def forward(self, latent: Tensor) -> Tensor:
        x = self.mid(self.conv_in(latent))  # [B, widths[-1], h, w]
        for level in reversed(self.up):
            x = level(x)
        x = F.silu(self.norm_out(x), inplace=True)
        return self.conv_out(x).clamp(-1, 1)  # [B, 3, S, S]


class Quantized(NamedTuple):
    """The residual quantisation of a batch of latents."""

    token_map: Tensor
    """int64 [B, K + 1, L], the code of every cell at every stage."""
    canvases: Tensor
    """float [B, K + 1, L, C], the canvas after every stage."""


class Quantizer(nn.Module):
    """One codebook for all stages and one refiner phi for each (paper equation 3)."""

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        self.grid = config.grid
        channels, codes = config.latent_channels, config.codebook_size
        self.embedding = nn.Embedding(codes, channels)
        nn.init.uniform_(self.embedding.weight, -1 / codes, 1 / codes)
        self.quant_resi = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(config.depth + 1))

    def refine(self, vectors: Tensor, stage: int) -> Tensor:
        """phi of one stage on code vectors spread over the cells, [B, L, C] -> [B, L, C]."""
        image = vectors.transpose(1, 2).unflatten(2, (self.grid, self.grid))  # [B, C, h, w]
        refined = image + REFINER_WEIGHT * self.quant_resi[stage](image)
        return refined.flatten(2).transpose(1, 2)

    def residual(self, tokens: Tensor, stage: int) -> Tensor:
        """What the tokens int64 [B, L] of one stage add to the canvas, float [B, L, C]."""
        return self.refine(self.embedding(tokens), stage)

    def canvases(self, token_map: Tensor) -> Tensor:
        """Canvases float [B, n, L, C] after each of the first n stages of a token map int64 [B, n, L]."""
        added = [self.residual(token_map[:, stage], stage) for stage in range(token_map.shape[1])]
        return torch.stack(added, 1).cumsum(1)

    def nearest(self, vectors: Tensor) -> Tensor:
        """Index of the closest code, [..., C] -> int64 [...]; the lowest on a tie."""
        return self.code_distances(vectors).argmin(-1)

    def code_distances(self, vectors: Tensor) -> Tensor:
        """Squared Euclidean distances to all codes, [..., C] -> [..., codes], in the matrix-product form."""
        codes = self.embedding.weight
        products = vectors @ codes.t()
        return vectors.square().sum(-1, keepdim=True) + codes.square().sum(1) - 2 * products

    def forward(self, latent: Tensor, groups: Tensor) -> Quantized:
        """Quantise latents stage by stage.

        Args:
            latent: float [B, L, C].
            groups: int64 [B, K + 1, L], cells with one number share a token at that stage (the labels; finer where
                cells are to be told apart within a cluster).
        """
        residual = latent
        canvas = torch.zeros_like(latent)
        token_map, canvases = [], []
        for stage in range(groups.shape[1]):
            means = group_means(residual, groups[:, stage], int(groups[:, stage].max()) + 1)
            tokens = self.nearest(means).gather(1, groups[:, stage])  # [B, L]
            added = self.residual(tokens, stage)
            canvas, residual = canvas + added, residual - added
            token_map.append(tokens)
            canvases.append(canvas)
        return Quantized(torch.stack(token_map, 1), torch.stack(canvases, 1))


def group_means(values: Tensor, groups: Tensor, count: int, weights: Tensor | None = None) -> Tensor:
    """Mean of the cells of each group; 0 where a group is empty.

    Args:
        values: float [B, L, C].
        groups: int64 [B, L], numbers below `count`.
        weights: float [B, L], 0 leaves a cell out; None counts every cell once.

    Returns:
        float [B, count, C].
    """
    weights = torch.ones_like(values[..., 0]) if weights is None else weights.to(values.dtype)
    index = groups.unsqueeze(-1).expand_as(values)
    sums = values.new_zeros(values.shape[0], count, values.shape[2])
    sums = sums.scatter_add(1, index, values * weights.unsqueeze(-1))
    sizes = values.new_zeros(values.shape[0], count).scatter_add(1, groups, weights)
    return sums / sizes.clamp(min=1).unsqueeze(-1)


class Tokenizer(nn.Module):
    """Encoder, quantiser and decoder."""

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.quantizer = Quantizer(config)

    def encode(self, images: Tensor) -> Tensor:
        """Pictures float [B, 3, S, S] in [-1, 1] -> latents float [B, L, C], row by row."""
        return self.encoder(images).flatten(2).transpose(1, 2)

    def decode(self, canvases: Tensor) -> Tensor:
        """Canvases float [B, L, C] -> pictures float [B, 3, S, S] in [-1, 1]."""
        grid = self.config.grid
        # Group norm is several times slower on CPUs when the channels lie innermost.
        return self.decoder(canvases.transpose(1, 2).unflatten(2, (grid, grid)).contiguous())
