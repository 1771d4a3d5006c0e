"""The training loop: budgets, learning rate, averaging, progress, curves, and checkpoints that survive a kill.

A task knows the networks and their losses; the loop knows time. Batches depend on (seed, step) alone, so a run that was
killed resumes with identical results; so do several processes that share the batch (`devices`).
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import numpy as np
import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from nvg_studio.errors import TrainingError
from nvg_studio.sampling.precision import Precision
from nvg_studio.training.loop import devices
from nvg_studio.training.loop.precision import PrecisionChoice
from nvg_studio.training.loop.progress import Progress
from nvg_studio.training.loop.record import Record
from nvg_studio.training.loop.schedule import Schedule
from nvg_studio.training.loop.state import load_training_state, save_training_state

Net = TypeVar("Net", bound=nn.Module)


class Task(Protocol[Net]):
    """What the loop trains."""

    networks: Net
    auxiliary: nn.Module | None
    """Trained beside the networks and no part of the model (a discriminator): clipped and kept apart, not averaged."""
    kept: dict[str, Tensor]
    """What else later steps depend on, changed in place: saved and restored with the rest."""
    optimizers: list[torch.optim.Optimizer]
    precision: Precision
    """What the next step is computed in; the loop sets it."""

    def losses(self, step: int, progress: float) -> dict[str, Tensor]:
        """Losses of this process's share of the batch that belongs to `step`; "total" is minimised, and "critic" where
        there is one."""

    def after_step(self, step: int, progress: float) -> None:
        """Work between steps."""

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
    precisions: tuple[Precision, ...] = (Precision(),)
    """Of several the fastest in the first steps is taken."""


def train(task: Task[Net], settings: Settings, stop: Callable[[], bool] = lambda: False) -> Net:
    """Train until the budget is used up or `stop` says so; returns the averaged networks.

    Picks up `state.pt` in the folder when there is one. Of several processes the first writes.

    Raises:
        TrainingError: the loss is no longer a number, or the state cannot be read or written.
    """
    settings.folder.mkdir(parents=True, exist_ok=True)
    average = averaged_copy(task.networks, settings.average)
    averaged = cast(Net, average.module)
    choice = PrecisionChoice(settings.precisions)
    step, elapsed = _resume(task, average, choice, settings.folder)
    peaks = [[group.setdefault("peak", group["lr"]) for group in o.param_groups] for o in task.optimizers]
    compute = devices.parallel(task.networks, task.auxiliary)
    record, progress_bar = Record(settings.folder, step), Progress(settings.schedule)
    last_save = time.monotonic()
    while True:
        elapsed, stopped = devices.synchronized(elapsed, stop())
        progress = settings.schedule.progress(step, elapsed)
        if stopped or progress >= 1:
            break
        started = time.monotonic()
        factor = settings.schedule.factor(step, progress)
        _set_rates(task.optimizers, peaks, factor)
        task.precision = choice.current
        numbers = _step(task, compute, step, progress, settings.clip)
        average.update_parameters(task.networks)
        task.after_step(step, progress)
        step += 1
        seconds = time.monotonic() - started
        elapsed += seconds
        progress_bar.say(choice.add(seconds))
        progress_bar.show(step, elapsed, numbers)
        record.step(step, elapsed, {"lr": factor, **numbers})
        if step % settings.report_every == 0:
            _report(task, averaged, record, step, elapsed, final=False)
        if time.monotonic() - last_save > settings.save_every:
            _save(task, average, choice, settings.folder, step, elapsed)
            last_save = time.monotonic()
    progress_bar.close()
    _save(task, average, choice, settings.folder, step, elapsed)
    _report(task, averaged, record, step, elapsed, final=True)
    record.close()
    return averaged


def _set_rates(optimizers: list[torch.optim.Optimizer], peaks: list[list[float]], factor: float) -> None:
    for optimizer, peak in zip(optimizers, peaks, strict=True):
        for group, rate in zip(optimizer.param_groups, peak, strict=True):
            group["lr"] = rate * factor


def _step(task: Task[Net], compute: devices.Computation, step: int, progress: float, clip: float) -> dict[str, float]:
    losses = compute(task.losses, step, progress)
    for optimizer in task.optimizers:
        optimizer.zero_grad(set_to_none=True)
    (losses["total"] + losses.get("critic", 0.0)).backward()
    trained: list[nn.Module] = [task.networks, *([task.auxiliary] if task.auxiliary is not None else [])]
    norms = [float(nn.utils.clip_grad_norm_(part.parameters(), clip)) for part in trained]
    if not all(map(math.isfinite, norms)):
        raise TrainingError(f"The loss is no longer a number at step {step}. Lower the learning rate and resume.")
    for optimizer in task.optimizers:
        optimizer.step()
    values = devices.averaged(torch.stack([value.detach().float() for value in losses.values()]))
    return dict(zip(losses, values.tolist(), strict=True))


def averaged_copy(networks: Net, decay: float) -> AveragedModel:
    """A copy that becomes the exponential moving average of the networks' weights; young averages forget faster.

    Its buffers follow those of the networks.
    """

    def update(average: Sequence[Tensor], current: Sequence[Tensor], count: Tensor | int) -> None:
        seen = int(count)
        torch._foreach_lerp_(list(average), list(current), 1 - min(decay, (seen + 1) / (seen + 10)))

    average = AveragedModel(networks, multi_avg_fn=torch.no_grad()(update))
    return average.requires_grad_(False).eval()


def _save(
    task: Task[Net], average: AveragedModel, choice: PrecisionChoice, folder: Path, step: int, elapsed: float
) -> None:
    if not devices.is_main():
        return
    state: dict[str, Any] = {
        "step": step,
        "elapsed": elapsed,
        "precision": choice.name,
        "networks": task.networks.state_dict(),
        "average": average.module.state_dict(),
        "aside": task.auxiliary.state_dict() if task.auxiliary is not None else {},
        "kept": task.kept,
        "optimizers": [optimizer.state_dict() for optimizer in task.optimizers],
    }
    with writing(folder / "state.pt"):
        save_training_state(state, folder / "state.pt")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raise TrainingError, which says in one line why `path` cannot be written."""
    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise TrainingError(
            f"Cannot write '{path}': {reason}. What was saved before is whole: make room, and give the command again."
        ) from error


