"""The method written as directly as possible: what every faster path is timed and checked against.

One picture, plain Euler steps, both guidance branches at every stage, every angle and every constant computed where it
is used. It reads the weights of the networks, but none of their `forward`s, so a mistake there cannot hide here.
"""

from typing import NamedTuple, cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from nvg_studio.model.blocks import Block, Head, time_embedding
from nvg_studio.model.checkpoint import Networks
from nvg_studio.model.config import HEAD_SIZE
from nvg_studio.model.content import ContentTransformer
from nvg_studio.model.structure import StructureTransformer
from nvg_studio.model.tokenizer import Level, ResidualBlock, Upsample
from nvg_studio.sampling.flow import time_grid
from nvg_studio.sampling.settings import GenerationSettings
from nvg_studio.sampling.tokens import choose, ramp

EPS = 1e-6
KIND_SIZE, LEVEL_SIZE = 8, 2


class Result(NamedTuple):
    """One picture: bits int64 [L, K], token map int64 [K + 1, L], final canvas float32 [1, L, C]."""

    bits: Tensor
    token_map: Tensor
    canvas: Tensor


@torch.no_grad()
def generate(
    networks: Networks, settings: GenerationSettings, noise: NDArray[np.float32], bits: Tensor | None = None
) -> Result:
    """A picture of a class.

    Args:
        settings: complete (`resolved`), with a class and without `gumbel_split`.
        noise: float32 [L, K], the start of the structure flow.
        bits: int64 [L, K], a given structure; None draws one.
    """
    config, device = networks.config, next(networks.generator.parameters()).device
    depth, cells = config.tokenizer.depth, config.tokenizer.cells
    start = torch.from_numpy(noise).to(device)
    made = torch.zeros(cells, depth, dtype=torch.int64, device=device) if bits is None else bits
    canvas = torch.zeros(1, cells, config.tokenizer.latent_channels, device=device)
    token_map = []
    for stage in range(depth + 1):
        labels = labels_of(made, stage)
        logits = token_logits(networks, settings, canvas, made, stage)
        token_map.append(choose(logits, settings, stage, depth)[labels])
        canvas = canvas + _residual(networks, token_map[-1], stage)
        if bits is None and stage < depth:
            scores = start if stage == depth - 1 else flow(networks, settings, canvas, made, stage, start)
            made[:, stage] = split(scores[:, stage], labels)
    return Result(made, torch.stack(token_map), canvas)


def labels_of(bits: Tensor, stage: int) -> Tensor:
    """Cluster of every cell at a stage, int64 [L], of bits [L, K]."""
    labels = torch.zeros_like(bits[:, 0])
    for level in range(stage):
        labels = 2 * labels + bits[:, level]
    return labels


