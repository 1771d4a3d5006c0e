"""Training content and structure transformer on cached sequences (paper section 3.2, 3.3)."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from nvg_studio.ids import NAMELESS
from nvg_studio.model.checkpoint import Generator, Networks
from nvg_studio.model.config import ModelConfig
from nvg_studio.model.content import ContentTransformer
from nvg_studio.model.structure import StructureTransformer
from nvg_studio.model.tokenizer import Tokenizer, group_means
from nvg_studio.sampling.pipeline import NVGPipeline
from nvg_studio.sampling.precision import RULES, Precision, Rules
from nvg_studio.sampling.settings import GenerationSettings
from nvg_studio.training.data.cache import SequenceCache
from nvg_studio.training.loop import devices
from nvg_studio.training.loop.curves import write_grid
from nvg_studio.training.loop.train_loop import step_rng
from nvg_studio.training.losses.alignment import WEIGHT as ALIGNMENT_WEIGHT
from nvg_studio.training.losses.alignment import Alignment

LABEL_DROPOUT = 0.1
MUON_RATIO = 5 / 3
"""Muon's learning rate over AdamW's."""
SAMPLES_PER_CLASS = 4
INTERIM_PICTURES, FINAL_PICTURES = 48, 128
"""Held-out pictures of a report on the way, and of the last one."""


@dataclass(frozen=True)
class GeneratorRecipe:
    """Numbers of a generator run.

    `pictures` are drawn a step; each gives `content_stages` and `structure_stages` stages to train on, spread evenly;
    a network that is given none stays as it is.
    Of the structure channels the one that the sampler will use counts `split_weight` times: the deeper ones are
    mostly chance.
    """

    pictures: int = 16
    content_stages: int = 2
    structure_stages: int = 1
    split_weight: float = 4.0
    rate: float = 1.5e-3
    weight_decay: float = 0.05
    seed: int = 0


class Batch(NamedTuple):
    """Pictures on the device: bits [B, L, K], seen canvases [B, K + 1, L, C], tokens to learn [B, K + 1, L], classes,
    known."""

    bits: Tensor
    canvases: Tensor
    token_map: Tensor
    classes: Tensor
    known: Tensor

    def take(self, rows: Tensor) -> "Batch":
        """The pictures of these rows, with repeats."""
        return Batch(*(part[rows] for part in self))


class ContentLosses(NamedTuple):
    """Means over the examples."""

    canvas: Tensor
    tokens: Tensor


def structure_at(bits: Tensor, stages: Tensor) -> Tensor:
    """Structure embedding float [B, L, K] of bits [B, L, K] at stages [B]: 0 or 2 known, 1 unknown."""
    known = torch.arange(bits.shape[-1], device=bits.device) < stages.view(-1, 1, 1)
    return torch.where(known, 2.0 * bits, 1.0)


def labels_at(bits: Tensor, stages: Tensor) -> Tensor:
    """Labels int64 [B, L] of bits [B, L, K] at stages [B]."""
    depth = bits.shape[-1]
    whole = (bits.long() << torch.arange(depth - 1, -1, -1, device=bits.device)).sum(-1)
    return whole >> (depth - stages).view(-1, 1)


def content_losses(
    network: ContentTransformer, batch: Batch, stages: Tensor, autocast: torch.autocast
) -> ContentLosses:
    """Square error of the final canvas and cross-entropy of the tokens, each [B], teacher-forced.

    Held cells are conditions: they do not count in their cluster's mean, and clusters without free cells not at all.
    """
    rows = torch.arange(len(stages), device=stages.device)
    # Which clusters count is known before the network runs: looking it up later would make a GPU wait.
    labels, free = labels_at(batch.bits, stages), ~batch.known
    clusters = 1 << batch.bits.shape[-1]
    target = torch.full((len(stages), clusters), -1, device=labels.device)
    tokens = torch.where(free, batch.token_map[rows, stages], -1)
    target = target.scatter_reduce(1, labels, tokens, "amax")  # [B, n], -1 where no free cell is
    used = (target >= 0).nonzero(as_tuple=True)

    before = torch.where((stages > 0).view(-1, 1, 1), batch.canvases[rows, (stages - 1).clamp(min=0)], 0.0)
    final = batch.canvases[:, -1]
    with autocast:
        predicted = network(before, structure_at(batch.bits, stages), batch.classes, stages)
    predicted = predicted.float()
    square = (predicted - final).square().mean((1, 2))
    step = group_means(predicted - before, labels, clusters, weights=free)  # [B, n, C]
    with autocast:
        logits = network.logits(step[used])
    found = F.cross_entropy(logits.float(), target[used], reduction="none")
    entropy = torch.zeros_like(target, dtype=torch.float32).index_put(used, found)
    return ContentLosses(square, entropy.sum(1) / (target >= 0).sum(1).clamp(min=1))


def structure_losses(
    network: StructureTransformer,
    batch: Batch,
    stages: Tensor,
    times: Tensor,
    noise: Tensor,
    autocast: torch.autocast,
    split_weight: float = 1.0,
) -> Tensor:
    """Square error [B] of the predicted final structure; parents' bits and held cells are clean at every time.

    Args:
        times: float [B], 1 is noise.
        noise: float [B, L, K].
        split_weight: weight of the channel that the split after a stage is read from; 1 as in the paper.
    """
    rows = torch.arange(len(stages), device=stages.device)
    clean = 2.0 * batch.bits - 1
    given = torch.arange(clean.shape[-1], device=clean.device) < stages.view(-1, 1, 1)
    noise = torch.where(given | batch.known.unsqueeze(-1), clean, noise)
    mix = times.view(-1, 1, 1)
    noised = mix * noise + (1 - mix) * clean
    with autocast:
        velocity = network(
            noised, batch.canvases[rows, stages], structure_at(batch.bits, stages), batch.classes, stages, times
        )
    errors = (noise - velocity.float() - clean).square().mean(1)  # [B, K]
    weights = 1 + (split_weight - 1) * F.one_hot(stages, errors.shape[-1])
    return (errors * weights).sum(-1) / weights.sum(-1)


class GeneratorTask:
    """Both transformers, their losses and reports, for `loop.train`."""

    def __init__(
        self,
        config: ModelConfig,
        recipe: GeneratorRecipe,
        tokenizer: Tokenizer,
        train: SequenceCache,
        val: SequenceCache,
        device: torch.device,
        init: Generator | None = None,
        compiled: bool = False,
        features: NDArray[np.float16] | None = None,
        rules: Rules = RULES["cpu"],
    ) -> None:
        """`features` are those of the training crops, for the alignment, float16 [n, L, D]; by the `rules` samples of
        reports are made."""
        self.config, self.recipe, self.device, self.rules = config, recipe, device, rules
        self.precision = Precision()
        self.tokenizer, self.train, self.val = tokenizer.to(device).eval(), train.to(device), val.to(device)
        torch.manual_seed(recipe.seed)
        self.networks = Generator(config).to(device)
        if init is not None:
            self.networks.load_state_dict(init.state_dict())
        self.auxiliary: nn.Module | None = None
        if features is not None:
            self.auxiliary = Alignment(self.networks.content, features).to(device)
        if compiled:  # in place: names of weights stay, and copies (the average) are not compiled
            self.networks.content.compile()
            self.networks.structure.compile()
        self.optimizers = muon_and_adamw(self.networks, recipe.rate, recipe.weight_decay)
        if self.auxiliary is not None:
            self.optimizers.append(
                torch.optim.AdamW(
                    self.auxiliary.parameters(), recipe.rate, (0.9, 0.95), weight_decay=recipe.weight_decay
                )
            )
        self.kept: dict[str, Tensor] = {}
        self.share = devices.share(recipe.pictures)

    @property
    def autocast(self) -> torch.autocast:
        """The context of this step's networks."""
        return self.precision.autocast(self.device)

    def losses(self, step: int, progress: float) -> dict[str, Tensor]:
        """All losses of the batch of one step."""
        recipe, rng = self.recipe, step_rng(self.recipe.seed, step)
        torch.manual_seed(int(rng.integers(2**62)))
        chosen = rng.integers(len(self.train), size=recipe.pictures)
        batch = load_batch(self.tokenizer, self.train, chosen[self.share])
        dropped = torch.from_numpy(rng.random(recipe.pictures)[self.share] < LABEL_DROPOUT).to(self.device)
        batch = batch._replace(classes=torch.where(dropped, self.config.generator.classes, batch.classes))
        parts, aligned = {}, {}
        if recipe.content_stages:
            stages, rows = self._spread(self.config.tokenizer.depth + 1, recipe.content_stages, rng)
            content = content_losses(self.networks.content, batch.take(rows), stages, self.autocast)
            parts = {"canvas": content.canvas.mean(), "tokens": content.tokens.mean()}
            aligned = self._aligned(chosen[self.share], rows)
        if recipe.structure_stages:
            parts["structure"] = self._structure_loss(batch, rng)
        total = torch.stack(list(parts.values())).sum()
        return {"total": total + ALIGNMENT_WEIGHT * sum(aligned.values()), **parts, **aligned}

    def _structure_loss(self, batch: Batch, rng: np.random.Generator) -> Tensor:
        """Mean over this process's share of the pictures and their structure stages."""
        recipe = self.recipe
        stages, rows = self._spread(self.config.tokenizer.depth - 1, recipe.structure_stages, rng)
        times = torch.randn(recipe.structure_stages, recipe.pictures, device=self.device)
        times = torch.sigmoid(times[:, self.share].flatten())
        noise = torch.randn(recipe.pictures, *self.train.bits.shape[1:], device=self.device)[self.share]
        return structure_losses(
            self.networks.structure, batch.take(rows), stages, times, noise[rows], self.autocast, recipe.split_weight
        ).mean()

    def _aligned(self, chosen: NDArray[np.int64], rows: Tensor) -> dict[str, Tensor]:
        """How far the content network's tokens for these rows of the chosen pictures are from the features."""
        if self.auxiliary is None:
            return {}
        with self.autocast:
            return {"alignment": self.auxiliary(chosen, rows)}

    def after_step(self, step: int, progress: float) -> None:
        """Nothing."""

    def report(self, averaged: Generator, folder: Path, step: int, final: bool) -> dict[str, float]:
        """Held-out losses with fixed noise, and a grid of samples, one row a class."""
        networks = Networks(self.config, self.tokenizer, averaged, NAMELESS)
        self._sample(networks, folder / f"samples-{step:06d}.png")
        return held_out_losses(networks, self.val, self.device, FINAL_PICTURES if final else INTERIM_PICTURES)

    def _sample(self, networks: Networks, target: Path) -> None:
        pipeline = NVGPipeline(networks, str(self.device), self.rules.sampling())
        classes = range(min(self.config.generator.classes, 8))
        settings = [GenerationSettings(class_id=c, seed=s) for c in classes for s in range(SAMPLES_PER_CLASS)]
        pictures = [pipeline.decode(sequence) for sequence in pipeline.generate_batch(settings)]
        write_grid(np.stack(pictures), SAMPLES_PER_CLASS, target)

    def _spread(self, stages: int, each: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Stages [n * each] of the n pictures of this share, and the picture of each; over all pictures the stages
        cover 0..stages-1 evenly."""
        count = self.recipe.pictures * each
        drawn = np.concatenate([rng.permutation(stages) for _ in range(-(-count // stages))])[:count]
        drawn = drawn.reshape(each, self.recipe.pictures)[:, self.share].ravel()
        rows = np.arange(len(drawn)) % (len(drawn) // each)
        return torch.from_numpy(drawn).to(self.device), torch.from_numpy(rows).to(self.device)


def load_batch(tokenizer: Tokenizer, cache: SequenceCache, rows: np.ndarray) -> Batch:
    """Cached pictures, on the cache's device; canvases are added up again from the seen tokens."""
    chosen = torch.from_numpy(rows).to(cache.bits.device)
    with torch.no_grad():
        canvases = tokenizer.quantizer.canvases(cache.seen_map[chosen].long())
    return Batch(
        cache.bits[chosen], canvases, cache.token_map[chosen].long(), cache.classes[chosen], cache.known[chosen]
    )


@torch.no_grad()
def held_out_losses(
    networks: Networks, cache: SequenceCache, device: torch.device, most: int = FINAL_PICTURES
) -> dict[str, float]:
    """Mean losses over all stages of at most `most` held-out pictures, float32, with the same noise at every call."""
    depth, generator, cache = networks.config.tokenizer.depth, networks.generator, cache.to(device)
    autocast = torch.autocast(device.type, enabled=False)
    torch.manual_seed(0)
    content: list[list[Tensor]] = [[] for _ in range(depth + 1)]
    structure = []
    chosen = np.linspace(0, len(cache) - 1, min(most, len(cache))).astype(int)
    for rows in np.array_split(chosen, -(-len(chosen) // 32)):
        batch = load_batch(networks.tokenizer, cache, rows)
        for stage in range(depth + 1):
            stages = torch.full((len(rows),), stage, device=device)
            content[stage].append(content_losses(generator.content, batch, stages, autocast).tokens)
            if stage < depth - 1:
                noise = torch.randn(batch.bits.shape).to(device)
                times = torch.sigmoid(torch.randn(len(rows))).to(device)
                structure.append(structure_losses(generator.structure, batch, stages, times, noise, autocast))
    by_stage = [float(torch.cat(parts).mean()) for parts in content]
    return {
        "val_tokens": sum(by_stage) / len(by_stage),
        "val_structure": float(torch.cat(structure).mean()),
        **{f"val_tokens_{stage}": value for stage, value in enumerate(by_stage)},
    }


def muon_and_adamw(networks: nn.Module, rate: float, weight_decay: float) -> list[torch.optim.Optimizer]:
    """Muon for the two large matrices of every block, AdamW for everything else.

    Muon's rate is `MUON_RATIO` times AdamW's, its updates matched to AdamW's in size.
    """
    large, matrices, others = [], [], []
    for name, parameter in networks.named_parameters():
        if ".linear1.weight" in name or ".linear2.weight" in name:
            large.append(parameter)
        elif parameter.dim() >= 2:
            matrices.append(parameter)
        else:
            others.append(parameter)
    groups = [{"params": matrices, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
    adamw = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.95))
    muon = torch.optim.Muon(large, lr=MUON_RATIO * rate, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")
    return [adamw, muon]
