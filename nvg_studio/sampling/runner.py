"""One run over a batch: stage by stage tokens, canvas, split (paper section 3.4). Everything here is on the device."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nvg_studio.errors import Cancelled
from nvg_studio.granularity.hierarchy import split
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.model.blocks import Rotation
from nvg_studio.model.few_step import MAX_STEPS
from nvg_studio.model.tokenizer import group_means
from nvg_studio.sampling import tokens as sampling_tokens
from nvg_studio.sampling.compute import Compute
from nvg_studio.sampling.flow import Average, Solver, Velocity, dpm_solver, jump, time_grid
from nvg_studio.sampling.settings import GenerationSettings

MIN_STEPS_WITH_LOCKS = 4
"""Least structure steps where locked bits are noised along (models trained without known cells)."""


class StopFlag(Protocol):
    """Anything that can be asked whether to stop: threading.Event, multiprocessing.Event."""

    def is_set(self) -> bool:
        """Whether the run is to stop."""


@dataclass
class BatchState:
    """What a run has so far, for n pictures: bits [n, L, K] and token map [n, K + 1, L] (int64), canvas [n, L, C]."""

    bits: Tensor
    token_map: Tensor
    canvas: Tensor

    def labels(self, stage: int) -> Tensor:
        """Cluster of every cell at a stage, int64 [n, L]."""
        weights = 1 << torch.arange(stage - 1, -1, -1, device=self.bits.device)
        return (self.bits[..., :stage] * weights).sum(-1)

    def structure(self, stage: int) -> Tensor:
        """Structure embedding of a stage, float [n, L, K]: 0 or 2 for known bits, 1 for the others."""
        known = torch.arange(self.bits.shape[-1], device=self.bits.device) < stage
        return torch.where(known, 2.0 * self.bits, 1.0)

    def sequences(self) -> list[GranularitySequence]:
        """The batch as values."""
        bits, token_map = self.bits.cpu().numpy(), self.token_map.cpu().numpy()
        return [
            GranularitySequence(b.astype(np.uint8), t.astype(np.int32)) for b, t in zip(bits, token_map, strict=True)
        ]


StageHook = Callable[[int, BatchState], None]
"""Called with a stage whose tokens are drawn, and the state so far; the next level is not split yet."""


@dataclass
class Runner:
    """A run with its fixed parts; `run` walks the stages."""

    compute: Compute
    settings: Sequence[GenerationSettings]
    locks: Locks
    noise: NDArray[np.float32]
    """float32 [n, L, K], the structure noise of every picture."""
    cancel: StopFlag | None
    solver: Solver | None
    """Of the structure flow; None: the few-step network where the model has one and the run has few steps, else
    DPM-Solver++."""

    def __post_init__(self) -> None:
        self.networks, self.device = self.compute.networks, self.compute.device
        config = self.networks.config
        self.depth, self.cells = config.tokenizer.depth, config.tokenizer.cells
        self.no_class = config.generator.classes
        classes = [self.no_class if s.class_id is None else s.class_id for s in self.settings]
        self.classes = torch.tensor(classes, device=self.device)
        self.held_tokens = torch.from_numpy(self.locks.tokens.copy()).to(self.device)  # [K + 1, L]
        self.held_bits = torch.from_numpy(self.locks.bits.copy()).to(self.device)  # [L, K]
        self.start_noise = torch.from_numpy(self.noise).to(self.device)

    @torch.inference_mode()
    def run(self, sequence: GranularitySequence, stage: int, hook: StageHook | None) -> list[GranularitySequence]:
        """Generate stages `stage`..K of every picture of the batch; earlier ones come from `sequence`."""
        state = self.start(sequence, stage)
        for number in range(stage, self.depth + 1):
            self._stop_if_requested()
            self.add_content(state, number)
            if hook is not None:
                # Before the split, which takes longer than all else: the stage's picture is there.
                hook(number, state)
            if number < self.depth:
                self.add_level(state, number)
        return state.sequences()

    def start(self, sequence: GranularitySequence, stage: int) -> BatchState:
        """What a run from `stage` begins with: the sequence, and its canvas before that stage, for every picture."""
        count = len(self.settings)
        bits = torch.from_numpy(sequence.bits.astype(np.int64)).to(self.device).repeat(count, 1, 1)
        token_map = torch.from_numpy(sequence.token_map.astype(np.int64)).to(self.device).repeat(count, 1, 1)
        channels = self.networks.config.tokenizer.latent_channels
        canvas = torch.zeros(count, self.cells, channels, device=self.device)
        for number in range(stage):
            canvas = canvas + self.networks.tokenizer.quantizer.residual(token_map[:, number], number)
        return BatchState(bits, token_map, canvas)

    def _stop_if_requested(self) -> None:
        if self.cancel is not None and self.cancel.is_set():
            raise Cancelled("The run was stopped; nothing was changed.")

    def add_content(self, state: BatchState, stage: int) -> None:
        """Draw the tokens of a stage for all cells that are not held, and add them to the canvas."""
        held = self.held_tokens[stage]
        if not bool(held.all()):
            labels = state.labels(stage)
            logits = self.token_logits(state, stage, labels)  # [n, 2**stage, codes]
            chosen = torch.stack(
                [
                    sampling_tokens.choose(row, s, stage, self.depth)
                    for row, s in zip(logits, self.settings, strict=True)
                ]
            )
            drawn = chosen.gather(1, labels)
            state.token_map[:, stage] = torch.where(held, state.token_map[:, stage], drawn)
        state.canvas = state.canvas + self.networks.tokenizer.quantizer.residual(state.token_map[:, stage], stage)

    def add_level(self, state: BatchState, stage: int) -> None:
        """Draw the bits of the level below a stage."""
        state.bits[..., stage] = self._split(state, stage)

    def token_logits(self, state: BatchState, stage: int, labels: Tensor) -> Tensor:
        """Guided logits float32 [n, 2**stage, codes]; held cells do not count in their cluster's mean."""
        structure = state.structure(stage)
        free = (~self.held_tokens[stage]).expand(len(labels), -1)
        scales = self._scales(
            [sampling_tokens.ramp(_pair(s.content_guidance), stage, self.depth) for s in self.settings]
        )

        def logits(canvas: Tensor, structure: Tensor, labels: Tensor, free: Tensor, classes: Tensor) -> Tensor:
            final = self.compute.final_canvas(canvas, structure, classes, stage)
            return self.compute.logits(group_means(final - canvas, labels, 1 << stage, weights=free))

        return self._guided(logits, (state.canvas, structure, labels, free), scales)

    def _scales(self, values: list[float]) -> Tensor | None:
        """Guidance scales [n]; None where no picture needs the second branch."""
        if all(scale == 1 or s.class_id is None for scale, s in zip(values, self.settings, strict=True)):
            return None
        return torch.tensor(values, device=self.device)

    def _guided(self, network: Callable[..., Tensor], inputs: tuple[Tensor, ...], scales: Tensor | None) -> Tensor:
        """un + w (cond - un), both branches in one batch; the plain answer where `scales` is None."""
        if scales is None:
            return network(*inputs, self.classes)
        both = [torch.cat([x, x]) for x in inputs]
        none = torch.full_like(self.classes, self.no_class)
        conditional, unconditional = network(*both, torch.cat([self.classes, none])).chunk(2)
        weight = scales.view(-1, *[1] * (conditional.dim() - 1))
        return unconditional + weight * (conditional - unconditional)

    def _split(self, state: BatchState, stage: int) -> Tensor:
        """Bits of the next level, int64 [n, L]."""
        held = self.held_bits[:, stage]
        if bool(held.all()):
            return state.bits[..., stage]
        if stage == self.depth - 1:
            scores = self.start_noise[..., stage]
        else:
            scores = self.flow(state, stage)[..., stage]
        labels = state.labels(stage).cpu().numpy()
        known = torch.where(held, state.bits[..., stage], -1).to(torch.int8).cpu().numpy()
        bits = []
        for index, score in enumerate(scores.clamp(-1, 1).cpu().numpy()):
            settings = self.settings[index]
            if settings.gumbel_split and stage < self.depth - 1:
                score = _gumbel_scores(
                    score, labels[index], sampling_tokens.split_noise(settings.seed, stage, self.cells)
                )
            bits.append(split(score, labels[index], known[index]))
        return torch.from_numpy(np.stack(bits).astype(np.int64)).to(self.device)

    def flow(self, state: BatchState, stage: int) -> Tensor:
        """Solve the structure flow of a stage from noise to bits in -1..1, float [n, L, K]."""
        clean = 2.0 * state.bits - 1
        parents = (torch.arange(self.depth, device=self.device) < stage).expand_as(clean)
        locked = (self.held_bits & (torch.arange(self.depth, device=self.device) >= stage)).expand_as(clean)
        steps = self._steps(bool(locked.any()))
        few = self.solver is None and self.networks.few_step is not None and steps <= MAX_STEPS
        noise_share = 0.0 if few or self.networks.config.conditions_on_known_cells else 1.0

        def hold(z: Tensor, time: float) -> Tensor:
            share = noise_share * time
            z = torch.where(parents, clean, z)
            return torch.where(locked, share * self.start_noise + (1 - share) * clean, z)

        start, times = hold(self.start_noise, 1.0), time_grid(steps, self.cells)
        if few:
            return jump(self._average(state, stage), start, times, hold)
        return (self.solver or dpm_solver)(self._velocity(state, stage), start, times, hold)

    def _velocity(self, state: BatchState, stage: int) -> Velocity:
        """The guided velocity of a stage."""
        turn = self.compute.rotation(state.structure(stage))
        scales = self._scales(self._structure_guidance(stage))

        def network(z: Tensor, canvas: Tensor, cos: Tensor, sin: Tensor, times: Tensor, classes: Tensor) -> Tensor:
            return self.compute.velocity(z, canvas, Rotation(cos, sin), classes, stage, times)

        def velocity(z: Tensor, time: float) -> Tensor:
            self._stop_if_requested()
            return self._guided(network, (z, state.canvas, *turn, z.new_full((len(z),), time)), scales)

        return velocity

    def _average(self, state: BatchState, stage: int) -> Average:
        """The few-step network's average velocity of a stage; it knows guidance by itself."""
        turn = self.compute.rotation(state.structure(stage))
        pairs = zip(self._structure_guidance(stage), self.settings, strict=True)
        guidance = torch.tensor([1.0 if s.class_id is None else scale for scale, s in pairs], device=self.device)

        def average(z: Tensor, time: float, span: float) -> Tensor:
            self._stop_if_requested()
            times, spans = (z.new_full((len(z),), value) for value in (time, span))
            return self.compute.average_velocity(z, state.canvas, turn, self.classes, stage, times, spans, guidance)

        return average

    def _structure_guidance(self, stage: int) -> list[float]:
        return [sampling_tokens.ramp(_pair(s.structure_guidance), stage, self.depth) for s in self.settings]

    def _steps(self, locked: bool) -> int:
        steps = self.settings[0].structure_steps
        assert steps is not None
        return (
            max(steps, MIN_STEPS_WITH_LOCKS) if locked and not self.networks.config.conditions_on_known_cells else steps
        )


def _pair(ends: tuple[float, float] | None) -> tuple[float, float]:
    assert ends is not None
    return ends


def _gumbel_scores(
    score: NDArray[np.float32], labels: NDArray[np.int64], noise: NDArray[np.float64]
) -> NDArray[np.float64]:
    """log(p + 1e-8) + Gumbel noise, p the score's share within its cluster."""
    positive = score.astype(np.float64) + 1
    total = np.bincount(labels, weights=positive)[labels]
    share = np.divide(positive, total, out=np.zeros_like(positive), where=total > 0)
    return np.log(share + 1e-8) + noise
