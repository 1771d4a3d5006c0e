"""TIFF with one page a layer, for pipelines: the view first, then the layers in painting order."""

import io
import json
from typing import Any

import numpy as np
import tifffile

from nvg_studio import __version__
from nvg_studio.imaging.write import srgb_profile
from nvg_studio.project.export.layers import Advance, Group, Layer, Scene, no_progress

DPI = 72
# Tags of TIFF 6.0: name of a page, and where it lies, in inches.
PAGE_NAME, X_POSITION, Y_POSITION = 285, 286, 287
_TEXT, _RATIONAL = 2, 5


def encode_tiff(scene: Scene, advance: Advance = no_progress) -> bytes:
    """A multi-page TIFF: RGBA pages, cropped to their layers, with position and name.

    Every page's ImageDescription is JSON: name, group (or null), left, top, visible, blend.
    """
    layers = list(scene.walk())
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as file:
        view = Layer("View", np.dstack([scene.view, np.full(scene.view.shape[:2], 255, np.uint8)]))
        _add_page(file, None, view, scene.size)
        for number, (group, layer) in enumerate(layers):
            advance(number, len(layers))
            _add_page(file, group, layer, scene.size)
    advance(len(layers), len(layers))
    return buffer.getvalue()


def _add_page(file: tifffile.TiffWriter, group: Group | None, layer: Layer, size: int) -> None:
    facts = {
        "name": layer.name,
        "group": None if group is None else group.name,
        "page_size": size,
        "left": layer.left,
        "top": layer.top,
        "visible": layer.visible and (group is None or group.visible),
        "blend": layer.blend,
    }
    title = layer.name if group is None else f"{group.name} / {layer.name}"
    position: list[tuple[int, int, int, Any, bool]] = [
        (PAGE_NAME, _TEXT, 0, title.encode(), False),
        (X_POSITION, _RATIONAL, 1, (layer.left, DPI), False),
        (Y_POSITION, _RATIONAL, 1, (layer.top, DPI), False),
    ]
    file.write(
        layer.masked_pixels,
        photometric="rgb",
        extrasamples=["unassalpha"],
        compression="adobe_deflate",
        predictor=False,
        iccprofile=srgb_profile(),
        resolution=(DPI, DPI),
        resolutionunit="inch",
        software=f"NVG Studio {__version__}",
        description=json.dumps(facts),
        metadata=None,
        extratags=position,
    )
