"""From a document and its rendering to layers: what goes into OpenRaster, PSD and TIFF files."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nvg_studio.imaging.cells import cells_to_pixels, grid_side
from nvg_studio.imaging.crop import Picture, resize
from nvg_studio.imaging.draw import lock_map, structure_map
from nvg_studio.imaging.masks import bounding_box, soft_mask
from nvg_studio.project.document import Document, Snapshot
from nvg_studio.project.export.kinds import LayerChoice, Part
from nvg_studio.project.export.layers import Blend, Group, Layer, Scene, opaque, readable
from nvg_studio.project.export.residuals import grey_residuals
from nvg_studio.project.rendering import Rendering
from nvg_studio.project.view import current_view


def build_scene(document: Document, rendering: Rendering, choice: LayerChoice) -> Scene:
    """All layers of the current step.

    The picture is at the bottom, over it the cut-outs of `choice.level` with hard masks, over these the hidden groups.

    Raises:
        SettingsError: see `LayerChoice.check`.
    """
    choice.check(document.sequence.depth)
    view = scaled_view(document, rendering, choice.scale)
    stages = [resize(picture, len(view)) for picture in rendering.stages]
    residuals = grey_residuals([*stages, view])
    snapshot = document.snapshot
    items: list[Layer | Group] = [opaque("Picture", view), *_cutouts(snapshot, choice.level, view)]
    for level in sorted(set(choice.groups)):
        layers = tuple(_level_layers(snapshot, level, view, stages, residuals, choice.parts))
        if layers:
            items.append(Group(f"Level {level}", layers))
    if Part.RESIDUAL in choice.parts:
        items.append(_sum(stages[0], residuals))
    return Scene(view, tuple(items))


def scaled_view(document: Document, rendering: Rendering | None, scale: int | None) -> Picture:
    """The document's picture at `scale` times the model's resolution, or at its own: uint8 [S, S, 3]."""
    view = current_view(document, rendering)
    if scale is None or rendering is None:
        return view.copy()
    return resize(view, scale * len(rendering.stages[0]))


def cluster_name(snapshot: Snapshot, level: int, cluster: int) -> str:
    """The user's name of a cluster, or its number."""
    names = {(stage, number): name for stage, number, name in snapshot.names}
    return readable(names.get((level, cluster), "")) or f"Level {level}, cluster {cluster}"


def _cutouts(snapshot: Snapshot, level: int, view: Picture, softness: float = 0) -> Iterator[Layer]:
    """The clusters of a level, cut out of the view; `softness` in cells. One that covers no pixel is left out."""
    labels = snapshot.sequence.labels(level)
    width = softness * len(view) / grid_side(len(labels))
    for cluster in np.unique(labels):
        inside = cells_to_pixels(labels == cluster, len(view))
        mask = soft_mask(inside, width) if softness else inside.astype(np.uint8) * np.uint8(255)
        if mask.any():  # a view with fewer pixels than the grid has cells
            name = cluster_name(snapshot, level, int(cluster))
            yield _cut(f"{name} (soft)" if softness else name, view, mask)


def _cut(name: str, picture: Picture, mask: NDArray[np.uint8]) -> Layer:
    box = bounding_box(mask)
    pixels = np.concatenate([picture[box], mask[box][..., None]], axis=2)
    return Layer(name, pixels, left=box[1].start, top=box[0].start)


def _level_layers(
    snapshot: Snapshot,
    level: int,
    view: Picture,
    stages: list[Picture],
    residuals: tuple[Picture, ...],
    parts: frozenset[Part],
) -> Iterator[Layer]:
    """The layers of a level's group, the lowest first."""
    if Part.PICTURE in parts:
        yield opaque(f"Picture after stage {level}", stages[level])
    if Part.RESIDUAL in parts and level > 0:
        yield opaque(f"Residual of stage {level}", residuals[level - 1], blend=Blend.LINEAR_LIGHT)
    if Part.STRUCTURE in parts:
        labels = snapshot.sequence.labels(level)
        yield opaque(f"Structure map of level {level}", structure_map(labels, level, len(view)))
    if Part.CUTOUTS in parts:
        yield from _cutouts(snapshot, level, view, softness=1)
    if Part.LOCKS in parts:
        held = lock_map(snapshot.locks.structure >= max(level, 1), snapshot.locks.content > level, len(view))
        if held.any():
            yield _cut(f"Locks of level {level}", held[..., :3], held[..., 3])


def _sum(first: Picture, residuals: tuple[Picture, ...]) -> Group:
    """Stage 0 and everything that comes after it; in linear light they add up to the picture.

    The names differ from those of the levels' groups: GIMP numbers layers of the same name.
    """
    *stages, detail = residuals
    layers = [opaque("Stage 0", first)]
    for stage, residual in enumerate(stages, 1):
        layers.append(opaque(f"Stage {stage} added", residual, blend=Blend.LINEAR_LIGHT))
    layers.append(opaque("Detail of the picture", detail, blend=Blend.LINEAR_LIGHT))
    return Group(f"Stages 0 to {len(stages)} added up", tuple(layers))
