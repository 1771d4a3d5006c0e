"""Sheets to look at: classes against layouts, and a picture from coarse to fine."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nvg_studio.evaluation.layouts import Layout
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.imaging.draw import structure_map
from nvg_studio.sampling.pipeline import NVGPipeline

Picture = NDArray[np.uint8]
INCH = 1.0


def contact_sheet(layouts: list[Layout], pictures: dict[str, list[list[Picture]]], target: Path) -> None:
    """Structure maps on top, then one row a class: `pictures[class][layout]` holds one picture a seed."""
    seeds = len(next(iter(pictures.values()))[0])
    columns = len(layouts) * seeds
    figure = Figure(figsize=(INCH * columns, INCH * (len(pictures) + 1) + 0.4))
    axes = figure.subplots(len(pictures) + 1, columns)
    for index, layout in enumerate(layouts):
        level = layout.levels
        drawn = structure_map(layout.sequence.labels(level), level, 128)
        for seed in range(seeds):
            _show(axes[0, index * seeds + seed], drawn if seed == 0 else None)
        axes[0, index * seeds].set_title(layout.name, fontsize=8, loc="left")
    for row, (name, cells) in enumerate(pictures.items(), start=1):
        for column, picture in enumerate(picture for cell in cells for picture in cell):
            _show(axes[row, column], picture)
        axes[row, 0].set_ylabel(name, fontsize=8)
    _save(figure, target)


def coarse_to_fine(pipeline: NVGPipeline, sequences: list[GranularitySequence], target: Path) -> None:
    """Two rows a sequence: the structure map of every stage, and the picture after it."""
    stages = pipeline.info.depth + 1
    figure = Figure(figsize=(INCH * stages, 2 * INCH * len(sequences)))
    axes = figure.subplots(2 * len(sequences), stages)
    for index, sequence in enumerate(sequences):
        for stage in range(stages):
            _show(axes[2 * index, stage], structure_map(sequence.labels(stage), stage, 128))
            _show(axes[2 * index + 1, stage], pipeline.decode(sequence, stage))
    _save(figure, target)


def rows_of_pictures(rows: Mapping[str, Sequence[Picture]], target: Path) -> None:
    """Rows of pictures uint8 [S, S, 3], each with its name on the left."""
    columns = max(map(len, rows.values()))
    figure = Figure(figsize=(INCH * (columns + 0.4), INCH * len(rows)))
    axes = figure.subplots(len(rows), columns, squeeze=False)
    for line, (name, pictures) in zip(axes, rows.items(), strict=True):
        for index, axis in enumerate(line):
            _show(axis, pictures[index] if index < len(pictures) else None)
        line[0].set_ylabel(name, fontsize=8)
    _save(figure, target)


def stage_curves(stages: Mapping[str, Mapping[str, float]], target: Path) -> None:
    """One panel for each column of a table whose rows are the stages."""
    columns = list(next(iter(stages.values())))
    figure = Figure(figsize=(4 * len(columns), 3), layout="constrained")
    for axis, column in zip(figure.subplots(1, len(columns), squeeze=False)[0], columns, strict=True):
        axis.plot([row[column] for row in stages.values()], marker="o")
        axis.set(xlabel="stage", ylabel=column, xticks=range(len(stages)))
        axis.grid(alpha=0.3)
    figure.savefig(target, dpi=110)


def _show(axis: Axes, picture: Picture | None) -> None:
    axis.set_xticks([])
    axis.set_yticks([])
    for side in axis.spines.values():
        side.set_visible(False)
    if picture is not None:
        axis.imshow(picture, interpolation="nearest")


def _save(figure: Figure, target: Path) -> None:
    figure.subplots_adjust(0.03, 0.01, 0.995, 0.96, 0.04, 0.04)
    figure.savefig(target, dpi=110)
