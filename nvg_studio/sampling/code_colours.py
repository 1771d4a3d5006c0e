"""The colour that each code of a codebook gives to a picture."""

from collections.abc import Sequence

import numpy as np
import torch

from nvg_studio.errors import Cancelled, SettingsError
from nvg_studio.sampling.compute import Compute
from nvg_studio.sampling.events import Picture
from nvg_studio.sampling.pixels import to_bytes
from nvg_studio.sampling.runner import StopFlag

COLOUR_PATCH = 4
"""Cells a side of the patch that a code's colour is read from: the time grows with its area."""
COLOUR_BATCH = 128
"""Codes decoded at a time."""


def code_colours(compute: Compute, path: Sequence[int], cancel: StopFlag | None = None) -> Picture:
    """The colour that every code gives as content of stage len(path), spread evenly: uint8 [codes, 3].

    Args:
        path: tokens of the stages before, 0..K of them, spread evenly below.
        cancel: asked before every network call.

    Raises:
        SettingsError: a path that is too long, or tokens that the model does not have. Cancelled.
    """
    config = compute.networks.config.tokenizer
    if len(path) > config.depth or not all(0 <= token < config.codebook_size for token in path):
        raise SettingsError(f"A path has at most {config.depth} tokens from 0 to {config.codebook_size - 1}.")
    below = sum(_even(compute, torch.tensor([token]), stage) for stage, token in enumerate(path))  # [1, C, p, p]
    colours = []
    for tokens in torch.arange(config.codebook_size).split(COLOUR_BATCH):
        if cancel is not None and cancel.is_set():
            raise Cancelled("The colours were not needed any more.")
        pictures = compute.decode_patch(_even(compute, tokens, len(path)) + below)  # [n, 3, s, s]
        margin = pictures.shape[-1] // 4
        middle = pictures[..., margin:-margin, margin:-margin]
        colours.append(to_bytes(middle.mean((2, 3), keepdim=True))[:, 0, 0])
    return np.concatenate(colours)


def _even(compute: Compute, tokens: torch.Tensor, stage: int) -> torch.Tensor:
    """What tokens int64 [n] that fill a canvas each add to the patch in its middle, [n, C, p, p]."""
    config = compute.networks.config.tokenizer
    spread = tokens.to(compute.device)[:, None].expand(-1, config.cells)
    residual = compute.networks.tokenizer.quantizer.residual(spread, stage)  # [n, L, C]
    canvas = residual.transpose(1, 2).unflatten(2, (config.grid, config.grid))
    margin = max(config.grid - COLOUR_PATCH, 0) // 2
    return canvas[..., margin : config.grid - margin, margin : config.grid - margin]
