"""`nvg-studio bench`: how long everything takes on this machine, as tables and as JSON."""

import json
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nvg_studio.cli.options import ModelChoice, check_output, progress, takes
from nvg_studio.errors import SettingsError

if TYPE_CHECKING:
    from nvg_studio.model.checkpoint import Networks


class Part(StrEnum):
    """What can be measured."""

    REFERENCE = "reference"
    STAGES = "stages"
    MEMORY = "memory"
    SCALING = "scaling"
    BUSY = "busy"


DEFAULT_PARTS = [Part.REFERENCE, Part.STAGES, Part.MEMORY]


@takes(choice=ModelChoice)
def bench(
    choice: ModelChoice,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the numbers to this .json file too.")] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Repeats of every measurement; the tables show medians.")] = 7,
    parts: Annotated[list[Part], typer.Option("--measure", help="Against the plain reference path, every stage, "
        "peak memory of both, growth with cells, depth, variations and steps, a busy neighbour.")] = DEFAULT_PARTS,
    quick: Annotated[bool, typer.Option("--quick", help="Only against the reference.")] = False,
    random: Annotated[int | None, typer.Option(help="No model: random weights of a size (16, 20, 24).")] = None,
    compare: Annotated[tuple[Path, Path] | None, typer.Option(help="Compare two .json files instead.")] = None,
) -> None:  # fmt: skip
    """Measure the engine on this machine, side by side with the method written plainly."""
    if compare is not None:
        from nvg_studio.bench.tables import show_comparison

        show_comparison(_read(compare[0]), _read(compare[1]))
        return
    if json_file is not None:
        check_output(json_file, ".json")
    from nvg_studio.bench.tables import show

    report = _measure(choice, random, repeats, [Part.REFERENCE] if quick else parts)
    if json_file is not None:
        from nvg_studio.atomic import write_atomic

        write_atomic(json_file, (json.dumps(report, indent=2) + "\n").encode())
    show(report)


def _measure(choice: ModelChoice, random: int | None, repeats: int, parts: list[Part]) -> dict[str, Any]:
    from nvg_studio.bench import busy, scaling
    from nvg_studio.bench.memory import peaks
    from nvg_studio.bench.side_by_side import SideBySide
    from nvg_studio.bench.stages import Bench
    from nvg_studio.engine.worker import ENGINE_NICENESS

    start = time.perf_counter()
    networks = _networks(choice, random)
    loaded = time.perf_counter() - start
    side = SideBySide(networks, choice.device, choice.dtype)
    report = {**_machine(side.pipeline), "load_s": loaded, "repeats": repeats}
    if Part.REFERENCE in parts:
        _repeat("Against the reference", repeats, side.round)
        report["reference"] = side.report()
    if Part.STAGES in parts:
        bench = Bench(side.pipeline)
        _repeat("Stage by stage", repeats, bench.round)
        report |= bench.report()
    if Part.MEMORY in parts:
        report["memory"] = peaks(None if random else choice.folder, random, choice.device, choice.dtype)
    if Part.SCALING in parts:
        report["scaling"] = scaling.measure(choice.device, choice.dtype, repeats)
    if Part.BUSY in parts:
        asked = busy.Measured(None if random else choice.folder, random, choice.dtype, ENGINE_NICENESS)
        report["busy"] = busy.measure(asked, repeats)
    return report


def _networks(choice: ModelChoice, random: int | None) -> "Networks":
    from nvg_studio.bench.random_model import random_networks
    from nvg_studio.model.checkpoint import load_model
    from nvg_studio.model.config import official
    from nvg_studio.sampling.devices import resolve_device

    if random is None:
        return load_model(choice.folder)
    return random_networks(official(random), resolve_device(choice.device), few_step=True)


def _repeat(title: str, repeats: int, measure: Callable[[], object]) -> None:
    with progress(title, repeats) as advance:
        for _ in range(repeats):
            measure()
            if advance is not None:
                advance()


def _machine(pipeline: Any) -> dict[str, Any]:
    """What the numbers are about."""
    import torch

    import nvg_studio
    from nvg_studio.bench.timing import device_name

    info = pipeline.info
    return {
        "program": f"nvg-studio {nvg_studio.__version__}",
        "model": info.name,
        "model_id": info.identity.model,
        "image_size": info.image_size,
        "cells": info.cells,
        "structure_steps": info.defaults.structure_steps,
        "device": info.device,
        "device_name": device_name(pipeline.device),
        "dtype": info.dtype,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }


def _read(path: Path) -> dict[str, Any]:
    """A report; SettingsError where the file holds none."""
    try:
        report = json.loads(path.read_text("utf-8"))
    except ValueError:
        report = None
    if not isinstance(report, dict) or "program" not in report:
        raise SettingsError(f"'{path}' is no report of bench: make one with nvg-studio bench --json FILE.")
    return report
