"""The training loop: budgets, learning rate, averaging, progress, curves, and checkpoints that survive a kill.

A task knows the networks and their losses; the loop knows time. Batches depend on (seed, step) alone, so a run that was
killed goes on as if nothing had happened.
"""

import json
import math
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from nvg_studio.errors import TrainingError
from nvg_studio.model.checkpoint import load_training_state, save_training_state
from nvg_studio.training.curves import plot_losses
from nvg_studio.training.progress import Progress

Net = TypeVar("Net", bound=nn.Module)


@dataclass(frozen=True)
class Schedule:
    """When to stop and how the learning rate moves: linear warm-up, hold, linear decay to `floor`."""

    steps: int | None
    seconds: float | None
    warmup_steps: int = 100
    hold: float = 0.6
    floor: float = 0.02

    def progress(self, step: int, elapsed: float) -> float:
        """Share of the budget that is used up, 0..1 and beyond."""
        by_steps = step / self.steps if self.steps else 0.0
        by_time = elapsed / self.seconds if self.seconds else 0.0
        return max(by_steps, by_time)

    def factor(self, step: int, progress: float) -> float:
        """Learning rate as a share of its peak."""
        warmup = min(1.0, (step + 1) / self.warmup_steps)
        decay = (1 - progress) / (1 - self.hold) if progress > self.hold else 1.0
        return warmup * max(self.floor, decay)


class Task(Protocol[Net]):
    """What the loop trains."""

    networks: Net
    aside: nn.Module | None
    """Trained beside the networks and no part of the model (a discriminator): clipped and kept apart, not averaged."""
    optimizers: list[torch.optim.Optimizer]

    def losses(self, step: int, progress: float) -> dict[str, Tensor]:
        """Losses of the batch that belongs to `step`; "total" is minimised, and "critic" where there is one."""

    def after_step(self, step: int, progress: float) -> None:
        """Housekeeping between steps."""

    def report(self, averaged: Net, folder: Path, step: int, final: bool) -> dict[str, float]:
        """Held-out numbers of the averaged networks, the final ones the most exact; picture grids into `folder`."""


@dataclass(frozen=True)
class Settings:
    """How a run is kept: its folder, its rhythm, its averaging."""

    folder: Path
    schedule: Schedule
    save_every: float = 120.0
    report_every: int = 1000
    average: float = 0.999
    clip: float = 1.0


def train(task: Task[Net], settings: Settings, stop: Callable[[], bool] = lambda: False) -> Net:
    """Train until the budget is used up or `stop` says so; returns the averaged networks.

    Picks up `state.pt` in the folder when there is one. Raises TrainingError when the loss is no longer a number.
    """
    settings.folder.mkdir(parents=True, exist_ok=True)
    average = _Average(task.networks, settings.average)
    step, elapsed = _resume(task, average, settings.folder)
    peaks = [[group.setdefault("peak", group["lr"]) for group in o.param_groups] for o in task.optimizers]
    progress_bar, last_save = Progress(settings.schedule), time.monotonic()
    while (progress := settings.schedule.progress(step, elapsed)) < 1 and not stop():
        started = time.monotonic()
        factor = settings.schedule.factor(step, progress)
        for optimizer, peak in zip(task.optimizers, peaks, strict=True):
            for group, rate in zip(optimizer.param_groups, peak, strict=True):
                group["lr"] = rate * factor
        numbers = _step(task, step, progress, settings.clip)
        average.update(task.networks, step)
        task.after_step(step, progress)
        step += 1
        elapsed += time.monotonic() - started
        progress_bar.show(step, elapsed, numbers)
        _log(settings.folder, {"step": step, "seconds": round(elapsed, 2), "lr": factor, **numbers})
        if step % settings.report_every == 0:
            _report(task, average.networks, settings.folder, step, elapsed, final=False)
        if time.monotonic() - last_save > settings.save_every:
            _save(task, average, settings.folder, step, elapsed)
            last_save = time.monotonic()
    progress_bar.close()
    _save(task, average, settings.folder, step, elapsed)
    _report(task, average.networks, settings.folder, step, elapsed, final=True)
    return average.networks


def _step(task: Task[Net], step: int, progress: float, clip: float) -> dict[str, float]:
    losses = task.losses(step, progress)
    for optimizer in task.optimizers:
        optimizer.zero_grad(set_to_none=True)
    (losses["total"] + losses.get("critic", 0.0)).backward()
    trained: list[nn.Module] = [task.networks, *([task.aside] if task.aside is not None else [])]
    norms = [float(nn.utils.clip_grad_norm_(part.parameters(), clip)) for part in trained]
    if not all(map(math.isfinite, norms)):
        raise TrainingError(f"The loss is no longer a number at step {step}. Lower the learning rate and resume.")
    for optimizer in task.optimizers:
        optimizer.step()
    return {name: float(value.detach()) for name, value in losses.items()}


class _Average(Generic[Net]):
    """Exponential moving average of all parameters; young averages forget faster."""

    def __init__(self, networks: Net, decay: float) -> None:
        self.networks = deepcopy(networks).requires_grad_(False).eval()
        self.decay = decay

    @torch.no_grad()
    def update(self, networks: Net, step: int) -> None:
        decay = min(self.decay, (step + 1) / (step + 10))
        mine: list[Tensor] = list(self.networks.parameters())
        theirs: list[Tensor] = list(networks.parameters())
        torch._foreach_lerp_(mine, theirs, 1 - decay)
        for buffer, source in zip(self.networks.buffers(), networks.buffers(), strict=True):
            buffer.copy_(source)


def _save(task: Task[Net], average: _Average[Net], folder: Path, step: int, elapsed: float) -> None:
    state: dict[str, Any] = {
        "step": step,
        "elapsed": elapsed,
        "networks": task.networks.state_dict(),
        "average": average.networks.state_dict(),
        "aside": task.aside.state_dict() if task.aside is not None else {},
        "optimizers": [optimizer.state_dict() for optimizer in task.optimizers],
    }
    save_training_state(state, folder / "state.pt")


def _resume(task: Task[Net], average: _Average[Net], folder: Path) -> tuple[int, float]:
    path = folder / "state.pt"
    if not path.exists():
        return 0, 0.0
    state = load_training_state(path)
    try:
        task.networks.load_state_dict(state["networks"])
        average.networks.load_state_dict(state["average"])
        if task.aside is not None:
            task.aside.load_state_dict(state["aside"])
        for optimizer, saved in zip(task.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
    except (RuntimeError, ValueError, KeyError) as error:
        raise TrainingError(f"'{path}' belongs to another recipe. Choose a new folder, or the old settings.") from error
    return int(state["step"]), float(state["elapsed"])


def _log(folder: Path, row: dict[str, float]) -> None:
    with (folder / "losses.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def _report(task: Task[Net], averaged: Net, folder: Path, step: int, elapsed: float, final: bool) -> None:
    with torch.no_grad():
        numbers = task.report(averaged, folder, step, final)
    with (folder / "reports.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"step": step, "seconds": round(elapsed, 1), **numbers}) + "\n")
    plot_losses(folder / "losses.jsonl", folder / "losses.png")


def step_rng(seed: int, step: int, stream: int = 0) -> np.random.Generator:
    """The random numbers of one step, in streams for different uses; they depend on nothing else."""
    return np.random.Generator(np.random.Philox(key=[seed, step], counter=[0, 0, 0, stream]))
