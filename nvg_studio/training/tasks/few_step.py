"""Training the few-step structure network: what the flow reaches in many guided steps, learnt as one jump.

The teacher is the model's own flow. It goes from noise to structure along a time grid; between any two points of its
path the average velocity is known, and that is what the network learns (distillation of paths; the average velocity is
that of mean flows, arXiv 2505.13447, without their derivative). The guidance scale is drawn for every picture.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nvg_studio.granularity.hierarchy import split
from nvg_studio.model.blocks import Rotation
from nvg_studio.model.checkpoint import Networks
from nvg_studio.model.few_step import MAX_GUIDANCE, FewStepStructure
from nvg_studio.model.structure import StructureTransformer
from nvg_studio.sampling.flow import dpm_solver, jump, time_grid
from nvg_studio.sampling.precision import Precision
from nvg_studio.training.data.cache import SequenceCache
from nvg_studio.training.data.crops import ALL
from nvg_studio.training.loop import devices
from nvg_studio.training.loop.train_loop import step_rng
from nvg_studio.training.tasks.generator import (
    LABEL_DROPOUT,
    Batch,
    labels_at,
    load_batch,
    muon_and_adamw,
    structure_at,
)

DEFAULT_STEPS = 2
"""What a model that has learnt it takes unless a run sets another number."""
REPORT_STEPS = (1, 2, 3)
REPORT_PICTURES = 28
"""Held-out pictures of a report: the same number for each of seven stages."""


@dataclass(frozen=True)
class FewStepRecipe:
    """Numbers of a run.

    `pictures` paths are made a step, each of `teacher_steps` steps; `jumps` of every path are learnt. `whole` is the
    share of them that go all the way, `half` the share of those that go to or from the middle; the others join any two
    points. `guidance` is the range that scales are drawn from, evenly. `split_weight`: as in the generator's recipe.
    """

    pictures: int = 16
    teacher_steps: int = 6
    jumps: int = 4
    whole: float = 0.4
    half: float = 0.35
    guidance: tuple[float, float] = (1.0, MAX_GUIDANCE)
    split_weight: float = 4.0
    rate: float = 6e-4
    weight_decay: float = 0.01
    seed: int = 0


class TeacherBatch(NamedTuple):
    """The condition of a structure: a stage and a guidance scale [B] for each picture of a batch."""

    batch: Batch
    stages: Tensor
    guidance: Tensor

    def take(self, rows: Tensor) -> "TeacherBatch":
        """The pictures of these rows, with repeats."""
        return TeacherBatch(self.batch.take(rows), self.stages[rows], self.guidance[rows])

    def given(self) -> Tensor:
        """Bits that are known: parents' and held ones, bool [B, L, K]."""
        bits = self.batch.bits
        parents = torch.arange(bits.shape[-1], device=bits.device) < self.stages.view(-1, 1, 1)
        return parents | self.batch.known.unsqueeze(-1)

    def held(self, state: Tensor) -> Tensor:
        """The state [B, L, K] with its known entries put back."""
        return torch.where(self.given(), 2.0 * self.batch.bits - 1, state)

    def canvases(self) -> Tensor:
        """The canvas [B, L, C] after each picture's stage."""
        return self.batch.canvases[torch.arange(len(self.stages), device=self.stages.device), self.stages]

    def structure(self) -> Tensor:
        """The structure embedding [B, L, K] of each picture's stage."""
        return structure_at(self.batch.bits, self.stages)


@torch.no_grad()
def teacher_path(
    teacher: StructureTransformer, asked: TeacherBatch, noise: Tensor, times: list[float], autocast: torch.autocast
) -> Tensor:
    """The guided flow's states at `times`, float [B, n, L, K], from noise [B, L, K]; in order of time."""
    turn, canvas, path = teacher.rotation(asked.structure()), asked.canvases(), [asked.held(noise)]
    both = Rotation(*(torch.cat([part, part]) for part in turn))
    nobody = torch.full_like(asked.batch.classes, teacher.no_class)
    classes = torch.cat([asked.batch.classes, nobody])
    weight = asked.guidance.view(-1, 1, 1)

    def velocity(state: Tensor, time: float) -> Tensor:
        with autocast:
            answers = teacher(
                torch.cat([state, state]),
                torch.cat([canvas, canvas]),
                both,
                classes,
                asked.stages.repeat(2),
                state.new_full((2 * len(state),), time),
            )
        conditional, unconditional = answers.float().chunk(2)
        return unconditional + weight * (conditional - unconditional)

    def keep(state: Tensor, _: float) -> Tensor:
        path.append(asked.held(state))
        return path[-1]

    dpm_solver(velocity, path[0], times, keep)
    return torch.stack(path, 1)


