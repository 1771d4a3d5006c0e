"""What both transformers are built from: modulated parallel blocks and the structure-aware rotary code (paper 3.2)."""

import math
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple, cast

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

    def last(self, count: int | None) -> "Rotation":
        """That of the last `count` tokens; of all if None."""
        return self if count is None else Rotation(self.cos[..., -count:, :], self.sin[..., -count:, :])


def rotation(ids: Tensor) -> Rotation:
    """Rotary angles of tokens with ids float [B, N, 3 + K]: kind, one number a level, row, column."""
    frequencies, axes = _pairs(ids.shape[-1] - 3, ids.device)
    angles = ids.float()[..., axes] * frequencies  # [B, N, 32]
    return Rotation(angles.cos().unsqueeze(1), angles.sin().unsqueeze(1))


@cache
def _pairs(depth: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Frequency float32 [32] and axis int64 [32] of every pair of numbers of a head."""
    place_size = (HEAD_SIZE - KIND_SIZE - LEVEL_SIZE * depth) // 2
    sizes = [KIND_SIZE, *[LEVEL_SIZE] * depth, place_size, place_size]
    frequencies = [ROTARY_BASE ** (-2 * j / size) for size in sizes for j in range(size // 2)]
    axes = [axis for axis, size in enumerate(sizes) for _ in range(size // 2)]
    # Kept for networks in training too, which may not use tensors of inference mode.
    with torch.inference_mode(False):
        return torch.tensor(frequencies, dtype=torch.float32, device=device), torch.tensor(axes, device=device)


def rotate(x: Tensor, by: Rotation) -> Tensor:
    """Turn neighbouring pairs of x [B, heads, N, HEAD_SIZE] by their angles, in float32."""
    pairs = x.float().unflatten(-1, (-1, 2))
    if torch.is_grad_enabled():
        # Compilers, which training may use, do not know complex numbers.
        even, odd = pairs.unbind(-1)
        turned = torch.stack([by.cos * even - by.sin * odd, by.sin * even + by.cos * odd], -1)
    else:
        turned = torch.view_as_real(torch.view_as_complex(pairs) * torch.complex(by.cos, by.sin))
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


class Linear(nn.Linear):
    """A linear layer by the faster of two libraries."""

    def forward(self, x: Tensor) -> Tensor:
        return linear(x, self.weight, self.bias)


def linear(x: Tensor, weight: Tensor, bias: Tensor, gelu: bool = False) -> Tensor:
    """x [..., in] times weight [out, in], transposed, and the bias [out]; with `gelu` that function of it (by tanh).

    In float32 on a CPU, without gradients, it is oneDNN's: PyTorch would take MKL, which needs more than twice as long
    on AMD processors.
    """
    if onednn_takes(x):
        name, variant = ("gelu", "tanh") if gelu else ("none", "")
        return cast(Tensor, torch.ops.mkldnn._linear_pointwise(x, weight, bias, name, [], variant))
    y = F.linear(x, weight, bias)
    return F.gelu(y, approximate="tanh") if gelu else y


def onednn_takes(x: Tensor) -> bool:
    """Whether oneDNN multiplies such a tensor."""
    plain = torch.is_grad_enabled() or x.device.type != "cpu" or torch.is_autocast_enabled("cpu")
    return not plain and x.dtype == torch.float32 and _has_onednn()


@cache
def _has_onednn() -> bool:
    """Whether this build of PyTorch has the operator, and it works on this processor."""
    x = torch.ones(2, 2)
    try:
        return torch.equal(torch.ops.mkldnn._linear_pointwise(x, x, x[0], "none", [], ""), F.linear(x, x, x[0]))
    except (AttributeError, RuntimeError):
        return False


MANY_TOKENS = 384
"""From here on attention gains by oneDNN; below, single calls for each head cost as much as they save."""


def attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Softmax attention, [B, heads, N, HEAD_SIZE] -> [B, heads, N, HEAD_SIZE]."""
    if onednn_takes(q) and k.shape[-2] >= MANY_TOKENS:
        return _attention_by_head(q, k, v)
    if q.device.type == "cpu" and q.dtype == torch.bfloat16:
        # The fused kernel multiplies in float32 there; three plain steps take less than half its time, training 0.6.
        return (q @ k.transpose(-1, -2) * HEAD_SIZE**-0.5).softmax(-1) @ v
    return F.scaled_dot_product_attention(q, k, v)


def _attention_by_head(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    result = torch.empty_like(q)
    multiply = torch.ops.mkldnn._linear_pointwise
    parts = (result, q * HEAD_SIZE**-0.5, k, v.transpose(-1, -2).contiguous())
    for out, query, key, value in zip(*(part.flatten(0, 1) for part in parts), strict=True):
        weights = multiply(query, key, None, "none", [], "").softmax(-1)  # [N, N]
        out.copy_(multiply(weights, value, None, "none", [], ""))
    return result


class Block(nn.Module):
    """Attention and MLP side by side on one modulated norm, [B, N, H] -> [B, N, H]."""

    def __init__(self, width: int, drop_path: float = 0.0) -> None:
        super().__init__()
        self.width, self.drop_path = width, drop_path
        self.modulation = Linear(width, 3 * width)
        self.linear1 = Linear(width, 7 * width)
        self.linear2 = Linear(5 * width, width)
        self.query_norm = RMSNorm(HEAD_SIZE)
        self.key_norm = RMSNorm(HEAD_SIZE)

    def forward(self, x: Tensor, condition: Tensor, turn: Rotation, last: int | None = None) -> Tensor:
        """`last`: give only that many tokens, the last ones; all still attend to all."""
        shift, scale, gate = self.modulation(F.silu(condition)).unsqueeze(1).chunk(3, -1)  # [B, 1, H] each
        y = torch.addcmul(shift, 1 + scale, F.layer_norm(x, (self.width,), eps=EPS))
        q, k, v, mlp = self._project(y, last)
        q, k, v = (part.unflatten(-1, (-1, HEAD_SIZE)).transpose(1, 2) for part in (q, k, v))  # [B, heads, N, 64] each
        q, k = rotate(self.query_norm(q), turn.last(last)), rotate(self.key_norm(k), turn)
        attended = attention(q, k, v).transpose(1, 2).flatten(2)  # [B, N, H]
        branch = gate * self.linear2(torch.cat([attended, mlp], -1))
        return x[:, -branch.shape[1] :] + self._dropped(branch)

    def _project(self, y: Tensor, last: int | None) -> Sequence[Tensor]:
        """Queries, keys, values [B, N, H] each, and the inside of the MLP [B, N, 4H].

        In one product, except where some queries are not needed, or where the GELU comes free with a product.
        """
        width, (weight, bias) = self.width, (self.linear1.weight, self.linear1.bias)
        if last is None and not onednn_takes(y):
            q, k, v, mlp = self.linear1(y).split((width, width, width, 4 * width), -1)
            return q, k, v, F.gelu(mlp, approximate="tanh")
        few = y if last is None else y[:, -last:]
        q = linear(few, weight[:width], bias[:width])
        k, v = linear(y, weight[width : 3 * width], bias[width : 3 * width]).chunk(2, -1)
        return q, k, v, linear(few, weight[3 * width :], bias[3 * width :], gelu=True)

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
        self.modulation = Linear(width, 2 * width)
        self.linear = Linear(width, out)

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
