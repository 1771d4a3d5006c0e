"""`nvg-studio export`: a project as layers, pages, pictures or a strip, without a window."""

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nvg_studio.cli.options import ModelChoice, takes
from nvg_studio.errors import ProjectError, SettingsError
from nvg_studio.project.export.kinds import Format, LayerChoice

if TYPE_CHECKING:
    from nvg_studio.granularity.sequence import GranularitySequence
    from nvg_studio.project.rendering import Rendering
    from nvg_studio.project.storage.project_file import Project
    from nvg_studio.sampling.pipeline import NVGPipeline


@takes(choice=ModelChoice)
def export(
    work: Annotated[Path, typer.Argument(help="A .nvgs project, or a PNG that NVG Studio wrote.")],
    folder: Annotated[Path, typer.Argument(help="Where the files go; made if it is not there.")],
    choice: ModelChoice,
    kind: Annotated[
        Format, typer.Option("--format", help="Layers (ora, psd, tiff), a folder of png, a strip, or the picture.")
    ] = Format.PNG,
    level: Annotated[int, typer.Option(help="Cut out the clusters of this level.")] = 2,
    groups: Annotated[str, typer.Option(help="Levels that get a hidden group: 1-4, 0,2,5 or none.")] = "1-4",
    scale: Annotated[
        int | None, typer.Option(help="1 to 8 times the model's resolution; that of the picture if left out.")
    ] = None,
) -> None:
    """Write a project's picture, stages, structure maps and clusters for other programs.

    The stage pictures in the file are used; the model is loaded only where they are missing.
    """
    from nvg_studio.project.export.export import export as write
    from nvg_studio.project.importing import open_work

    layers = LayerChoice(level, parse_groups(groups), scale=scale)
    project = open_work(work)
    layers.check(project.document.sequence.depth)
    if project.complete_rendering is None:
        project = _rendered(project, work, choice)
    print(f"Wrote {write(project, kind, layers, folder, work.stem)}")


def parse_groups(text: str) -> tuple[int, ...]:
    """From "1-4", "0,2,5-6" or "none" to the levels; SettingsError otherwise."""
    if text.strip() == "none":
        return ()
    ranges = [re.fullmatch(r"\s*(\d{1,2})\s*(?:-\s*(\d{1,2})\s*)?", part) for part in text.split(",")]
    levels: set[int] = set()
    for found in ranges:
        if found is None:
            raise SettingsError(f"--groups is {text!r}, but must be levels like 1-4 or 0,2,5, or none.")
        levels.update(range(int(found[1]), int(found[2] or found[1]) + 1))
    return tuple(sorted(levels))


def render(pipeline: "NVGPipeline", sequence: "GranularitySequence") -> "Rendering":
    """All stages of a sequence, decoded."""
    from nvg_studio.project.rendering import Rendering

    stages = [pipeline.decode(sequence, stage=stage) for stage in range(sequence.depth + 1)]
    return Rendering.of(pipeline.info.identity.model, sequence, stages)


def _rendered(project: "Project", work: Path, choice: ModelChoice) -> "Project":
    """The project with its current step decoded by the chosen model; ProjectError where that is another one."""
    from nvg_studio.project.renaming import with_current_ids

    pipeline = choice.open()
    snapshot, info = project.document.snapshot, pipeline.info
    if not info.identity.owns(snapshot.tokenizer) or info.depth != snapshot.sequence.depth:
        made_with = f"the model {project.model_name}" if project.model_name else "another model"
        raise ProjectError(f"'{work}' was made with {made_with}, not with {info.name}: name its folder with --model.")
    rendering = render(pipeline, snapshot.sequence)
    return replace(with_current_ids(project, info.identity), rendering=rendering)
