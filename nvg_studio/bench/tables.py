"""The tables of `nvg-studio bench`, as plain text: a bare GPU server has nothing to draw them with."""

from typing import Any


def show(report: dict[str, Any]) -> None:
    """Print what a report holds."""
    print(f"{report['model']} on {report['device_name']} ({report['device']}, {report['dtype']})")
    if "reference" in report:
        _show_reference(report["reference"])
    if "stages" in report:
        _show_stages(report)
    if "memory" in report:
        memory = report["memory"]
        print(
            f"\npeak memory: {memory['engine_mib']:.0f} MiB at most; reference {memory['reference_mib']:.0f} MiB, "
            f"ratio {memory['ratio']:.2f}"
        )
    if "busy" in report:
        _show_busy(report["busy"])
    for name, rows in report.get("scaling", {}).items():
        _table(["generate, ms", name], [[_ms(row["generate_s"]), str(row["size"])] for row in rows])


def _show_reference(part: dict[str, Any]) -> None:
    rows = [[_ms(row["reference_s"]), _ms(row["engine_s"]), f"{row['ratio']:.3f}", row["what"]] for row in part["rows"]]
    _table(["reference, ms", "engine, ms", "ratio", ""], rows)
    agreement = part["agreement"]
    print(
        f"agreement with the reference in float32: {100 * agreement['equal_bits']:.2f} % of the bits, "
        f"{100 * agreement['equal_tokens']:.2f} % of the tokens; "
        f"whole generation {agreement['picture_psnr_db']:.1f} dB, "
        f"the same canvas decoded {agreement['decoded_psnr_db']:.1f} dB"
    )


def _show_busy(part: dict[str, Any]) -> None:
    rows = [
        [_ms(part[name]["idle_s"]), _ms(part[name]["busy_s"]), f"{part[name]['ratio']:.2f}", what]
        for name, what in (("limited", "threads wait as set here"), ("default", "OpenMP's defaults"))
    ]
    _table(["alone, ms", "beside a busy process, ms", "ratio", ""], rows)
    load = ", ".join(f"{number:.2f}" for number in part["load"])
    print(f"alone: {part['idle_ratio']:.3f} of the defaults' time; load of the machine afterwards: {load}")


def _show_stages(report: dict[str, Any]) -> None:
    kinds = ("content", "structure", "decode")
    rows = []
    for stage, run in zip(report["stages"], report["run_from"], strict=True):
        seconds = [*(stage[f"{kind}_s"] for kind in kinds), run["total_s"], run["first_preview_s"]]
        rows.append([str(stage["stage"]), *map(_ms, seconds)])
    _table(["stage", *(f"{kind}, ms" for kind in kinds), "run from here", "first preview"], rows)
    for name in ("load", "encode", "clustering", "decode", "generate"):
        print(f"{name + ':':<13}{_ms(report[name + '_s'])} ms")
    print(f"{'memory:':<13}{report['peak_memory_mib']:.0f} MiB at most, all of the above together")


def show_comparison(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Print every time that two reports share, and the second as a share of the first."""
    for name in ("program", "model", "device_name", "dtype", "torch", "threads"):
        same = before.get(name) == after.get(name)
        print(f"{name + ':':<13}{before.get(name)}" + ("" if same else f" -> {after.get(name)}"))
    first, second = dict(_numbers(before)), dict(_numbers(after))
    rows = [
        [_ms(first[name]), _ms(second[name]), f"{second[name] / first[name]:.3f}", name]
        for name in first
        if name in second and first[name] > 0
    ]
    _table(["before, ms", "after, ms", "ratio", ""], rows)


def _numbers(node: Any, path: str = "") -> list[tuple[str, float]]:
    """All seconds of a report with their place in it."""
    if isinstance(node, dict):
        name = next((str(node[key]) for key in ("what", "stage", "size") if key in node), "")
        inside = f"{path} {name}".strip()
        return [
            pair
            for key, value in node.items()
            for pair in (
                [(f"{inside} {key}".strip(), float(value))]
                if key.endswith("_s") and isinstance(value, int | float)
                else _numbers(value, f"{inside} {key}".strip())
            )
        ]
    return [pair for child in node for pair in _numbers(child, path)] if isinstance(node, list) else []


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.1f}"


def _table(heads: list[str], rows: list[list[str]]) -> None:
    """Columns to the right, the last one to the left."""
    widths = [max(len(line[column]) for line in [heads, *rows]) for column in range(len(heads))]
    print()
    for line in [heads, *rows]:
        *numbers, name = line
        print("  ".join([*(cell.rjust(width) for cell, width in zip(numbers, widths, strict=False)), name]).rstrip())
