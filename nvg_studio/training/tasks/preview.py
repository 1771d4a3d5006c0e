"""Training the preview decoder: it learns the pictures that the tokenizer's decoder makes of canvases of any stage."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from nvg_studio.model.checkpoint import Networks
from nvg_studio.model.clustering import cluster_batch
from nvg_studio.model.preview import PreviewDecoder
from nvg_studio.sampling.precision import Precision
from nvg_studio.training.data.crops import centre_crops, random_batch, to_tensor
from nvg_studio.training.data.pack import PhotoSet
from nvg_studio.training.loop.curves import write_grid
from nvg_studio.training.loop.train_loop import step_rng
from nvg_studio.training.tasks.tokenizer import psnr, to_bytes

HELD_OUT = 24
"""Photos of a report, each at two stages."""
SHOWN = 8


@dataclass(frozen=True)
class PreviewRecipe:
    """Numbers of a run.

    A step draws `photos` new crops and has the decoder draw each at `stages` random stages: that costs most of the
    time. It learns from these and from examples of the last `kept` steps, `batch` altogether. `edge_weight` counts the
    differences between neighbouring pixels, which carry what is small.
    """

    photos: int = 2
    stages: int = 2
    kept: int = 400
    batch: int = 16
    edge_weight: float = 1.0
    rate: float = 2e-3
    seed: int = 0


class PreviewTask:
    """The preview decoder with its teacher, for `loop.train`. Of several processes each sees the whole small batch."""

    def __init__(
        self, model: Networks, recipe: PreviewRecipe, train: PhotoSet, val: PhotoSet, device: torch.device
    ) -> None:
        self.recipe, self.photos, self.device, self.precision = recipe, train, device, Precision()
        self.auxiliary: nn.Module | None = None
        self.kept: dict[str, Tensor] = {}
        self.tokenizer = model.tokenizer.to(device).eval().requires_grad_(False)
        torch.manual_seed(recipe.seed)
        self.networks = PreviewDecoder(model.config.tokenizer).to(device)
        if model.preview is not None:
            self.networks.load_state_dict(model.preview.state_dict())
        self.optimizers: list[torch.optim.Optimizer] = [torch.optim.AdamW(self.networks.parameters(), recipe.rate)]
        self._examples: dict[int, tuple[Tensor, Tensor]] = {}
        crops = centre_crops(val, model.config.tokenizer.image_size)[:: max(1, len(val.pictures) // HELD_OUT)]
        self._held_out = self._taught(crops[:HELD_OUT], step_rng(recipe.seed, 0, stream=1))

    def losses(self, step: int, progress: float) -> dict[str, Tensor]:
        """Mean differences from the decoder's pictures, of pixels and of what neighbours differ by."""
        canvases, targets = self._batch(step)
        with self.precision.autocast(self.device):
            drawn = self.networks(canvases)
        pixels, edges = differences(drawn.float(), targets.float() / 127.5 - 1)
        return {"total": pixels + self.recipe.edge_weight * edges, "l1": pixels, "edges": edges}

    def after_step(self, step: int, progress: float) -> None:
        """Let go of the examples that no later step looks at."""
        self._examples.pop(step - self.recipe.kept, None)

    def report(self, averaged: PreviewDecoder, folder: Path, step: int, final: bool) -> dict[str, float]:
        """PSNR to the decoder's pictures of held-out photos, in float32; the decoder's above, the previews below."""
        canvases, targets = self._held_out
        drawn, wanted = averaged(canvases), targets.float() / 127.5 - 1
        rows = torch.cat([targets[:SHOWN].permute(0, 2, 3, 1).cpu(), torch.from_numpy(to_bytes(drawn[:SHOWN]))])
        write_grid(rows.numpy(), SHOWN, folder / f"previews-{step:06d}.png")
        return {"val_psnr": float(psnr((drawn - wanted).square().mean((1, 2, 3))).mean())}

    def _batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Canvases [batch, L, C] and pictures uint8 [batch, 3, S, S]: what the step brings in, and earlier examples."""
        recipe, rng = self.recipe, step_rng(self.recipe.seed, step)
        canvases, targets = self._examples_of(step)
        again = max(0, recipe.batch - len(canvases))
        steps = rng.integers(max(0, step - recipe.kept + 1), step + 1, size=again).tolist()
        rows = rng.integers(len(canvases), size=again).tolist()
        earlier = [tuple(part[row] for part in self._examples_of(past)) for past, row in zip(steps, rows, strict=True)]
        return (
            torch.stack([*canvases, *(canvas for canvas, _ in earlier)]),
            torch.stack([*targets, *(target for _, target in earlier)]),
        )

    def _examples_of(self, step: int) -> tuple[Tensor, Tensor]:
        """What a step brings in; made again where a resumed run looks back at it."""
        if step not in self._examples:
            rng = step_rng(self.recipe.seed, step, stream=1)
            crops = random_batch(self.photos, self.tokenizer.config.image_size, self.recipe.photos, rng)
            self._examples[step] = self._taught(crops, rng)
        return self._examples[step]

    @torch.no_grad()
    def _taught(self, crops: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Crops uint8 [n, S, S, 3] -> canvases [n * stages, L, C] of random stages, the decoder's pictures uint8."""
        count, stages = self.recipe.stages, self.tokenizer.config.depth + 1
        chosen = np.concatenate([rng.permutation(stages)[:count] for _ in crops])
        with self.precision.autocast(self.device):
            latent = self.tokenizer.encode(to_tensor(crops.to(self.device)))
        latent = latent.float()
        labels = cluster_batch(latent, self.tokenizer.config.structure_method)
        canvases = self.tokenizer.quantizer(latent, labels).canvases  # [n, K + 1, L, C]
        picked = canvases[torch.arange(len(crops)).repeat_interleave(count), torch.from_numpy(chosen)]
        with self.precision.autocast(self.device):
            pictures = self.tokenizer.decode(picked)
        return picked, (127.5 * (pictures.float() + 1)).round().byte()


def differences(drawn: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """Mean absolute differences of pictures float [B, 3, S, S], and of the steps to the pixels right and below."""
    error = drawn - wanted
    return error.abs().mean(), (error.diff(dim=2).abs().mean() + error.diff(dim=3).abs().mean()) / 2
