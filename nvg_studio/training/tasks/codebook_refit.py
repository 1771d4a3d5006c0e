"""Refitting codes and refiners of a finished tokenizer to structures found in another way; encoder and decoder stay.

The codes start from where they are and follow the gradient of the quantiser's loss (paper equation 3), so that a code
goes on meaning what it meant: networks that were trained with the old codes can be trained on from there.
"""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from nvg_studio.atomic import write_atomic
from nvg_studio.errors import TrainingError
from nvg_studio.model.clustering import cluster_batch
from nvg_studio.model.tokenizer import Quantizer, Tokenizer
from nvg_studio.sampling.precision import Precision
from nvg_studio.training.data.crops import centre_crops, random_batch, to_tensor
from nvg_studio.training.data.pack import PhotoSet
from nvg_studio.training.loop.progress import counted
from nvg_studio.training.loop.train_loop import step_rng
from nvg_studio.training.tasks.tokenizer import psnr, quantize_with_gradient, quantizer_losses

ENCODE_BATCH = 64
HELD_OUT = 256
"""Photos of a report, at most."""
STEPS_OF_A_REPORT = 32


@dataclass(frozen=True)
class CodesRecipe:
    """Numbers of a run; a step looks at `batch` cached latents."""

    batch: int = 32
    rate: float = 1e-3
    seed: int = 0


class LatentCache(NamedTuple):
    """Encoded crops and how they are clustered: float16 [n, L, C], the finest labels int16 [n, L]."""

    latents: Tensor
    finest: Tensor

    def labels(self, rows: Tensor, depth: int) -> Tensor:
        """Labels int64 [n, K + 1, L] of all stages of some rows."""
        return self.finest[rows].long().unsqueeze(1) >> torch.arange(depth, -1, -1).view(-1, 1)

    def save(self, path: Path, source: str) -> None:
        """Write as npz, atomically, with the name of what it was made with."""
        latents, finest = self.latents.numpy(), self.finest.numpy()
        write_atomic(path, lambda file: np.savez(file, latents=latents, finest=finest, source=np.array(source)))


def load_latents(path: Path, source: str) -> LatentCache:
    """Read a cache; TrainingError when it is damaged or was made with something else than `source`."""
    try:
        with np.load(path, allow_pickle=False) as data:
            found = str(data["source"])
            cache = LatentCache(torch.from_numpy(data["latents"]), torch.from_numpy(data["finest"]))
    except (OSError, KeyError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise TrainingError(f"The cache '{path}' is damaged. Delete it; it will be made again.") from error
    if found != source:
        raise TrainingError(
            f"The cache '{path}' was made with another tokenizer or structure method. Choose a new --out folder."
        )
    return cache


@torch.inference_mode()
def encode_crops(tokenizer: Tokenizer, photos: PhotoSet, crops: int, seed: int, device: torch.device) -> LatentCache:
    """Random crops of the photos, `crops` times as many as there are photos, encoded and clustered."""
    size, method = tokenizer.config.image_size, tokenizer.config.structure_method
    total = max(crops, 1) * len(photos.pictures)
    latents, finest = [], []
    for step in counted(range(-(-total // ENCODE_BATCH)), "encoding crops", -(-total // ENCODE_BATCH), "batch"):
        pictures = random_batch(photos, size, ENCODE_BATCH, step_rng(seed, step, stream=4))
        latent = tokenizer.encode(to_tensor(pictures.to(device))).float()
        latents.append(latent.half().cpu())
        finest.append(cluster_batch(latent, method)[:, -1].short().cpu())
    return LatentCache(torch.cat(latents), torch.cat(finest))


class CodesTask:
    """The quantiser on cached latents, for `loop.train`; every process sees the whole small batch."""

    def __init__(
        self, tokenizer: Tokenizer, recipe: CodesRecipe, cache: LatentCache, val: PhotoSet, device: torch.device
    ) -> None:
        self.tokenizer, self.recipe, self.cache, self.device = tokenizer, recipe, cache, device
        self.depth = tokenizer.config.depth
        self.networks: Quantizer = tokenizer.quantizer.to(device).train()
        self.auxiliary: nn.Module | None = None
        self.kept: dict[str, Tensor] = {}
        self.precision = Precision()
        self.optimizers: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(self.networks.parameters(), recipe.rate, (0.9, 0.99), weight_decay=0.0)
        ]
        crops = centre_crops(val, tokenizer.config.image_size)
        self.held_out = to_tensor(crops[:: max(1, len(crops) // HELD_OUT)].to(device))
        with torch.inference_mode():
            self.latents = torch.cat([tokenizer.encode(part) for part in self.held_out.split(ENCODE_BATCH)]).float()
            self.labels = cluster_batch(self.latents, tokenizer.config.structure_method)

    def losses(self, step: int, progress: float) -> dict[str, Tensor]:
        """The quantiser's loss of the batch of one step."""
        rng = step_rng(self.recipe.seed, step)
        rows = torch.from_numpy(rng.integers(len(self.cache.latents), size=self.recipe.batch))
        latent = self.cache.latents[rows].float().to(self.device)
        labels = self.cache.labels(rows, self.depth).to(self.device)
        canvases = quantize_with_gradient(self.networks, latent, labels).canvases
        return {"total": quantizer_losses(latent, canvases).mean()}

    def after_step(self, step: int, progress: float) -> None:
        """Nothing."""

    @torch.no_grad()
    def report(self, averaged: Quantizer, folder: Path, step: int, final: bool) -> dict[str, float]:
        """Of held-out photos: share of the latent's variance that each stage's canvas explains, PSNR, use of codes."""
        found = averaged(self.latents, self.labels)
        left = (found.canvases - self.latents.unsqueeze(1)).square().mean((0, 2, 3))
        explained = 1 - left / (self.latents - self.latents.mean((0, 1))).square().mean()
        squares = [
            (self.tokenizer.decode(canvas) - images).square().mean((1, 2, 3))
            for canvas, images in zip(
                found.canvases[:, -1].split(ENCODE_BATCH), self.held_out.split(ENCODE_BATCH), strict=True
            )
        ]
        return {
            "val_psnr": float(psnr(torch.cat(squares)).mean()),
            "val_codes_used": len(found.token_map.unique()) / self.tokenizer.config.codebook_size,
            **{f"val_explained_{stage}": value for stage, value in enumerate(explained.tolist())},
        }


def token_maps(tokenizer: Tokenizer, cache: LatentCache, device: torch.device, most: int = 512) -> Tensor:
    """Token maps [n, K + 1, L] of cached crops, spread evenly, as the tokenizer now quantises them."""
    rows = torch.from_numpy(np.linspace(0, len(cache.latents) - 1, min(most, len(cache.latents))).astype(int))
    with torch.inference_mode():
        labels = cache.labels(rows, tokenizer.config.depth).to(device)
        found: Tensor = tokenizer.quantizer(cache.latents[rows].float().to(device), labels).token_map
    return found


def comparison(before: dict[str, float], after: dict[str, float]) -> str:
    """Held-out numbers of a refit in a few lines."""
    stages = [name for name in before if name.startswith("val_explained_")]
    lines = [
        f"{when}: PSNR {row['val_psnr']:.2f} dB, {row['val_codes_used']:.0%} of the codes used, variance explained "
        f"after each stage {' '.join(f'{row[name]:.3f}' for name in stages)}"
        for when, row in (("before", before), ("after", after))
    ]
    return "\n".join(lines)
