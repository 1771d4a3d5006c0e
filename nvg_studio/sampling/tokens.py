"""From logits to tokens: guidance, top-k, top-p, and random numbers tied to what they decide."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nvg_studio.sampling.settings import GenerationSettings, Ramp

_STRUCTURE_STREAM, _SPLIT_STREAM, _TOKEN_STREAM = 1, 1000, 2000
TOP_P_BASE = 8


def stream(seed: int, number: int) -> np.random.Generator:
    """Random numbers of one purpose: the same on every machine, untouched by what other purposes draw."""
    return np.random.Generator(np.random.Philox(key=[seed, number]))


def structure_noise(seed: int, cells: int, depth: int) -> NDArray[np.float32]:
    """Standard normal noise float32 [L, K], drawn once for a picture and used by every stage."""
    return stream(seed, _STRUCTURE_STREAM).standard_normal((cells, depth)).astype(np.float32)


def split_noise(seed: int, stage: int, cells: int) -> NDArray[np.float64]:
    """Gumbel noise float64 [L] for the split after `stage`."""
    return stream(seed, _SPLIT_STREAM + stage).gumbel(size=cells)


def token_noise(seed: int, stage: int, codes: int) -> NDArray[np.float32]:
    """Gumbel noise float32 [2**stage, codes], one row a cluster."""
    return stream(seed, _TOKEN_STREAM + stage).gumbel(size=(1 << stage, codes)).astype(np.float32)


def ramp(ends: Ramp, stage: int, depth: int) -> float:
    """Guidance scale of a stage: linear over the K + 1 stages."""
    start, end = ends
    return start + (end - start) * stage / depth


def top_p_at(ends: Ramp, stage: int, depth: int) -> float:
    """Top-p of a stage: p_i = e + (b - e) (8 - 8^(i/K)) / 7."""
    start, end = ends
    return end + (start - end) * (TOP_P_BASE - math.pow(TOP_P_BASE, stage / depth)) / (TOP_P_BASE - 1)


def choose(logits: Tensor, settings: GenerationSettings, stage: int, depth: int) -> Tensor:
    """One token for every cluster, int64 [n], from guided logits [n, codes].

    Greedy or top_k = 1 takes the largest logit and reads nothing else; otherwise the Gumbel-max trick draws from what
    temperature, top-k and top-p leave.
    """
    if settings.greedy or settings.top_k == 1:
        return logits.argmax(-1)
    assert settings.temperature is not None and settings.top_p is not None and settings.top_k is not None
    logits = logits.float() / settings.temperature
    logits = _keep_top_k(logits, settings.top_k)
    logits = _keep_top_p(logits, top_p_at(settings.top_p, stage, depth))
    noise = torch.from_numpy(token_noise(settings.seed, stage, logits.shape[-1]))
    return (logits + noise.to(logits.device)).argmax(-1)


def _keep_top_k(logits: Tensor, k: int) -> Tensor:
    """Everything below the k-th largest value becomes impossible; k = 0 keeps all."""
    if not 0 < k < logits.shape[-1]:
        return logits
    threshold = logits.topk(k).values[..., -1:]
    return logits.masked_fill(logits < threshold, -math.inf)


def _keep_top_p(logits: Tensor, p: float) -> Tensor:
    """Keep a value if the probability of all larger ones together is at most p."""
    if p >= 1:
        return logits
    ordered, order = logits.sort(descending=True)
    probabilities = ordered.softmax(-1)
    dropped = probabilities.cumsum(-1) - probabilities > p
    return logits.masked_fill(torch.zeros_like(dropped).scatter(-1, order, dropped), -math.inf)
