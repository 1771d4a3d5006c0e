"""`nvg-studio generate|encode|transfer`: pictures and project files."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from nvg_studio import __version__
from nvg_studio.cli.options import ModelChoice, Sampling, check_output, parse_levels, progress, takes
from nvg_studio.errors import PictureError
from nvg_studio.granularity.structure_method import METHODS, MethodName, StructureMethod, of_kind
from nvg_studio.sampling.settings import GenerationSettings, ModelInfo, RunRequest

if TYPE_CHECKING:
    from nvg_studio.granularity.locks import Locks
    from nvg_studio.granularity.sequence import GranularitySequence
    from nvg_studio.project.document import Document
    from nvg_studio.sampling.events import Event, Picture
    from nvg_studio.sampling.pipeline import NVGPipeline

BATCH = 8
"""Pictures generated at once; more would only take more memory."""

Output = Annotated[Path, typer.Argument(help="A .png picture, or a .nvgs project to go on with in the studio.")]


@takes(sampling=Sampling, choice=ModelChoice)
def generate(
    out: Output,
    sampling: Sampling,
    choice: ModelChoice,
    count: Annotated[int, typer.Option(min=1, help="Variations, with seeds from --seed on: out-1.png, ...")] = 1,
) -> None:
    """Make a new picture of a class."""
    from nvg_studio.granularity.sequence import GranularitySequence

    check_output(out, ".png", ".nvgs")
    sampling.classless()
    pipeline = choice.open()
    settings = sampling.settings(pipeline.info)
    many = [replace(settings, seed=settings.seed + number) for number in range(count)]
    blank = GranularitySequence.blank(pipeline.info.cells, pipeline.info.depth)
    for first in range(0, count, BATCH):
        request = _request(pipeline.info, blank, None, many[first : first + BATCH])
        results = zip(request.settings, _run(pipeline, request), strict=True)
        for number, (setting, sequence) in enumerate(results, first + 1):
            path = out if count == 1 else out.with_stem(f"{out.stem}-{number:0{len(str(count))}}")
            _write(path, pipeline, replace(request, settings=(setting,)), sequence)


Method = Annotated[
    MethodName | None, typer.Option("--structure-method", help="How the picture is clustered; else as the model does.")
]


@takes(choice=ModelChoice)
def encode(
    photo: Annotated[Path, typer.Argument(help="Any picture; its centre square is taken.")],
    out: Annotated[Path, typer.Argument(help="The .nvgs project to make.")],
    choice: ModelChoice,
    structure_method: Method = None,
) -> None:
    """Open a photo as a project: its structure and content at every stage."""
    from nvg_studio.imaging.crop import square_crop
    from nvg_studio.imaging.read import read_image
    from nvg_studio.project import document

    check_output(out, ".nvgs")
    crop = square_crop(read_image(photo))
    pipeline = choice.open()
    sequence = pipeline.encode(crop, _method(structure_method, pipeline.info))
    opened = document.open_photo(sequence, crop, photo.name, pipeline.info.identity.tokenizer)
    _save_project(opened, pipeline, out)


@takes(sampling=Sampling, choice=ModelChoice)
def transfer(
    out: Output,
    sampling: Sampling,
    choice: ModelChoice,
    structure: Annotated[Path, typer.Option(help="The picture whose layout is taken; its centre square.")],
    levels: Annotated[str, typer.Option(help="Levels of structure to take: 1-4.")] = "1-4",
    content_stages: Annotated[int, typer.Option(help="Take the content of this many first stages too.")] = 0,
    mask: Annotated[Path | None, typer.Option(help="Picture: white where the layout is to be taken.")] = None,
    structure_method: Method = None,
) -> None:
    """Make a new picture of a class with the layout of another picture."""
    from nvg_studio.granularity import edits
    from nvg_studio.granularity.locks import Locks
    from nvg_studio.granularity.sequence import GranularitySequence
    from nvg_studio.imaging.read import read_image

    check_output(out, ".png", ".nvgs")
    sampling.classless()
    photo, mask_picture = read_image(structure), None if mask is None else read_image(mask)
    pipeline = choice.open()
    info = pipeline.info
    settings, (_, last) = sampling.settings(info), parse_levels(levels, info.depth)
    cells = np.ones(info.cells, np.bool_) if mask_picture is None else _mask_cells(mask_picture, info)
    # The whole layout comes over and only the masked cells are held: the run makes the others anew.
    blank = GranularitySequence.blank(info.cells, info.depth)
    source = pipeline.encode(photo, _method(structure_method, info))
    mixed = edits.transfer(blank, source, (1, last), content_stages=content_stages)
    locks = Locks.none(info.cells, info.depth).with_structure(cells, last).with_content(cells, content_stages)
    request = _request(info, mixed, locks, [settings])
    (sequence,) = _run(pipeline, request)
    _write(out, pipeline, request, sequence)


def _method(name: MethodName | None, info: ModelInfo) -> StructureMethod | None:
    """The named method, with the model's own numbers where it has any; None for the model's own."""
    return None if name is None else of_kind(METHODS[name], info.structure_method)


def _request(
    info: ModelInfo, sequence: "GranularitySequence", locks: "Locks | None", settings: Sequence[GenerationSettings]
) -> RunRequest:
    """A run from the first stage with this model, where it is now."""
    pinned = tuple(one.resolved(info.defaults) for one in settings)
    return RunRequest(sequence, 0, locks, pinned, info.identity.model, info.device, info.dtype)


def _run(pipeline: "NVGPipeline", request: RunRequest) -> Sequence["GranularitySequence"]:
    """Carry out a request, with a progress bar on a terminal."""
    stages = (request.sequence.depth + 1 - request.stage) * len(request.settings)
    with progress("Generating", stages) as advance:

        def on_event(event: "Event") -> None:
            if advance is not None:
                advance()

        return pipeline.run_from_batch(
            request.sequence,
            request.stage,
            request.settings,
            locks=request.locks,
            # Without a bar no previews need to be drawn.
            on_event=None if advance is None else on_event,
        )


def _mask_cells(mask: "Picture", info: ModelInfo) -> NDArray[np.bool_]:
    """The cells bool [L] that are white in at least half of their pixels; PictureError if there is none."""
    from nvg_studio.imaging.crop import resize, square_crop

    white = (square_crop(mask).mean(axis=2) >= 128).astype(np.uint8) * 255
    small = resize(np.repeat(white[..., None], 3, axis=2), info.grid)
    cells: NDArray[np.bool_] = small[..., 0].reshape(-1) >= 128
    if not cells.any():
        raise PictureError("The mask has no white area of the size of a cell: paint white what is to be taken.")
    return cells


def _write(path: Path, pipeline: "NVGPipeline", request: RunRequest, sequence: "GranularitySequence") -> None:
    """Write a result as a picture or as a project, by the file's ending."""
    picture, info = pipeline.decode(sequence), pipeline.info
    if path.suffix.lower() == ".png":
        from nvg_studio.imaging.write import write_png

        write_png(path, picture, _provenance(info, request.settings[0]))
        print(f"Wrote {path}")
    else:
        from nvg_studio.project import document

        _save_project(document.from_result(request, sequence, picture), pipeline, path)


def _save_project(document: "Document", pipeline: "NVGPipeline", path: Path) -> None:
    """Save a new document with its stage pictures, so that it can be looked at and exported without the model."""
    from nvg_studio.cli.exporting import render
    from nvg_studio.project.storage.project_file import Project, save

    save(Project(document, pipeline.info.name, render(pipeline, document.sequence)), path)
    print(f"Wrote {path}")


def _provenance(info: ModelInfo, settings: GenerationSettings) -> dict[str, str]:
    """Text chunks that say how the picture was made."""
    facts = {"model": info.name, "model_id": info.identity.model, **settings.to_dict()}
    return {"Software": f"NVG Studio {__version__}", "Generation": json.dumps(facts, sort_keys=True)}
