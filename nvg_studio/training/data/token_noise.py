"""Histories with mistakes in them, and the tokens that make up for these: self-correction, as bitwise autoregressive
models learn it (Infinity, arXiv 2412.04431)."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nvg_studio.model.tokenizer import Quantizer, group_means

SHARES = (0.05, 0.25)
"""Part of a disturbed picture's clusters whose token is drawn again."""
NEIGHBOURS = 8
"""Drawn from so many nearest codes."""


class Corrected(NamedTuple):
    """Two token maps of the same pictures, int64 [B, K + 1, L]."""

    seen: Tensor
    """What the canvases are added up from."""
    target: Tensor
    """The codes nearest to what the seen canvas before each stage still lacks."""


def draw_ranks(stages: int, groups: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Which of the nearest codes each group takes at each stage, int64 [stages, groups]; 0 is the nearest.

    The last stage has nobody after it to make up for its mistakes and keeps the nearest.
    """
    moved = rng.random((stages, groups)) < rng.uniform(*SHARES)
    moved[-1] = False
    return np.where(moved, rng.integers(NEIGHBOURS, size=(stages, groups)), 0)


@torch.no_grad()
def quantize_with_token_noise(quantizer: Quantizer, latent: Tensor, groups: Tensor, ranks: Tensor) -> Corrected:
    """Quantise latents stage by stage while some groups take a code that is not the nearest.

    Args:
        latent: float [B, L, C].
        groups: int64 [B, K + 1, L], cells with one number share a token at that stage.
        ranks: int64 [B, K + 1, n], for every group which of the nearest codes it takes; all 0 quantises as usual.
    """
    residual, seen_map, target_map = latent, [], []
    for stage in range(groups.shape[1]):
        members = groups[:, stage]
        count = int(members.max()) + 1
        distances = quantizer.code_distances(group_means(residual, members, count))  # [B, count, codes]
        rank = ranks[:, stage, :count]
        target = distances.argmin(-1)  # [B, count]
        seen, moved = target.clone(), rank > 0
        nearest = distances[moved].topk(NEIGHBOURS, largest=False).indices  # [moved, NEIGHBOURS]
        seen[moved] = nearest.gather(1, rank[moved].unsqueeze(1)).squeeze(1)
        seen_map.append(seen.gather(1, members))
        target_map.append(target.gather(1, members))
        residual = residual - quantizer.residual(seen_map[-1], stage)
    return Corrected(torch.stack(seen_map, 1), torch.stack(target_map, 1))