def jump_losses(
    network: FewStepStructure,
    asked: TeacherBatch,
    path: Tensor,
    times: Tensor,
    ends: Tensor,
    autocast: torch.autocast,
    split_weight: float,
) -> Tensor:
    """Square error [B] of the average velocity between two points of each path, over the bits that are not known.

    Args:
        path: float [B, n, L, K], states at `times` [n].
        ends: int64 [B, 2], the earlier and the later point of the jump.
        split_weight: weight of the channel that the split is read from.
    """
    rows = torch.arange(len(path), device=path.device)
    (start, end), (here, there) = ends.unbind(1), (path[rows, ends[:, 0]], path[rows, ends[:, 1]])
    spans = times[start] - times[end]
    target = (here - there) / spans.view(-1, 1, 1)
    batch = asked.batch
    with autocast:
        found = network(
            here,
            asked.canvases(),
            asked.structure(),
            batch.classes,
            asked.stages,
            times[start],
            spans,
            asked.guidance,
        )
    channels = F.one_hot(asked.stages, path.shape[-1])
    weights = (1 + (split_weight - 1) * channels).unsqueeze(1) * ~asked.given()  # [B, L, K]
    return ((found.float() - target).square() * weights).sum((1, 2)) / weights.sum((1, 2)).clamp(min=1)


class FewStepTask:
    """The few-step network of a trained model, for `loop.train`."""

    auxiliary: nn.Module | None = None

    def __init__(
        self,
        networks: Networks,
        recipe: FewStepRecipe,
        train: SequenceCache,
        val: SequenceCache,
        device: torch.device,
        compiled: bool = False,
    ) -> None:
        self.recipe, self.device, self.config, self.precision = recipe, device, networks.config, Precision()
        self.tokenizer = networks.tokenizer.to(device).eval()
        self.teacher = networks.generator.structure.to(device).eval()
        self.train, self.val = train.to(device), val.to(device)
        torch.manual_seed(recipe.seed)
        self.networks = FewStepStructure(networks.config).to(device)
        if networks.few_step is not None:
            self.networks.load_state_dict(networks.few_step.state_dict())
        else:
            self.networks.start_from(self.teacher)
        if compiled:  # in place: names of weights stay, and copies (the average) are not compiled
            self.networks.compile()
        self.optimizers = muon_and_adamw(self.networks, recipe.rate, recipe.weight_decay)
        self.kept: dict[str, Tensor] = {}
        self.share = devices.share(recipe.pictures)
        self.times = time_grid(recipe.teacher_steps, networks.config.tokenizer.cells)

    @property
    def autocast(self) -> torch.autocast:
        """The context of this step's networks."""
        return self.precision.autocast(self.device)

    def losses(self, step: int, progress: float) -> dict[str, Tensor]:
        """The loss of several jumps on each path of the batch of one step."""
        recipe, rng = self.recipe, step_rng(self.recipe.seed, step)
        torch.manual_seed(int(rng.integers(2**62)))
        chosen = rng.integers(len(self.train), size=recipe.pictures)
        asked = self._teacher_batch(self.train, chosen, rng, self.share)
        noise = torch.randn(recipe.pictures, *self.train.bits.shape[1:], device=self.device)[self.share]
        path = teacher_path(self.teacher, asked, noise, self.times, self.autocast)
        rows = torch.arange(len(path), device=self.device).repeat(recipe.jumps)
        drawn = draw_jumps(recipe.pictures * recipe.jumps, recipe, rng).reshape(recipe.jumps, recipe.pictures, 2)
        ends = torch.from_numpy(drawn[:, self.share].reshape(-1, 2)).to(self.device)
        times = torch.tensor(self.times, device=self.device)
        each = jump_losses(self.networks, asked.take(rows), path[rows], times, ends, self.autocast, recipe.split_weight)
        whole = (ends[:, 1] - ends[:, 0]) == recipe.teacher_steps
        found, count = devices.summed(torch.stack([each[whole].sum(), whole.sum()]))
        return {"total": each.mean(), "whole": found / count if count else devices.averaged(each.mean())}

    def after_step(self, step: int, progress: float) -> None:
        """Nothing."""

    @torch.no_grad()
    def report(self, averaged: FewStepStructure, folder: Path, step: int, final: bool) -> dict[str, float]:
        """Share of held-out cells that get the teacher's bit, by the number of jumps; half agree by chance."""
        rng, torch_rng = step_rng(self.recipe.seed, 0, stream=3), torch.Generator().manual_seed(0)
        count = min(len(self.val), REPORT_PICTURES)
        asked = self._teacher_batch(self.val, np.linspace(0, len(self.val) - 1, count).astype(int), rng)
        noise = torch.randn(asked.batch.bits.shape, generator=torch_rng).to(self.device)
        wanted = teacher_path(self.teacher, asked, noise, self.times, self.autocast)[:, -1]
        numbers = {}
        for steps in REPORT_STEPS:
            found = few_steps(averaged, asked, noise, time_grid(steps, self.config.tokenizer.cells), self.autocast)
            numbers[f"agreement_{steps}"] = agreement(asked, found, wanted)
        return numbers

    def _teacher_batch(
        self, cache: SequenceCache, chosen: np.ndarray, rng: np.random.Generator, share: slice = ALL
    ) -> TeacherBatch:
        """What is asked about a share of the chosen pictures; it does not depend on how many others there are."""
        batch, count, recipe = load_batch(self.tokenizer, cache, chosen[share]), len(chosen), self.recipe
        stages = _evenly(count, self.config.tokenizer.depth - 1, rng)
        guidance = rng.uniform(*recipe.guidance, count)
        dropped = rng.random(count) < LABEL_DROPOUT
        guidance[dropped] = 1.0
        stages, guidance, dropped = stages[share], guidance[share], dropped[share]
        classes = torch.where(torch.from_numpy(dropped).to(self.device), self.config.generator.classes, batch.classes)
        return TeacherBatch(
            batch._replace(classes=classes),
            torch.from_numpy(stages).to(self.device),
            torch.from_numpy(guidance.astype(np.float32)).to(self.device),
        )


