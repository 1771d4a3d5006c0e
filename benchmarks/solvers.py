"""How well few structure steps agree with many (`python benchmarks/solvers.py --plot docs/images/solvers.png`).

One picture of every class is made with 200 Euler steps at each stage. At each of its splits every solver starts from
the same noise, canvas and structure, with few steps; so does the few-step network, where the model has one. Shown is
the share of cells that get the same bit, averaged over the splits, by the calls of the network (Heun makes two a step).
Half of the bits agree by chance.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from nvg_studio.evaluation.tables import markdown
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.paths import shipped_model
from nvg_studio.sampling import flow
from nvg_studio.sampling.pipeline import NVGPipeline
from nvg_studio.sampling.runner import BatchState, Runner
from nvg_studio.sampling.settings import GenerationSettings


def heun(velocity: flow.Velocity, state: Tensor, times: Sequence[float], hold: flow.Hold) -> Tensor:
    """Heun's steps: the mean of the velocities at both ends, two evaluations a step but for the last."""
    for now, then in zip(times, times[1:], strict=False):
        here = velocity(state, now)
        guess = hold(state + (then - now) * here, then)
        slope = here if then == 0 else (here + velocity(guess, then)) / 2
        state = hold(state + (then - now) * slope, then)
    return state


def adams_bashforth(velocity: flow.Velocity, state: Tensor, times: Sequence[float], hold: flow.Hold) -> Tensor:
    """Second-order steps from this velocity and the one before, one evaluation a step; the first is Euler's."""
    before: tuple[float, Tensor] | None = None
    for now, then in zip(times, times[1:], strict=False):
        here = velocity(state, now)
        slope = here
        if before is not None:
            slope = here + (then - now) / (now - before[0]) / 2 * (here - before[1])
        state, before = hold(state + (then - now) * slope, then), (now, here)
    return state


SOLVERS = {
    "Euler": flow.euler,
    "Heun": heun,
    "Adams-Bashforth 2": adams_bashforth,
    "DPM-Solver++(2M)": flow.dpm_solver,
}
JUMPS = "few-step network"
MANY = 200


@torch.inference_mode()
def agreement(pipeline: NVGPipeline, calls: list[int], seeds: int) -> dict[str, dict[int, list[float]]]:
    """Share of equal bits at every split, by solver and calls of the network."""
    classes = range(len(pipeline.info.class_names))
    settings = [GenerationSettings(class_id=c, seed=s, structure_steps=MANY) for c in classes for s in range(seeds)]
    runners = {
        (name, count): _runner(pipeline, settings, name, solver, count)
        for name, solver in SOLVERS.items()
        for count in calls
    }
    runners |= {(JUMPS, count): _jumper(pipeline, settings, count) for count in calls}
    shares: dict[str, dict[int, list[float]]] = {name: {} for name, _ in runners}

    reference = pipeline.with_solver(flow.euler).runner(settings)
    state = reference.start(GranularitySequence.blank(pipeline.info.cells, pipeline.info.depth), 0)
    # The last split takes no steps.
    for stage in range(pipeline.info.depth - 1):
        reference.add_content(state, stage)
        reference.add_level(state, stage)
        for (name, count), runner in runners.items():
            if runner is None:
                continue
            other = BatchState(state.bits.clone(), state.token_map, state.canvas)
            runner.add_level(other, stage)
            same = (other.bits[..., stage] == state.bits[..., stage]).float().mean()
            shares[name].setdefault(count, []).append(float(same))
    return shares


def _runner(
    pipeline: NVGPipeline, settings: list[GenerationSettings], name: str, solver: flow.Solver, calls: int
) -> Runner | None:
    """A run of so many calls of the network for each split; None where the solver cannot make just so many."""
    if name == "Heun" and calls % 2 == 0:
        return None
    steps = (calls + 1) // 2 if name == "Heun" else calls
    return pipeline.with_solver(solver).runner([replace(one, structure_steps=steps) for one in settings])


def _jumper(pipeline: NVGPipeline, settings: list[GenerationSettings], calls: int) -> Runner | None:
    """A run of so many calls of the few-step network for each split; None beyond what it is made for."""
    if calls > pipeline.info.few_steps:
        return None
    return pipeline.runner([replace(one, structure_steps=calls) for one in settings])


def show(shares: dict[str, dict[int, list[float]]], calls: list[int]) -> None:
    """Print the means over the splits as a table, in per cent."""
    rows = {
        str(count): {name: f"{100 * np.mean(by[count]):.2f}" for name, by in shares.items() if count in by}
        for count in calls
    }
    print(markdown({"by calls of the network": rows}))


def plot(shares: dict[str, dict[int, list[float]]], path: Path) -> None:
    """Draw the means over the splits."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.5), layout="constrained")
    for name, by in shares.items():
        if not by:
            continue
        axes.plot(
            list(by), [100 * (1 - np.mean(values)) for values in by.values()], marker="o", markersize=4, label=name
        )
    euler = 100 * (1 - np.mean(shares["Euler"][max(shares["Euler"])]))
    axes.axhline(euler, color="grey", linewidth=0.8, linestyle="--")
    axes.set(
        xlabel="calls of the structure network a split", ylabel=f"cells unlike {MANY} Euler steps, %", yscale="log"
    )
    axes.set_yticks([2, 3, 5, 10, 20, 30], labels=["2", "3", "5", "10", "20", "30"])
    axes.minorticks_off()
    axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)


def main() -> None:
    """Compare the solvers on a model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=shipped_model(), help="model folder")
    parser.add_argument("--calls", type=int, nargs="+", default=[1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25])
    parser.add_argument("--seeds", type=int, default=1, help="pictures of each class")
    parser.add_argument("--json", type=Path, help="write every split's share to this file")
    parser.add_argument("--plot", type=Path, help="draw to this .png file")
    options = parser.parse_args()
    pipeline = NVGPipeline.from_pretrained(options.model)
    shares = agreement(pipeline, options.calls, options.seeds)
    show(shares, options.calls)
    if options.json:
        options.json.write_text(json.dumps(shares, indent=2) + "\n", "utf-8")
    if options.plot:
        plot(shares, options.plot)


if __name__ == "__main__":
    main()
