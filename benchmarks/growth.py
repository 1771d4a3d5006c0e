"""Draws how the time of a generation grows, from a report of bench (`python benchmarks/growth.py times.json out.png`).

The report is made with `nvg-studio bench --measure scaling --json times.json`.
"""

import argparse
import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

NAMES = {
    "cells": "cells of a picture",
    "depth": "depth of the networks",
    "variations": "variations in a batch",
    "steps": "structure steps a stage",
}


def main() -> None:
    """One panel for each thing that grows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path, help=".json file of bench")
    parser.add_argument("picture", type=Path, help=".png file to write")
    options = parser.parse_args()
    report = json.loads(options.report.read_text("utf-8"))
    figure, panels = pyplot.subplots(1, len(NAMES), figsize=(12, 3.2), layout="constrained")
    for axes, (name, words) in zip(panels, NAMES.items(), strict=True):
        rows = report["scaling"][name]
        axes.plot([row["size"] for row in rows], [row["generate_s"] for row in rows], marker="o")
        axes.set(xlabel=words, xlim=(0, None), ylim=(0, None))
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("seconds a run")
    figure.suptitle(f"{report['device_name']}, {report['dtype']}", fontsize=10)
    figure.savefig(options.picture, dpi=110)


if __name__ == "__main__":
    main()