def split(scores: Tensor, labels: Tensor) -> Tensor:
    """Bits int64 [L]: in every cluster the half with the largest scores gets 1 (paper section 3.3)."""
    bits = torch.zeros_like(labels)
    for label in range(int(labels.max()) + 1):
        cells = (labels == label).nonzero()[:, 0]
        best = scores[cells].clamp(-1, 1).argsort(descending=True, stable=True)[: len(cells) // 2]
        bits[cells[best]] = 1
    return bits


def token_logits(networks: Networks, settings: GenerationSettings, canvas: Tensor, bits: Tensor, stage: int) -> Tensor:
    """Guided logits float32 [2**stage, codes] of a canvas [1, L, C]."""
    content, depth = networks.generator.content, networks.config.tokenizer.depth
    final = final_canvas(content, canvas.expand(2, -1, -1), bits, _both(networks, settings), stage)
    labels = labels_of(bits, stage)
    steps = (final - canvas).float()
    means = torch.stack([steps[:, labels == label].mean(1) for label in range(1 << stage)], 1)  # [2, 2**stage, C]
    assert settings.content_guidance is not None
    return _guide(content.classifier(means).float(), ramp(settings.content_guidance, stage, depth))[0]


def flow(
    networks: Networks, settings: GenerationSettings, canvas: Tensor, bits: Tensor, stage: int, noise: Tensor
) -> Tensor:
    """Euler steps from noise [L, K] to bits in -1..1, float32 [L, K]; channels below `stage` are known."""
    tok = networks.config.tokenizer
    assert settings.structure_steps is not None and settings.structure_guidance is not None
    weight = ramp(settings.structure_guidance, stage, tok.depth)
    times = time_grid(settings.structure_steps, tok.cells)
    state = noise.clone()
    state[:, :stage] = 2.0 * bits[:, :stage] - 1
    for now, then in zip(times, times[1:], strict=False):
        both = velocity(networks.generator.structure, state, canvas, bits, _both(networks, settings), stage, now)
        state = state + (then - now) * _guide(both.float(), weight)[0]
        state[:, :stage] = 2.0 * bits[:, :stage] - 1
    return state


def final_canvas(net: ContentTransformer, canvas: Tensor, bits: Tensor, classes: Tensor, stage: int) -> Tensor:
    """What the content network expects as final canvas, [B, L, C], from canvases [B, L, C]."""
    class_row = net.class_embed(classes)
    condition = class_row + net.stage_embed.weight[stage]
    tokens = net.start.expand_as(canvas) if stage == 0 else canvas * net.scale_factors[stage]
    x = torch.cat([class_row[:, None], net.embed(tokens)], 1)  # [B, 1 + L, H]
    turn = _angles(bits, stage, (0,))
    for block in net.blocks:
        x = _block(cast(Block, block), x, condition, turn)
    return _head(net.head, x[:, 1:], condition) / net.scale_factors[-1]


def velocity(
    net: StructureTransformer, state: Tensor, canvas: Tensor, bits: Tensor, classes: Tensor, stage: int, time: float
) -> Tensor:
    """Velocity of the bits, [B, L, K], of one state [L, K] on one canvas [1, L, C] for classes [B]."""
    count = len(classes)
    class_row = net.class_embed(classes)
    waves = time_embedding(torch.full((count,), time, device=state.device))
    condition = class_row + net.time_out(F.silu(net.time_in(waves))) + net.stage_embed.weight[stage]
    places = [net.canvas_embed(canvas).expand(count, -1, -1), net.embed(state).expand(count, -1, -1)]
    x = torch.cat([class_row[:, None].to(places[0].dtype), *places], 1)  # [B, 1 + 2L, H/2]
    turn = _angles(bits, stage, (2, 0))
    for block in net.blocks:
        x = _block(cast(Block, block), x, condition, turn)
    return _head(net.head, x[:, -len(state) :], condition)


def _block(block: Block, x: Tensor, condition: Tensor, turn: Tensor) -> Tensor:
    """Attention and MLP side by side on one modulated norm."""
    width = x.shape[-1]
    shift, scale, gate = block.modulation(F.silu(condition))[:, None].chunk(3, -1)
    y = (1 + scale) * F.layer_norm(x, (width,), eps=EPS) + shift
    q, k, v, mlp = block.linear1(y).split((width, width, width, 4 * width), -1)
    q, k, v = (part.unflatten(-1, (-1, HEAD_SIZE)).transpose(1, 2) for part in (q, k, v))  # [B, heads, N, 64]
    q = _turn(_rms_norm(q, block.query_norm.scale), turn).to(v.dtype)
    k = _turn(_rms_norm(k, block.key_norm.scale), turn).to(v.dtype)
    attended = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
    return x + gate * block.linear2(torch.cat([attended, F.gelu(mlp, approximate="tanh")], -1))


def _head(head: Head, x: Tensor, condition: Tensor) -> Tensor:
    shift, scale = head.modulation(F.silu(condition))[:, None].chunk(2, -1)
    return head.linear((1 + scale) * F.layer_norm(x, x.shape[-1:], eps=EPS) + shift)


def _rms_norm(x: Tensor, scale: Tensor) -> Tensor:
    x = x.float()
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + EPS) * scale


def _turn(x: Tensor, by: Tensor) -> Tensor:
    """Rotate neighbouring pairs of x float32 [B, heads, N, 64] by the matrices [N, 32, 2, 2]."""
    return (by * x.unflatten(-1, (-1, 1, 2))).sum(-1).flatten(-2)


