"""Help from DINOv2 for the content network: its tokens half-way are brought near those of a frozen transformer that
sees the clean picture (REPA, arXiv 2410.06940)."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from nvg_studio.atomic import atomic_path
from nvg_studio.errors import TrainingError
from nvg_studio.model.content import ContentTransformer
from nvg_studio.training.data.crops import to_tensor
from nvg_studio.training.losses.vit import FrozenVit

WEIGHT = 0.5
BLOCK = 8
"""The content block whose tokens are aligned, counted from 1; the last one where there are fewer."""
WIDTH = 2048
TOKENS = 16
"""Tokens on a side of what the transformer sees: 224 pixels in patches of 14."""


class Alignment(nn.Module):
    """A head on the content network that training alone knows, and the features it is to find, float16 [n, L, D]."""

    def __init__(self, content: ContentTransformer, features: NDArray[np.float16]) -> None:
        super().__init__()
        self.features, self._seen = features, _Seen()
        content.blocks[min(BLOCK, len(content.blocks)) - 1].register_forward_hook(self._seen)
        self.layers = nn.Sequential(
            nn.Linear(content.embed.out_features, WIDTH),
            nn.SiLU(),
            nn.Linear(WIDTH, WIDTH),
            nn.SiLU(),
            nn.Linear(WIDTH, features.shape[-1]),
        )

    def forward(self, pictures: NDArray[np.int64], rows: Tensor) -> Tensor:
        """1 - mean cosine for what the network saw last.

        Args:
            pictures: places of the batch's pictures among the features, [B].
            rows: int64 [n], the picture of the batch that each of the n examples shows.
        """
        found = self.layers(self._seen.take()[:, 1:])  # [n, L, D], without the class token
        wanted = torch.from_numpy(self.features[pictures]).to(rows.device)[rows]
        return 1 - F.cosine_similarity(found.float(), wanted.float(), dim=-1).mean()


class _Seen:
    """Holds what a block gave until it is taken: a copy of the network made between steps copies no tensor."""

    def __init__(self) -> None:
        self._tokens: Tensor | None = None

    def __call__(self, block: nn.Module, inputs: tuple[Tensor, ...], tokens: Tensor) -> None:
        self._tokens = tokens

    def take(self) -> Tensor:
        tokens, self._tokens = self._tokens, None
        assert tokens is not None, "the network has run"
        return tokens


@torch.inference_mode()
def features_of(vit: FrozenVit, images: Tensor, grid: int) -> Tensor:
    """Patch tokens [B, grid^2, D] of pictures float [B, 3, S, S] in [-1, 1], brought to a model's grid of cells."""
    images = F.interpolate(images, size=TOKENS * vit.patch_size, mode="bicubic")
    tokens = vit.patches(images).transpose(1, 2).unflatten(2, (TOKENS, TOKENS))  # [B, D, 16, 16]
    if grid != TOKENS:
        tokens = F.interpolate(tokens, size=grid, mode="bilinear", antialias=True)
    return tokens.flatten(2).transpose(1, 2)


def save_features(
    vit: FrozenVit, crops: Iterator[NDArray[np.uint8]], count: int, grid: int, device: torch.device, path: Path
) -> None:
    """Write the features of `count` crops, given as batches uint8 [B, S, S, 3], straight to disk, atomically."""
    shape = (count, grid * grid, vit.width)
    bar = tqdm(total=count, desc="looking at crops", unit="crop", disable=None)
    with atomic_path(path) as partial, bar:
        features = np.lib.format.open_memmap(partial, "w+", np.float16, shape)
        done = 0
        for batch in crops:
            images = to_tensor(torch.from_numpy(batch).to(device))
            features[done : done + len(batch)] = features_of(vit, images, grid).half().cpu().numpy()
            done += len(batch)
            bar.update(len(batch))
        features.flush()


def open_features(path: Path, count: int, cells: int) -> NDArray[np.float16]:
    """Features of `count` crops, left on disk until they are needed; raises TrainingError where they do not fit."""
    try:
        features: NDArray[np.float16] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise TrainingError(f"'{path}' is damaged. Delete it; it will be made again.") from error
    if features.dtype != np.float16 or features.ndim != 3 or features.shape[:2] != (count, cells):
        raise TrainingError(f"'{path}' belongs to other crops. Delete it; it will be made again.")
    return features
