"""A training that is killed at random moments ends with the weights of one that was left alone.

    python benchmarks/killed_training.py --kills 20

A tiny tokenizer and then a generator are trained once without a disturbance. Then the same command is given again and
again in a new folder, and every time killed (SIGKILL) after a random part of the time that the whole run took: while it
reads photos, in a step, while it saves, reports or writes the model. Whenever a run does come to its end, its weights,
averages, optimisers, logs and model are compared with the undisturbed ones', and the next starts in a new folder. With
--tolerance 0 (the default) every number must be the same.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402  the path comes first
import torch  # noqa: E402
from PIL import Image  # noqa: E402

from nvg_studio.model.checkpoint import read_safetensors  # noqa: E402
from nvg_studio.training.__main__ import main as train  # noqa: E402
from nvg_studio.training.loop.record import read_rows  # noqa: E402
from nvg_studio.training.loop.state import load_training_state  # noqa: E402

PARTS = ("tokenizer", "generator")
SEED = 20260112


class Killed(NamedTuple):
    """How far a run had come: seconds, the last step noted of each part, files it was in the middle of writing."""

    seconds: float
    steps: tuple[int, int]
    unfinished: tuple[str, ...]


def main() -> int:
    """Kill, resume and compare; 1 where anything differs by more than the tolerance."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--steps", type=int, default=60, help="of either part (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--tolerance", type=float, default=0.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        worst = kill_and_compare(Path(name), options.kills, options.steps, options.seed)
    print(f"Largest difference: {worst:g}; allowed: {options.tolerance:g}.")
    return int(worst > options.tolerance)


def kill_and_compare(folder: Path, kills: int, steps: int, seed: int) -> float:
    """Kill `kills` runs; the largest difference of those that ended to the one that was left alone."""
    random = np.random.default_rng(seed)
    photos, whole = _photos(folder / "photos", random), folder / "whole"
    started = time.monotonic()
    assert _run(photos, whole, steps, None), "the undisturbed run did not end"
    span = time.monotonic() - started
    print(f"Undisturbed: {span:.1f} s, {steps} steps of either part.\n")
    print(f"{'kill':>4} {'run':>4} {'after':>7} {'tokenizer':>10} {'generator':>10}  in the middle of")
    worst, killed, run = 0.0, 0, 0
    while killed < kills or _begun(folder / f"run-{run}"):
        target = folder / f"run-{run}"
        delay = random.uniform(0, span) if killed < kills else None
        if _run(photos, target, steps, delay):
            difference = compare(whole, target)
            print(f"  run {run} came to its end; largest difference {difference:g}")
            worst, run = max(worst, difference), run + 1
        else:
            killed += 1
            _print_row(killed, run, _look(target, delay or 0.0))
    return worst


def compare(whole: Path, other: Path) -> float:
    """Largest difference of any number in state, losses and model of two finished runs; AssertionError where steps
    are missing or doubled."""
    worst = 0.0
    for part in PARTS:
        states = [load_training_state(folder / part / "state.pt") for folder in (whole, other)]
        assert states[0]["step"] == states[1]["step"]
        worst = max(worst, _difference(*({k: v for k, v in s.items() if k != "elapsed"} for s in states)))
        for log in ("losses.jsonl", "reports.jsonl"):
            mine, theirs = ([_plain(row) for row in read_rows(folder / part / log)] for folder in (whole, other))
            assert [row["step"] for row in mine] == [row["step"] for row in theirs], f"{part}: steps of {log}"
            worst = max(worst, _difference(mine, theirs))
    for file in ("tokenizer.safetensors", "generator.safetensors"):
        worst = max(worst, _difference(*(read_safetensors(folder / "model" / file) for folder in (whole, other))))
    return worst


def _run(photos: Path, out: Path, steps: int, delay: float | None) -> bool:
    """Train in a child process, which is killed after `delay` seconds; whether it came to its end first."""
    command = (
        f"all {photos} --out {out} --size tiny --steps {steps} --crops 2 --batch 8 --precision float32 --device cpu"
    )
    child = os.fork()
    if child == 0:
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            os._exit(train([*command.split(), "--save-every", "0", "--report-every", str(max(steps // 4, 1))]))
        finally:
            os._exit(1)
    until = time.monotonic() + (delay if delay is not None else float("inf"))
    while (ended := os.waitpid(child, os.WNOHANG))[0] == 0 and time.monotonic() < until:
        time.sleep(0.002)
    if ended[0] == 0:
        os.kill(child, signal.SIGKILL)
        ended = os.waitpid(child, 0)
    assert os.WIFSIGNALED(ended[1]) or os.waitstatus_to_exitcode(ended[1]) == 0, "the training failed by itself"
    return not os.WIFSIGNALED(ended[1])


def _photos(folder: Path, random: np.random.Generator) -> Path:
    for name in ("dark", "light"):
        (folder / name).mkdir(parents=True)
        for number in range(12):
            picture = random.integers(128, size=(32, 40, 3)) + (128 if name == "light" else 0)
            Image.fromarray(picture.astype(np.uint8)).save(folder / name / f"{number}.png")
    return folder


def _begun(out: Path) -> bool:
    return out.exists()


def _look(out: Path, seconds: float) -> Killed:
    steps = [rows[-1]["step"] if (rows := read_rows(out / part / "losses.jsonl")) else 0 for part in PARTS]
    unfinished = sorted(str(path.relative_to(out)) for path in out.rglob("*.partial*"))
    return Killed(seconds, (steps[0], steps[1]), tuple(unfinished))


def _print_row(kill: int, run: int, killed: Killed) -> None:
    tokenizer, generator = killed.steps
    print(f"{kill:4} {run:4} {killed.seconds:6.2f}s {tokenizer:10} {generator:10}  {', '.join(killed.unfinished)}")


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "seconds"}


def _difference(one: Any, other: Any) -> float:
    """Largest difference of two trees of tensors and numbers that have one shape."""
    return max((abs(a - b) for a, b in zip(_numbers(one), _numbers(other), strict=True)), default=0.0)


def _numbers(tree: Any) -> Iterator[float]:
    if isinstance(tree, dict):
        for key in sorted(tree, key=str):
            yield from _numbers(tree[key])
    elif isinstance(tree, list | tuple):
        for item in tree:
            yield from _numbers(item)
    elif isinstance(tree, torch.Tensor):
        yield from tree.double().flatten().tolist()
    elif isinstance(tree, int | float):
        yield float(tree)


if __name__ == "__main__":
    sys.exit(main())