def _resume(task: Task[Net], average: AveragedModel, choice: PrecisionChoice, folder: Path) -> tuple[int, float]:
    """Step and seconds to go on from, the same for all processes; networks and optimizers as they were there."""
    step, elapsed = _restore(task, average, choice, folder / "state.pt")
    if devices.synchronized(step, False)[0] != step:
        raise TrainingError(f"'{folder}' differs between the machines. Choose a folder that all of them share.")
    return step, elapsed


def _restore(task: Task[Net], average: AveragedModel, choice: PrecisionChoice, path: Path) -> tuple[int, float]:
    if not path.exists():
        return 0, 0.0
    state = load_training_state(path)
    try:
        task.networks.load_state_dict(state["networks"])
        average.module.load_state_dict(state["average"])
        average.n_averaged.fill_(state["step"])
        if task.auxiliary is not None:
            task.auxiliary.load_state_dict(state["aside"])
        for name in task.kept.keys() & state.get("kept", {}).keys():
            task.kept[name].copy_(state["kept"][name])
        for optimizer, saved in zip(task.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
    except (RuntimeError, ValueError, KeyError) as error:
        raise TrainingError(f"'{path}' belongs to another recipe. Choose a new folder, or the old settings.") from error
    choice.restore(state.get("precision", ""))
    return int(state["step"]), float(state["elapsed"])


def _report(task: Task[Net], averaged: Net, record: Record, step: int, elapsed: float, final: bool) -> None:
    """By the first process; the others wait."""
    if devices.is_main():
        with torch.no_grad():
            record.report(step, elapsed, task.report(averaged, record.folder, step, final))
    devices.barrier()


def step_rng(seed: int, step: int, stream: int = 0) -> np.random.Generator:
    """The random numbers of one step, in streams for different uses; they depend on nothing else."""
    return np.random.Generator(np.random.Philox(key=[seed, step], counter=[0, 0, 0, stream]))
