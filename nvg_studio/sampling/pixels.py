"""Pixels of pictures to and from the values that networks compute with."""

import numpy as np
import torch
from numpy.typing import NDArray

from nvg_studio.sampling.events import Picture


def to_unit_range(square: Picture) -> torch.Tensor:
    """uint8 [S, S, 3] -> float32 [1, 3, S, S] in [-1, 1], on the CPU."""
    scaled = square.astype(np.float64) / 127.5 - 1
    return torch.from_numpy(scaled.astype(np.float32)).permute(2, 0, 1).unsqueeze(0)


def to_bytes(images: torch.Tensor) -> NDArray[np.uint8]:
    """float [n, 3, S, S] in [-1, 1] -> uint8 [n, S, S, 3], cut (not rounded) to integers."""
    scaled = (255 * (images.float() + 1) / 2).clamp(0, 255)
    return np.asarray(scaled.byte().permute(0, 2, 3, 1).contiguous().cpu().numpy())