def _angles(bits: Tensor, stage: int, kinds: tuple[int, ...]) -> Tensor:
    """Rotation matrices float32 [N, 32, 2, 2] of the class token and the cells once for each kind (paper 3.2)."""
    cells, depth = bits.shape
    known = torch.arange(depth, device=bits.device) < stage
    structure = torch.where(known, 2 * bits, 1).float()
    grid = round(cells**0.5)
    place = torch.arange(cells, device=bits.device)
    rows, columns = (place // grid).float(), (place % grid).float()
    ids = [torch.ones(1, depth + 3, device=bits.device)]
    for kind in kinds:
        ids.append(torch.cat([torch.full_like(rows, kind)[:, None], structure, rows[:, None], columns[:, None]], 1))
    place_size = (HEAD_SIZE - KIND_SIZE - LEVEL_SIZE * depth) // 2
    angles = []
    for axis, size in enumerate([KIND_SIZE, *[LEVEL_SIZE] * depth, place_size, place_size]):
        frequencies = 10000.0 ** (-torch.arange(0, size, 2, device=bits.device) / size)
        angles.append(torch.cat(ids)[:, axis, None] * frequencies)
    cos, sin = torch.cat(angles, -1).cos(), torch.cat(angles, -1).sin()
    return torch.stack([torch.stack([cos, -sin], -1), torch.stack([sin, cos], -1)], -2)


def _both(networks: Networks, settings: GenerationSettings) -> Tensor:
    """The class and "no class", int64 [2]."""
    device = next(networks.generator.parameters()).device
    return torch.tensor([settings.class_id, networks.config.generator.classes], device=device)


def _guide(both: Tensor, weight: float) -> Tensor:
    conditional, unconditional = both.chunk(2)
    return unconditional + weight * (conditional - unconditional)


def _residual(networks: Networks, tokens: Tensor, stage: int) -> Tensor:
    """What tokens [L] add to the canvas, [1, L, C]: h + conv(h) / 2 (paper equation 3)."""
    quantizer = networks.tokenizer.quantizer
    grid = networks.config.tokenizer.grid
    image = quantizer.embedding.weight[tokens].T.reshape(1, -1, grid, grid)
    conv = quantizer.quant_resi[stage]
    assert isinstance(conv, torch.nn.Conv2d)
    with torch.autocast(image.device.type, enabled=False):
        refined = image + 0.5 * F.conv2d(image, conv.weight, conv.bias, padding=1)
    return refined.flatten(2).transpose(1, 2)


def picture(networks: Networks, settings: GenerationSettings, noise: NDArray[np.float32]) -> Tensor:
    """A generated picture, float [1, 3, S, S] in [-1, 1]; settings that are not given are the model's own."""
    defaults = GenerationSettings.from_dict(networks.config.sampling)
    return decode(networks, generate(networks, settings.resolved(defaults), noise).canvas)


@torch.no_grad()
def decode(networks: Networks, canvas: Tensor) -> Tensor:
    """Canvas [1, L, C] -> picture [1, 3, S, S] in [-1, 1]."""
    net, grid = networks.tokenizer.decoder, networks.config.tokenizer.grid
    x = net.conv_in(canvas.transpose(1, 2).reshape(1, -1, grid, grid))
    for block in (net.mid.block_1, net.mid.block_2):
        x = _residual_block(block, x)
    for level in reversed(net.up):
        assert isinstance(level, Level)
        for part in level.block:
            x = _residual_block(cast(ResidualBlock, part), x)
        if isinstance(level.resize, Upsample):
            x = level.resize.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))
    return net.conv_out(F.silu(net.norm_out(x))).clamp(-1, 1)


def _residual_block(block: ResidualBlock, x: Tensor) -> Tensor:
    h = block.conv1(F.silu(block.norm1(x)))
    return block.nin_shortcut(x) + block.conv2(F.silu(block.norm2(h)))


def cluster(latent: NDArray[np.float32]) -> NDArray[np.int64]:
    """Structure maps int64 [K + 1, L] of a latent [L, C]: again and again the closest pair is merged (paper 3.1)."""
    cells, depth = len(latent), len(latent).bit_length() - 1
    members = [[cell] for cell in range(cells)]
    raw = [np.arange(cells)]
    for _ in range(depth):
        means = np.stack([latent[group].mean(0) for group in members])
        distances = np.linalg.norm(means[:, None] - means[None], axis=-1)
        np.fill_diagonal(distances, np.inf)
        merged = []
        for _ in range(len(members) // 2):
            first, second = np.unravel_index(distances.argmin(), distances.shape)
            for gone in (first, second):
                distances[gone] = distances[:, gone] = np.inf
            merged.append(members[first] + members[second])
        members = merged
        number = np.empty(cells, dtype=np.int64)
        for merge, group in enumerate(members):
            number[group] = merge
        raw.append(number)
    return _renumbered(raw[::-1])


def _renumbered(raw: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Labels such that the children of p are 2p and 2p + 1: ranks by the parent's label, then the own number."""
    labels = [raw[0]]
    for numbers in raw[1:]:
        order = np.lexsort((numbers, labels[-1]))
        changes = np.diff(numbers[order], prepend=numbers[order[0]]) != 0
        label = np.empty_like(numbers)
        label[order] = np.cumsum(changes)
        labels.append(label)
    return np.stack(labels)
