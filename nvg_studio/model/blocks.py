"""What both transformers are built from: modulated parallel blocks and the structure-aware rotary code (paper 3.2)."""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nvg_studio.model.config import HEAD_SIZE

EPS = 1e-6
ROTARY_BASE = 10000.0
KIND_SIZE, LEVEL_SIZE = 8, 2
"""Numbers of a head given to the kind of a token and to each level of the tree; row and column share the rest."""


class Rotation(NamedTuple):
    """Cosine and sine of the rotary angles, float32 [B, 1, N, HEAD_SIZE / 2] each."""

    cos: Tensor
    sin: Tensor


def rotation(ids: Tensor) -> Rotation:
    """Rotary angles of tokens with ids float [B, N, 3 + K]: kind, one number a level, row, column."""
    frequencies, axes = _pairs(ids.shape[-1] - 3)
    angles = ids.float()[..., axes.to(ids.device)] * frequencies.to(ids.device)  # [B, N, 32]
    return Rotation(angles.cos().unsqueeze(1), angles.sin().unsqueeze(1))


def _pairs(depth: int) -> tuple[Tensor, Tensor]:
    """Frequency float32 [32] and axis int64 [32] of every pair of numbers of a head."""
    place_size = (HEAD_SIZE - KIND_SIZE - LEVEL_SIZE * depth) // 2
    sizes = [KIND_SIZE, *[LEVEL_SIZE] * depth, place_size, place_size]
    frequencies = [ROTARY_BASE ** (-2 * j / size) for size in sizes for j in range(size // 2)]
    axes = [axis for axis, size in enumerate(sizes) for _ in range(size // 2)]
    return torch.tensor(frequencies, dtype=torch.float32), torch.tensor(axes)


def rotate(x: Tensor, by: Rotation) -> Tensor:
    """Turn neighbouring pairs of x [B, heads, N, HEAD_SIZE] by their angles, in float32."""
    even, odd = x.float().unflatten(-1, (-1, 2)).unbind(-1)
    turned = torch.stack([by.cos * even - by.sin * odd, by.sin * even + by.cos * odd], -1)
    return turned.flatten(-2).to(x.dtype)


def token_ids(structure: Tensor, grid: int, kinds: tuple[int, ...]) -> Tensor:
    """Ids of [class token, then the cells once for each of `kinds`].

    Args:
        structure: [B, L, K], 0 or 2 for known bits, 1 for unknown ones.
        grid: cells on a side.
        kinds: the first axis for each copy of the cells.

    Returns:
        float32 [B, 1 + len(kinds) * L, 3 + K].
    """
    batch, cells, depth = structure.shape
    place = torch.arange(cells, device=structure.device)
    rows_columns = torch.stack([place // grid, place % grid], -1).float().expand(batch, -1, -1)
    # The class token has id 1 on every axis, row and column included.
    parts = [torch.ones(batch, 1, depth + 3, device=structure.device)]
    for kind in kinds:
        kind_axis = torch.full((batch, cells, 1), float(kind), device=structure.device)
        parts.append(torch.cat([kind_axis, structure.float(), rows_columns], -1))
    return torch.cat(parts, 1)


class RMSNorm(nn.Module):
    """z / rms(z) with a learned scale, over the numbers of one head, in float32."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(size))

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x.float(), self.scale.shape, self.scale.float(), EPS).to(x.dtype)


class Block(nn.Module):
    """Attention and MLP side by side on one modulated norm, [B, N, H] -> [B, N, H]."""

    def __init__(self, width: int, drop_path: float = 0.0) -> None:
        super().__init__()
        self.width, self.drop_path = width, drop_path
        self.modulation = nn.Linear(width, 3 * width)
        self.linear1 = nn.Linear(width, 7 * width)
        self.linear2 = nn.Linear(5 * width, width)
        self.query_norm = RMSNorm(HEAD_SIZE)
        self.key_norm = RMSNorm(HEAD_SIZE)

    def forward(self, x: Tensor, condition: Tensor, turn: Rotation) -> Tensor:
        shift, scale, gate = self.modulation(F.silu(condition)).unsqueeze(1).chunk(3, -1)  # [B, 1, H] each
        y = (1 + scale) * F.layer_norm(x, (self.width,), eps=EPS) + shift
        qkv, mlp = self.linear1(y).split((3 * self.width, 4 * self.width), -1)
        q, k, v = qkv.unflatten(-1, (3, -1, HEAD_SIZE)).permute(2, 0, 3, 1, 4)  # [B, heads, N, 64] each
        q, k = rotate(self.query_norm(q), turn), rotate(self.key_norm(k), turn)
        attended = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)  # [B, N, H]
        branch = gate * self.linear2(torch.cat([attended, F.gelu(mlp, approximate="tanh")], -1))
        return x + self._dropped(branch)

    def _dropped(self, branch: Tensor) -> Tensor:
        """Leave the branch out for whole sequences while training (stochastic depth)."""
        if not self.training or self.drop_path == 0:
            return branch
        kept = torch.rand(len(branch), 1, 1, device=branch.device) >= self.drop_path
        return branch * kept / (1 - self.drop_path)


class Head(nn.Module):
    """Modulated norm and a linear layer, [B, N, H] -> [B, N, out]."""

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.width = width
        self.modulation = nn.Linear(width, 2 * width)
        self.linear = nn.Linear(width, out)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        shift, scale = self.modulation(F.silu(condition)).unsqueeze(1).chunk(2, -1)
        return self.linear((1 + scale) * F.layer_norm(x, (self.width,), eps=EPS) + shift)


def drop_path_rates(depth: int) -> list[float]:
    """Linear from 0 to 0.1 depth / 24 over the blocks (paper appendix: training details)."""
    top = 0.1 * depth / 24
    return [top * b / max(depth - 1, 1) for b in range(depth)]


def time_embedding(t: Tensor, size: int = 64) -> Tensor:
    """Times float [B] in 0..1 -> sinusoids float32 [B, size]: first the cosines, then the sines."""
    half = size // 2
    frequencies = torch.exp(-math.log(ROTARY_BASE) * torch.arange(half, device=t.device, dtype=torch.float32) / half)
    angles = 1000 * t.float().unsqueeze(-1) * frequencies
    return torch.cat([angles.cos(), angles.sin()], -1)


def initialize(network: nn.Module) -> None:
    """Xavier uniform for every linear layer with zero bias, tables normal with deviation 0.02 (the paper's start)."""
    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)
