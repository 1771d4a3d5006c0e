"""Training the tokenizer (paper section 3.1)."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nvg_studio.model.clustering import cluster_batch
from nvg_studio.model.config import TokenizerConfig
from nvg_studio.model.tokenizer import Quantized, Quantizer, Tokenizer, group_means
from nvg_studio.sampling.precision import Precision
from nvg_studio.training.data.crops import centre_crops, random_batch, to_tensor
from nvg_studio.training.data.pack import PhotoSet
from nvg_studio.training.data.prefetcher import Prefetcher
from nvg_studio.training.loop import devices
from nvg_studio.training.loop.curves import write_grid
from nvg_studio.training.loop.train_loop import step_rng
from nvg_studio.training.losses.adversary import Critic
from nvg_studio.training.losses.perceptual import Perceptual

COMMITMENT = 0.25
ADVERSARIAL = 0.1
"""Weight of looking real to the discriminator."""


@dataclass(frozen=True)
class TokenizerRecipe:
    """Numbers of a tokenizer run.

    `plain` is the share of the budget without quantiser at the start. Afterwards a share `coarse` of the pictures is
    decoded from the canvas of an earlier stage, so that every stage carries as much of the picture as it can and
    decodes to a calm one; the other canvases are disturbed by noise of up to `noise` of the latent's deviation, since a
    generator's canvases are never quite an encoder's. Perceptual network and discriminator, where there are any, see
    these others alone. For a share `codebook_warmup` of the budget after the plain start all codes learn from every
    vector. With `decoder_only` nothing but the decoder learns: the tokens of every picture stay what they are.
    """

    batch: int = 32
    rate: float = 8e-4
    square_weight: float = 2.0
    plain: float = 0.1
    coarse: float = 0.4
    noise: float = 0.2
    perceptual_weight: float = 1.0
    adversary_rate: float = 2e-4
    adversary_decay: float = 5e-4
    codebook_warmup: float = 0.0
    decoder_only: bool = False
    revive_every: int = 50
    seed: int = 0


class ReconstructionLosses(NamedTuple):
    """What rebuilt pictures are compared by beside their pixels."""

    perceptual: Perceptual | None = None
    critic: Critic | None = None


PIXELS_ALONE = ReconstructionLosses()


class TrainedTokenizer(Tokenizer):
    """A tokenizer that remembers whether its codebook has started, also over a resume."""

    quantizing: Tensor

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__(config)
        self.register_buffer("quantizing", torch.zeros(()))


class TokenizerTask:
    """Tokenizer, its losses and the work between steps, for `loop.train`."""

    def __init__(
        self,
        config: TokenizerConfig,
        recipe: TokenizerRecipe,
        train: PhotoSet,
        val: PhotoSet,
        device: torch.device,
        init: Tokenizer | None = None,
        compiled: bool = False,
        reconstruction_losses: ReconstructionLosses = PIXELS_ALONE,
    ) -> None:
        self.config, self.recipe, self.photos, self.device = config, recipe, train, device
        self.precision = Precision()
        torch.manual_seed(recipe.seed)
        self.networks = TrainedTokenizer(config).to(device)
        if init is not None:
            self.networks.load_state_dict(init.state_dict(), strict=False)
        else:
            _start_refiners(self.networks.quantizer)
        if recipe.decoder_only:
            self.networks.encoder.requires_grad_(False)
            self.networks.quantizer.requires_grad_(False)
        if compiled:  # in place: names of weights stay, and copies (the average) are not compiled
            self.networks.encoder.compile()
            self.networks.decoder.compile()
        self.perceptual = reconstruction_losses.perceptual
        self.auxiliary: nn.Module | None = reconstruction_losses.critic
        self.optimizers = self._optimizers()
        self.held_out = to_tensor(centre_crops(val, config.image_size)[:: max(1, len(val.pictures) // 256)].to(device))
        self.share = devices.share(recipe.batch)
        self.batches = Prefetcher(
            lambda step: random_batch(train, config.image_size, recipe.batch, step_rng(recipe.seed, step), self.share)
        )
        self.uses = torch.zeros(config.codebook_size, device=device)
        self.kept = {"uses": self.uses}
        self.networks.quantizing.fill_(init is not None)
        self.coarse = min(round(recipe.coarse * recipe.batch), recipe.batch - 1)
        self.warm_until = recipe.codebook_warmup + (recipe.plain if init is None else 0.0)

    def _optimizers(self) -> list[torch.optim.Optimizer]:
        recipe, betas = self.recipe, (0.9, 0.95)
        learning = [parameter for parameter in self.networks.parameters() if parameter.requires_grad]
        found: list[torch.optim.Optimizer] = [torch.optim.AdamW(learning, recipe.rate, betas, weight_decay=0.0)]
        if self.auxiliary is not None:
            critic = self.auxiliary.parameters()
            found.append(torch.optim.AdamW(critic, recipe.adversary_rate, betas, weight_decay=recipe.adversary_decay))
        return found

    def losses(self, step: int, progress: float) -> dict[str, Tensor]:
        """Losses of the batch of one step; "total" is the tokenizer's, "critic" the discriminator's."""
        rng = step_rng(self.recipe.seed, step, stream=1)
        torch.manual_seed(int(rng.integers(2**62)))
        images = to_tensor(self.batches(step).to(self.device))
        with self._autocast():
            latent = self.networks.encode(images)
        latent = latent.float()
        if progress < self.recipe.plain and not self.networks.quantizing:
            canvas, quantizer_loss, coarse = latent, latent.new_zeros(()), 0
        else:
            canvas, quantizer_loss = self._quantize(latent, progress, rng)
            coarse = len(range(self.coarse)[self.share])
        rebuilt = self._decode(canvas)
        absolute, square = (rebuilt - images).abs().mean(), (rebuilt - images).square().mean()
        total = absolute + self.recipe.square_weight * square + quantizer_loss
        judged = self._judge(images[coarse:], rebuilt[coarse:])
        for name, weight in (("perceptual", self.recipe.perceptual_weight), ("adversary", ADVERSARIAL)):
            total = total + weight * judged.get(name, 0.0)
        parts = {"l1": absolute, "psnr": psnr(devices.averaged(square)), "quantizer": quantizer_loss, **judged}
        return {"total": total, **parts}

    def _quantize(self, latent: Tensor, progress: float, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """What the decoder trains on, [B, L, C], with the gradient passed straight through; and the quantiser loss."""
        if not self.networks.quantizing:
            self._start_codebook(rng)
        labels = cluster_batch(latent, self.config.structure_method)
        self.latent, self.labels = devices.gathered(latent), devices.gathered(labels)
        quantize = quantize_softly if progress < self.warm_until else quantize_with_gradient
        quantized = quantize(self.networks.quantizer, latent.detach(), labels)
        self.uses += devices.summed(quantized.token_map.flatten().bincount(minlength=len(self.uses)))
        canvas = self._with_noise(quantized.canvases, rng) + latent - latent.detach()
        return canvas, quantizer_losses(latent, quantized.canvases).mean()

    def _judge(self, images: Tensor, rebuilt: Tensor) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        with self._autocast():
            if self.perceptual is not None:
                found["perceptual"] = self.perceptual(rebuilt, images).mean()
            if self.auxiliary is not None:
                found["adversary"], found["critic"] = self.auxiliary(images, rebuilt)
        return found

    def after_step(self, step: int, progress: float) -> None:
        """Codes that went unused are set to cluster means of the last batch; not in the quiet end of the run."""
        settled = self.recipe.decoder_only or progress > 0.7
        if settled or not self.networks.quantizing or step % self.recipe.revive_every:
            return
        unused = (self.uses == 0).nonzero().flatten()
        if len(unused):
            codes = residual_means(self.networks.quantizer, self.latent, self.labels)
            rng = step_rng(self.recipe.seed, step, stream=2)
            chosen = torch.from_numpy(rng.integers(len(codes), size=len(unused))).to(self.device)
            with torch.no_grad():
                self.networks.quantizer.embedding.weight[unused] = codes[chosen]
            devices.copy_from_main(self.networks.quantizer.embedding.weight)
        self.uses.zero_()

    @torch.no_grad()
    def report(self, averaged: TrainedTokenizer, folder: Path, step: int, final: bool) -> dict[str, float]:
        """PSNR and code use on all held-out photos at any time; a grid of originals and reconstructions."""
        squares, used, rows = [], set(), []
        for images in self.held_out.split(64):
            latent = averaged.encode(images)
            canvas = latent
            if averaged.quantizing:
                quantized = averaged.quantizer(latent, cluster_batch(latent, self.config.structure_method))
                canvas = quantized.canvases[:, -1]
                used.update(quantized.token_map.unique().tolist())
            rebuilt = averaged.decode(canvas)
            squares.append((rebuilt - images).square().mean((1, 2, 3)))
            rows.append(torch.cat([images[:8], rebuilt[:8]]))
        write_grid(to_bytes(rows[0]), 8, folder / f"reconstruction-{step:06d}.png")
        mean = float(torch.stack([psnr(s) for s in torch.cat(squares)]).mean())
        return {"val_psnr": mean, "val_codes_used": len(used) / self.config.codebook_size}

    def _autocast(self) -> torch.autocast:
        return self.precision.autocast(self.device)

    def _with_noise(self, canvases: Tensor, rng: np.random.Generator) -> Tensor:
        """[B, L, C]: of the first pictures the canvas of an earlier stage, of the others the last one with noise."""
        count, stages = self.recipe.batch, canvases.shape[1]
        coarse = np.arange(count) < self.coarse
        chosen = np.where(coarse, rng.integers(stages - 1, size=count), stages - 1)
        strength = np.where(coarse, 0.0, self.recipe.noise * rng.random(count)).astype(np.float32)
        picked = canvases[torch.arange(len(canvases)), torch.from_numpy(chosen[self.share])]
        amount = torch.from_numpy(strength[self.share]).to(picked) * self.latent.std()
        noise = torch.randn(count, *picked.shape[1:], device=picked.device)[self.share]
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
                labels = cluster_batch(latent, self.config.structure_method)
                pool.append(level_details(latent, labels, rng))
            self.networks.quantizer.embedding.weight.copy_(k_means(torch.cat(pool), self.config.codebook_size, rng))
            devices.copy_from_main(self.networks.quantizer.embedding.weight)
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


def quantize_softly(quantizer: Quantizer, latent: Tensor, labels: Tensor) -> Quantized:
    """The same tokens and canvases, but the gradient reaches all codes, through a softmax over how near they are.

    The latent gets none of it.
    """
    canvas, residual = torch.zeros_like(latent), latent.detach()
    codes, token_map, canvases = quantizer.embedding.weight, [], []
    for stage in range(labels.shape[1]):
        groups = labels[:, stage]
        distances = quantizer.code_distances(group_means(residual, groups, 1 << stage))  # [B, n, codes]
        tokens, soft = distances.argmin(-1), (-distances).softmax(-1)
        vectors = quantizer.embedding(tokens) + (soft - soft.detach()) @ codes.detach()  # [B, n, C]
        spread = vectors.gather(1, groups.unsqueeze(-1).expand_as(latent))
        added = quantizer.refine(spread, stage)
        canvas, residual = canvas + added, residual - added.detach()
        token_map.append(tokens.gather(1, groups))
        canvases.append(canvas)
    return Quantized(torch.stack(token_map, 1), torch.stack(canvases, 1))


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
