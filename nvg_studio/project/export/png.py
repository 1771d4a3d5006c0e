"""Export as a folder of PNG files, with the numbers beside them.

    picture.png              the picture
    stage_<i>.png            the picture decoded after stage i
    structure_<i>.png        the clusters of stage i in colours
    labels_<i>.png           their numbers: 16-bit grey, one pixel a cell
    labels.npz               labels int64 [K + 1, L], bits uint8 [L, K], token_map int32 [K + 1, L]
    manifest.json            what each file is, the names of clusters, the settings of the last run
"""

import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvg_studio import __version__
from nvg_studio.errors import ProjectError
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.imaging.cells import grid_side
from nvg_studio.imaging.draw import structure_map
from nvg_studio.imaging.write import encode_png, write_atomic
from nvg_studio.project.document import Document, Snapshot

MAP_SIZE = 512
"""Pixels a side of the coloured structure maps."""


def export_png(document: Document, stages: Mapping[int, NDArray[np.uint8]], folder: Path) -> list[Path]:
    """Write the current step of a document into a folder, which is made if it is missing.

    Args:
        document: picture.png is its base picture, as of the last run.
        stages: decoded pictures uint8 [S, S, 3] by stage, any of 0..K.
        folder: files of the same names are replaced, each atomically; others are left alone.

    Returns:
        The files, in the order written.

    Raises:
        ProjectError: a file cannot be written.
    """
    snapshot = document.snapshot
    files = {"picture.png": encode_png(document.base)}
    files |= {f"stage_{stage}.png": encode_png(picture) for stage, picture in sorted(stages.items())}
    files |= _structure(snapshot.sequence)
    files["manifest.json"] = json.dumps(_manifest(snapshot, list(files)), indent=2, ensure_ascii=False).encode()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            write_atomic(folder / name, content)
    except OSError as error:
        reason = (error.strerror or "the disk refused it").lower()
        raise ProjectError(f"Cannot export to {folder}: {reason}; choose another folder.") from error
    return [folder / name for name in files]


def _structure(sequence: GranularitySequence) -> dict[str, bytes]:
    """Coloured and numbered maps of all stages, and the arrays."""
    side = grid_side(sequence.cells)
    files = {}
    for stage in range(sequence.depth + 1):
        labels = sequence.labels(stage)
        files[f"structure_{stage}.png"] = encode_png(structure_map(labels, stage, MAP_SIZE))
        files[f"labels_{stage}.png"] = encode_png(labels.astype(np.uint16).reshape(side, side))
    buffer = BytesIO()
    labels = np.stack([sequence.labels(stage) for stage in range(sequence.depth + 1)])
    np.savez_compressed(buffer, labels=labels, bits=sequence.bits, token_map=sequence.token_map)
    files["labels.npz"] = buffer.getvalue()
    return files


def _manifest(snapshot: Snapshot, files: list[str]) -> dict[str, Any]:
    request = snapshot.request
    return {
        "application": f"NVG Studio {__version__}",
        "title": snapshot.title,
        "cells_per_side": grid_side(snapshot.sequence.cells),
        "levels": snapshot.sequence.depth,
        "edited_since_last_run": snapshot.sequence != snapshot.result,
        "names": [{"stage": stage, "cluster": cluster, "name": name} for stage, cluster, name in snapshot.names],
        "model": snapshot.model,
        "from_stage": None if request is None else request.stage,
        "settings": [] if request is None else [settings.to_dict() for settings in request.settings],
        "files": files,
    }
