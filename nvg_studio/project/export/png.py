"""Export as a folder of PNG files, with the numbers beside them: for papers and pipelines.

picture.png              the view
stage_<i>.png            the picture decoded after stage i
residual_<i>.png         what stage i adds to it, grey where nothing changed
structure_<i>.png        the clusters of stage i in colours
labels_<i>.png           their numbers, one pixel a cell: 8-bit grey up to stage 8, 16-bit above
tokens_<i>.png           the codebook index of every cell at stage i, 16-bit grey, one pixel a cell
cutout_<n>.png           the clusters of one level, cut out of the view, RGBA
labels.npz               labels int64 [K + 1, L], bits uint8 [L, K], token_map int32 [K + 1, L]
manifest.json            what each file is, the names of clusters, the settings of the last run
"""

import json
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from nvg_studio import __version__
from nvg_studio.errors import ProjectError
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.imaging.cells import grid_side
from nvg_studio.imaging.crop import resize
from nvg_studio.imaging.draw import structure_map
from nvg_studio.imaging.write import encode_png
from nvg_studio.project.export.layers import Advance, Layer, Scene, no_progress
from nvg_studio.project.export.picture import generation
from nvg_studio.project.export.residuals import grey_residuals
from nvg_studio.project.files import refusal, write_file
from nvg_studio.project.rendering import Rendering
from nvg_studio.project.storage.project_file import Project

_MAX_TOKEN = 2**16
_OURS = re.compile(
    r"picture\.png|(stage|residual|structure|labels|tokens|cutout)_\d+\.png|labels\.npz|manifest\.json", re.IGNORECASE
)


def export_png(
    project: Project, rendering: Rendering, scene: Scene, folder: Path, advance: Advance = no_progress
) -> list[Path]:
    """Write the current step of a project into a folder, which is made if it is missing.

    Args:
        project: its current step's numbers and names are written.
        rendering: the stages of that step.
        scene: the view and its visible cut-outs; gives the size of all pictures.
        folder: files of the same names are replaced, each atomically; others are left alone.
        advance: told how many files are written.

    Returns:
        The files, in the order written.

    Raises:
        ProjectError: a file cannot be written.
    """
    snapshot = project.document.snapshot
    cutouts = {f"cutout_{n}.png": layer for n, layer in enumerate(_visible_cutouts(scene), 1)}
    files = {"picture.png": encode_png(scene.view)}
    files |= _stages(rendering, scene.size) | _structure(snapshot.sequence, scene.size)
    files |= {name: encode_png(layer.masked_pixels) for name, layer in cutouts.items()}
    manifest = _manifest(project, rendering) | {"files": list(files), "cutouts": _places(cutouts)}
    files["manifest.json"] = json.dumps(manifest, indent=2).encode()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refusal(f"Cannot make the folder {folder}", error) from error
    for number, (name, content) in enumerate(files.items(), 1):
        write_file(folder / name, content)
        advance(number, len(files))
    return [folder / name for name in files]


def taken_names(folder: Path) -> list[str]:
    """Names of files in a folder that an export into it may replace, sorted; none where there is no such folder."""
    try:
        return sorted(entry.name for entry in folder.iterdir() if _OURS.fullmatch(entry.name))
    except OSError:
        return []  # whoever writes there says what is wrong


def _visible_cutouts(scene: Scene) -> list[Layer]:
    """The layers above the picture that are seen."""
    return [layer for group, layer in scene.walk() if group is None][1:]


def _places(cutouts: dict[str, Layer]) -> list[dict[str, Any]]:
    return [{"file": file, "name": layer.name, "left": layer.left, "top": layer.top} for file, layer in cutouts.items()]


def _stages(rendering: Rendering, size: int) -> dict[str, bytes]:
    """Pictures of all stages, and what each adds to the one before."""
    stages = [resize(picture, size) for picture in rendering.stages]
    files = {f"stage_{stage}.png": encode_png(picture) for stage, picture in enumerate(stages)}
    for stage, residual in enumerate(grey_residuals(stages), 1):
        files[f"residual_{stage}.png"] = encode_png(residual)
    return files


def _structure(sequence: GranularitySequence, size: int) -> dict[str, bytes]:
    """Coloured and numbered maps of all stages, and the arrays."""
    side = grid_side(sequence.cells)
    if sequence.token_map.max() >= _MAX_TOKEN:
        raise ProjectError(f"Cannot write tokens as 16-bit pictures: there is one above {_MAX_TOKEN - 1}.")
    files = {}
    for stage in range(sequence.depth + 1):
        labels = sequence.labels(stage)
        numbers = labels.astype(np.uint8 if stage <= 8 else np.uint16).reshape(side, side)
        tokens = sequence.token_map[stage].astype(np.uint16).reshape(side, side)
        files[f"structure_{stage}.png"] = encode_png(structure_map(labels, stage, size))
        files[f"labels_{stage}.png"] = encode_png(numbers)
        files[f"tokens_{stage}.png"] = encode_png(tokens)
    buffer = BytesIO()
    labels = np.stack([sequence.labels(stage) for stage in range(sequence.depth + 1)])
    np.savez_compressed(buffer, labels=labels, bits=sequence.bits, token_map=sequence.token_map)
    files["labels.npz"] = buffer.getvalue()
    return files


def _manifest(project: Project, rendering: Rendering) -> dict[str, Any]:
    snapshot = project.document.snapshot
    return {
        "application": f"NVG Studio {__version__}",
        "title": snapshot.title,
        "cells_per_side": grid_side(snapshot.sequence.cells),
        "levels": snapshot.sequence.depth,
        "model_resolution": len(rendering.stages[0]),
        "names": [{"stage": stage, "cluster": cluster, "name": name} for stage, cluster, name in snapshot.names],
        **generation(snapshot, project.model_name),
    }
