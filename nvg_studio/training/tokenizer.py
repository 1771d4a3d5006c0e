"""Training the tokenizer (paper section 3.1; losses without adversary and perceptual network)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nvg_studio.model.clustering import cluster_batch
from nvg_studio.model.config import TokenizerConfig
from nvg_studio.model.tokenizer import Quantized, Quantizer, Tokenizer, group_means
from nvg_studio.training import devices
from nvg_studio.training.ahead import Ahead
from nvg_studio.training.crops import centre_crops, random_batch, to_tensor
from nvg_studio.training.curves import write_grid
from nvg_studio.training.loop import step_rng
from nvg_studio.training.pack import PhotoSet

COMMITMENT = 0.25


@dataclass(frozen=True)
class TokenizerRecipe:
    """Numbers of a tokenizer run.

    `plain` is the share of the budget without quantiser at the start. Afterwards a share `coarse` of the pictures is
    decoded from the canvas of an earlier stage, so that every stage carries as much of the picture as it can and
    decodes to a calm one; the other canvases are disturbed by noise of up to `noise` of the latent's deviation, since a
    generator's canvases are never quite an encoder's.
    """

    batch: int = 32
    rate: float = 8e-4
    square_weight: float = 2.0
    plain: float = 0.1
    coarse: float = 0.4
    noise: float = 0.2
    revive_every: int = 50
    seed: int = 0
    bf16: bool = True


class TrainedTokenizer(Tokenizer):
    """A tokenizer that remembers whether its codebook has started, also over a resume."""

    quantizing: Tensor

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__(config)
        self.register_buffer("quantizing", torch.zeros(()))


class TokenizerTask:
    """Tokenizer, its losses and its housekeeping, for `loop.train`."""

    aside: nn.Module | None = None

    def __init__(
        self,
        config: TokenizerConfig,
        recipe: TokenizerRecipe,
        train: PhotoSet,
        val: PhotoSet,
        device: torch.device,
        init: Tokenizer | None = None,
        compiled: bool = False,
    ) -> None:
        self.config, self.recipe, self.photos, self.device = config, recipe, train, device
        torch.manual_seed(recipe.seed)
        self.networks = TrainedTokenizer(config).to(device)
        if init is not None:
            self.networks.load_state_dict(init.state_dict(), strict=False)
        else:
            _start_refiners(self.networks.quantizer)
        if compiled:  # in place: names of weights stay, and copies (the average) are not compiled
            self.networks.encoder.compile()
            self.networks.decoder.compile()
        self.optimizers: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(self.networks.parameters(), recipe.rate, (0.9, 0.95), weight_decay=0.0)
        ]
        self.held_out = to_tensor(centre_crops(val, config.image_size)[:: max(1, len(val.pictures) // 256)].to(device))
        share = devices.share(recipe.batch)
        self.batches = Ahead(
            lambda step: random_batch(train, config.image_size, recipe.batch, step_rng(recipe.seed, step), share)
        )
        self.uses = torch.zeros(config.codebook_size, device=device)
        self.kept = {"uses": self.uses}
        self.networks.quantizing.fill_(init is not None)

    def losses(self, step: int, progress: float) -> dict[str, Tensor]:
        """Reconstruction and quantiser loss of the batch of one step."""
        rng = step_rng(self.recipe.seed, step, stream=1)
        torch.manual_seed(int(rng.integers(2**62)))
        images = to_tensor(self.batches(step).to(self.device))
        with self._autocast():
            latent = self.networks.encode(images)
        latent = latent.float()
        if progress < self.recipe.plain and not self.networks.quantizing:
            total, rebuilt = latent.new_zeros(()), self._decode(latent)
            quantizer_loss = total
        else:
            if not self.networks.quantizing:
                self._start_codebook(rng)
            labels = cluster_batch(latent)
            self.latent, self.labels = devices.gather(latent), devices.gather(labels)
            quantized = quantize_with_gradient(self.networks.quantizer, latent.detach(), labels)
            self.uses += devices.total(quantized.token_map.flatten().bincount(minlength=len(self.uses)))
            quantizer_loss = quantizer_losses(latent, quantized.canvases).mean()
            rebuilt = self._decode(self._disturbed(quantized.canvases, rng) + latent - latent.detach())
        absolute, square = (rebuilt - images).abs().mean(), (rebuilt - images).square().mean()
        total = absolute + self.recipe.square_weight * square + quantizer_loss
        return {"total": total, "l1": absolute, "psnr": psnr(devices.mean(square)), "quantizer": quantizer_loss}

    def after_step(self, step: int, progress: float) -> None:
        """Codes that went unused are set to cluster means of the last batch; not in the quiet end of the run."""
        if not self.networks.quantizing or step % self.recipe.revive_every or progress > 0.7:
            return
        unused = (self.uses == 0).nonzero().flatten()
        if len(unused):
            codes = residual_means(self.networks.quantizer, self.latent, self.labels)
            rng = step_rng(self.recipe.seed, step, stream=2)
            chosen = torch.from_numpy(rng.integers(len(codes), size=len(unused))).to(self.device)
            with torch.no_grad():
                self.networks.quantizer.embedding.weight[unused] = codes[chosen]
            devices.align(self.networks.quantizer.embedding.weight)
        self.uses.zero_()

    @torch.no_grad()
    def report(self, averaged: TrainedTokenizer, folder: Path, step: int, final: bool) -> dict[str, float]:
        """PSNR and code use on all held-out photos at any time; a grid of originals and reconstructions."""
        squares, used, rows = [], set(), []
        for images in self.held_out.split(64):
            latent = averaged.encode(images)
            canvas = latent
            if averaged.quantizing:
                quantized = averaged.quantizer(latent, cluster_batch(latent))
                canvas = quantized.canvases[:, -1]
                used.update(quantized.token_map.unique().tolist())
            rebuilt = averaged.decode(canvas)
            squares.append((rebuilt - images).square().mean((1, 2, 3)))
            rows.append(torch.cat([images[:8], rebuilt[:8]]))
        write_grid(to_bytes(rows[0]), 8, folder / f"reconstruction-{step:06d}.png")
        mean = float(torch.stack([psnr(s) for s in torch.cat(squares)]).mean())
        return {"val_psnr": mean, "val_codes_used": len(used) / self.config.codebook_size}

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.bf16)

    def _disturbed(self, canvases: Tensor, rng: np.random.Generator) -> Tensor:
        """What the decoder trains on, [B, L, C]: the canvas of an earlier stage, or the last one with noise."""
        count, stages = self.recipe.batch, canvases.shape[1]
        share = devices.share(count)
        coarse = rng.random(count) < self.recipe.coarse
        chosen = np.where(coarse, rng.integers(stages - 1, size=count), stages - 1)
        strength = np.where(coarse, 0.0, self.recipe.noise * rng.random(count)).astype(np.float32)
        picked = canvases[torch.arange(len(canvases)), torch.from_numpy(chosen[share])]
        amount = torch.from_numpy(strength[share]).to(picked) * self.latent.std()
        noise = torch.randn(count, *picked.shape[1:], device=picked.device)[share]
        return picked + amount.view(-1, 1, 1) * noise

    def _decode(self, canvas: Tensor) -> Tensor:
        with self._autocast():
            return self.networks.decode(canvas).float()

    def _start_codebook(self, rng: np.random.Generator) -> None:
        """K-means over the detail that every level adds, taken from unquantised latents."""
        pool = []
        with torch.no_grad():
            for _ in range(16):
                images = to_tensor(random_batch(self.photos, self.config.image_size, 32, rng).to(self.device))
                latent = self.networks.encode(images)
                pool.append(level_details(latent, cluster_batch(latent), rng))
            self.networks.quantizer.embedding.weight.copy_(k_means(torch.cat(pool), self.config.codebook_size, rng))
            devices.align(self.networks.quantizer.embedding.weight)
            self.networks.quantizing.fill_(1)


def _start_refiners(quantizer: Quantizer) -> None:
    """phi starts as the identity: the first canvases are then plain sums of codes."""
    for parameter in quantizer.quant_resi.parameters():
        nn.init.zeros_(parameter)


def quantize_with_gradient(quantizer: Quantizer, latent: Tensor, labels: Tensor) -> Quantized:
    """Choose tokens without gradient, then add up their refined vectors with it."""
    with torch.no_grad():
        token_map = quantizer(latent, labels).token_map
    return Quantized(token_map, quantizer.canvases(token_map))


def quantizer_losses(latent: Tensor, canvases: Tensor) -> Tensor:
    """0.25 |sg(F_i) - f|^2 + |F_i - sg(f)|^2 for every stage, float [K + 1]."""
    target = latent.unsqueeze(1)
    commitment = F.mse_loss(canvases.detach(), target.expand_as(canvases), reduction="none").mean((0, 2, 3))
    codebook = F.mse_loss(canvases, target.detach().expand_as(canvases), reduction="none").mean((0, 2, 3))
    return COMMITMENT * commitment + codebook


def residual_means(quantizer: Quantizer, latent: Tensor, labels: Tensor) -> Tensor:
    """The vectors that the quantiser looked up for this batch, float [n, C]."""
    with torch.no_grad():
        canvases = quantizer(latent, labels).canvases
        found = []
        for stage in range(labels.shape[1]):
            residual = latent - canvases[:, stage - 1] if stage else latent
            found.append(group_means(residual, labels[:, stage], 1 << stage).flatten(0, 1))
    return torch.cat(found)


def level_details(latent: Tensor, labels: Tensor, rng: np.random.Generator, each: int = 256) -> Tensor:
    """What every level adds to the one above it when nothing is rounded, at most `each` vectors a level."""
    above, details = torch.zeros_like(latent), []
    for stage in range(labels.shape[1]):
        means = group_means(latent, labels[:, stage], 1 << stage)
        here = means.gather(1, labels[:, stage].unsqueeze(-1).expand_as(latent))
        flat = (here - above).flatten(0, 1)
        details.append(flat[torch.from_numpy(rng.integers(len(flat), size=each)).to(flat.device)])
        above = here
    return torch.cat(details)


def k_means(points: Tensor, count: int, rng: np.random.Generator, rounds: int = 15) -> Tensor:
    """Lloyd's algorithm from random points, float [count, C]; an empty cluster keeps its centre."""
    centres = points[torch.from_numpy(rng.permutation(len(points))[:count]).to(points.device)].clone()
    for _ in range(rounds):
        nearest = torch.cdist(points, centres).argmin(1)
        sizes = torch.zeros(count, device=points.device).index_add_(0, nearest, torch.ones_like(points[:, 0]))
        sums = torch.zeros_like(centres).index_add_(0, nearest, points)
        centres = torch.where((sizes > 0)[:, None], sums / sizes.clamp(min=1)[:, None], centres)
    return centres


def psnr(square: Tensor) -> Tensor:
    """PSNR in dB from the mean square error of pictures in [-1, 1]."""
    return 10 * torch.log10(4 / square)


def to_bytes(images: Tensor) -> np.ndarray:
    """float [B, 3, S, S] in [-1, 1] -> uint8 [B, S, S, 3], cut to integers as the published decoder does."""
    scaled = (255 * (images.float() + 1) / 2).clamp(0, 255)
    return scaled.byte().permute(0, 2, 3, 1).contiguous().cpu().numpy()
