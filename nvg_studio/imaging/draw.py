"""Label maps as pictures: colours of clusters, structure maps, borders, overlay.

The colours form a tree like the clusters do: a child's hue stays near its parent's, siblings differ in hue, lightness
and (deep down) colourfulness. They are chosen in OKLCH (Ottosson 2020, https://bottosson.github.io/posts/oklab/), where
equal steps look equal, so that clusters can be told apart on dark and on light ground.
`safe_colours` do without what red-green colour-blind eyes cannot tell apart: they differ in lightness and between blue
and yellow alone.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from nvg_studio.imaging.cells import cells_to_pixels
from nvg_studio.imaging.crop import Picture

FloatArray = NDArray[np.float64]
Labels = NDArray[np.int64]

ROOT_COLOUR = (0.66, 0.03, 250.0)
"""Lightness (0..1), chroma and hue (degrees) of the one cluster of stage 0, a quiet grey-blue."""

# The colours that everybody can tell apart: two hues, a span of lightness, and which of both is halved at each level.
BLUE_HUE, YELLOW_HUE = 262.0, 95.0
SAFE_LIGHTNESS, SAFE_CHROMA = (0.3, 0.97), 0.19
SAFE_AXES = (0, 1, 1, 0, 1, 0, 1, 0)

CENTRE = (0.645, 0.115, 152.5)
# How far the two children of a node move apart, half the way each, by level from 1 on: hue, lightness, chroma.
HUE_STEPS = (97.5, 38.0, 17.0, 8.0, 4.0, 2.5, 1.5, 1.0)
LIGHTNESS_STEPS = (0.01, -0.04, 0.05, -0.033, 0.022, -0.015, 0.010, -0.008)
CHROMA_STEPS = (0.0, 0.0, 0.008, 0.018, -0.022, 0.014, -0.010, 0.009)

LOCK_COLOURS = np.array([(0, 0, 0, 0), (230, 145, 56, 160), (60, 130, 220, 160), (145, 95, 200, 160)], np.uint8)
"""RGBA of cells where nothing, structure, content or both is held."""


@cache
def label_colours(stage: int) -> Picture:
    """Colours of all clusters of a stage (0 or more): uint8 [2**stage, 3], RGB, read-only."""
    if stage == 0:
        lch = np.array([ROOT_COLOUR])
    else:
        clusters = np.arange(1 << stage)
        lch = np.tile(np.array(CENTRE), (len(clusters), 1))
        for level in range(1, stage + 1):
            side = 1 - 2 * ((clusters >> (stage - level)) & 1)
            step = min(level, len(HUE_STEPS)) - 1
            lch += side[:, None] * np.array([LIGHTNESS_STEPS[step], CHROMA_STEPS[step], -HUE_STEPS[step]])
    colours = _oklch_to_rgb(lch)
    colours.setflags(write=False)
    return colours


@cache
def safe_colours(stage: int) -> Picture:
    """Colours of all clusters of a stage for colour-blind eyes too: uint8 [2**stage, 3], RGB, read-only.

    Blue to yellow and dark to light are halved level by level, so a child stays near its parent here as well.
    """
    clusters = np.arange(1 << stage)
    place = np.zeros((2, len(clusters)))  # -1..1: blue to yellow, dark to light
    reach = [1.0, 1.0]
    for level in range(1, stage + 1):
        axis = SAFE_AXES[min(level, len(SAFE_AXES)) - 1]
        reach[axis] /= 2
        place[axis] += reach[axis] * (2 * ((clusters >> (stage - level)) & 1) - 1)
    low, high = SAFE_LIGHTNESS
    lightness = (low + high) / 2 + place[1] * (high - low) / 2
    hue = np.where(place[0] < 0, BLUE_HUE, YELLOW_HUE)
    chroma = np.abs(place[0]) * np.minimum(_largest_chroma(lightness, hue), SAFE_CHROMA)
    colours = _oklch_to_rgb(np.stack([lightness, chroma, hue], axis=1))
    colours.setflags(write=False)
    return colours


def mean_colours(cells: Picture, labels: Labels, stage: int) -> Picture:
    """Mean colour of every cluster of a stage, uint8 [2**stage, 3]; an empty cluster has its colour of `label_colours`.

    Args:
        cells: uint8 [L, 3], mean colours of the cells.
        labels: int64 [L], 0 <= label < 2**stage.
        stage: 0..K.
    """
    count = 1 << stage
    sizes = np.bincount(labels, minlength=count)
    sums = np.stack([np.bincount(labels, cells[:, c], minlength=count) for c in range(3)], axis=1)
    means = np.rint(sums / np.maximum(sizes, 1)[:, None])
    colours: Picture = np.where(sizes[:, None] > 0, means, label_colours(stage)).astype(np.uint8)
    return colours


def structure_map(labels: Labels, stage: int, size: int | None = None) -> Picture:
    """The clusters of a stage as flat colours.

    Args:
        labels: int64 [L], 0 <= label < 2**stage, cells of a square grid, row by row.
        stage: 0..K.
        size: pixels a side; None: one pixel a cell.

    Returns:
        uint8 [size, size, 3].
    """
    colours = label_colours(stage)[labels]
    return cells_to_pixels(colours, size if size is not None else round(len(labels) ** 0.5))


def boundaries(labels: Labels, size: int) -> NDArray[np.bool_]:
    """Pixels at a border between clusters, one on each side of it: bool [size, size]; labels int64 [L]."""
    pixels = cells_to_pixels(labels, size)
    border = np.zeros((size, size), dtype=np.bool_)
    for axis in (0, 1):
        before, after = (pixels.take(np.arange(size - 1) + shift, axis) for shift in (0, 1))
        differs = before != after
        border |= np.insert(differs, 0, False, axis) | np.insert(differs, size - 1, False, axis)
    return border


def overlay(picture: Picture, labels: Labels, stage: int, opacity: float = 0.5) -> Picture:
    """A picture with its clusters' colours over it, at the picture's size.

    Args:
        picture: uint8 [S, S, 3].
        labels: int64 [L], 0 <= label < 2**stage.
        stage: 0..K.
        opacity: 0 (the picture alone) to 1 (the colours alone).
    """
    colours = structure_map(labels, stage, len(picture)).astype(np.float32)
    mixed: Picture = np.rint((1 - opacity) * picture + opacity * colours).astype(np.uint8)
    return mixed


def lock_map(structure: NDArray[np.bool_], content: NDArray[np.bool_], size: int) -> NDArray[np.uint8]:
    """Where structure (orange), content (blue) or both (violet) of cells is held: RGBA uint8 [size, size, 4].

    Args:
        structure: bool [L], cells of a square grid, row by row.
        content: bool [L].
        size: pixels a side.
    """
    kinds = structure.astype(np.intp) + 2 * content.astype(np.intp)
    return cells_to_pixels(LOCK_COLOURS[kinds], size)


def _oklch_to_rgb(lch: FloatArray) -> Picture:
    """OKLCH float [N, 3] (hue in degrees) to sRGB uint8 [N, 3]; chroma is lowered until the colour can be shown."""
    lightness, chroma, hue = lch.T
    shown = np.minimum(chroma, _largest_chroma(lightness, hue))
    linear = np.clip(_linear_rgb(np.stack([lightness, shown, hue], axis=1)), 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    colours: Picture = np.rint(encoded * 255).astype(np.uint8)
    return colours


def _largest_chroma(lightness: FloatArray, hue: FloatArray) -> FloatArray:
    """The most colourful that can be shown, float [N], by halving."""
    low, high = np.zeros(len(hue)), np.full(len(hue), 0.4)
    for _ in range(20):
        middle = (low + high) / 2
        fits = _shown(_linear_rgb(np.stack([lightness, middle, hue], axis=1)))
        low, high = np.where(fits, middle, low), np.where(fits, high, middle)
    return low


def _shown(linear: FloatArray) -> NDArray[np.bool_]:
    return np.asarray(((linear >= 0) & (linear <= 1)).all(axis=1))


def _linear_rgb(lch: FloatArray) -> FloatArray:
    """OKLCH to linear sRGB, float [N, 3], with Ottosson's matrices."""
    lightness, chroma, hue = lch.T
    a, b = chroma * np.cos(np.radians(hue)), chroma * np.sin(np.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return np.stack(
        [
            4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
            -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
            -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
        ],
        axis=1,
    )
