"""`nvg-studio bench`: how long everything takes on this machine, as a table and as JSON."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from nvg_studio.cli.options import ModelChoice, check_output, progress, takes


@takes(choice=ModelChoice)
def bench(
    choice: ModelChoice,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the numbers to this .json file too.")] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Repeats of every measurement; the table shows medians.")] = 3,
) -> None:
    """Measure encoding, every stage, runs from every level and memory on this machine."""
    if json_file is not None:
        check_output(json_file, ".json")
    from nvg_studio.cli.measure import Bench

    measured = Bench(choice.folder, choice.device, choice.dtype)
    with progress("Measuring", repeats) as advance:
        for _ in range(repeats):
            measured.round()
            if advance is not None:
                advance()
    report = measured.report(repeats)
    _show(report)
    if json_file is not None:
        from nvg_studio.imaging.write import write_atomic

        write_atomic(json_file, (json.dumps(report, indent=2) + "\n").encode())


def _show(report: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{report['model']} on {report['device_name']} ({report['device']}, {report['dtype']})")
    table.add_column("stage", justify="right")
    for name in ("content", "structure", "decode", "run from here", "first preview"):
        table.add_column(f"{name}, ms", justify="right")
    for stage, run in zip(report["stages"], report["run_from"], strict=True):
        seconds = (stage["content_s"], stage["structure_s"], stage["decode_s"], run["total_s"], run["first_preview_s"])
        table.add_row(str(stage["stage"]), *(f"{1000 * value:.1f}" for value in seconds))
    console = Console()
    console.print(table)
    for name in ("load", "encode", "clustering", "decode", "generate"):
        console.print(f"{name + ':':<13}{1000 * report[name + '_s']:.1f} ms")
    console.print(f"{'memory:':<13}{report['peak_memory_mib']:.0f} MiB at most")