def few_steps(
    network: FewStepStructure, asked: TeacherBatch, noise: Tensor, times: Iterable[float], autocast: torch.autocast
) -> Tensor:
    """Structure float [B, L, K] by jumps of the network along `times`."""

    def average(state: Tensor, time: float, span: float) -> Tensor:
        filled = (state.new_full((len(state),), value) for value in (time, span))
        with autocast:
            found = network(
                state, asked.canvases(), asked.structure(), asked.batch.classes, asked.stages, *filled, asked.guidance
            )
        return found.float()

    return jump(average, asked.held(noise), list(times), lambda state, _: asked.held(state))


def agreement(asked: TeacherBatch, first: Tensor, second: Tensor) -> float:
    """Share of free cells that two structures [B, L, K] split alike at the asked stages."""
    labels, same = labels_at(asked.batch.bits, asked.stages).cpu().numpy(), []
    for row, stage in enumerate(asked.stages.tolist()):
        free = ~asked.batch.known[row].cpu().numpy()
        known = np.where(free, -1, asked.batch.bits[row, :, stage].cpu().numpy()).astype(np.int8)
        bits = [split(z[row, :, stage].clamp(-1, 1).cpu().numpy(), labels[row], known) for z in (first, second)]
        same.append((bits[0] == bits[1])[free])
    return float(np.concatenate(same).mean())


def draw_jumps(count: int, recipe: FewStepRecipe, rng: np.random.Generator) -> np.ndarray:
    """Places on the time grid of the starts and ends of jumps, int64 [count, 2]."""
    last, middle = recipe.teacher_steps, recipe.teacher_steps // 2
    pairs = np.sort([rng.permutation(last + 1)[:2] for _ in range(count)], axis=1)
    kind = rng.random(count)
    first_half = rng.random(count) < 0.5
    pairs[kind < recipe.whole + recipe.half] = (middle, last)
    pairs[(kind < recipe.whole + recipe.half) & first_half] = (0, middle)
    pairs[kind < recipe.whole] = (0, last)
    return pairs


def _evenly(count: int, stages: int, rng: np.random.Generator) -> np.ndarray:
    """`count` stages that cover 0..stages-1 evenly, in random order, int64."""
    return np.concatenate([rng.permutation(stages) for _ in range(-(-count // stages))])[:count]
