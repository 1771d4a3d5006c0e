"""Colours that can be told apart, and label maps as pictures."""

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, rgb2lab

from nvg_studio.imaging.draw import boundaries, label_colours, mean_colours, overlay, safe_colours, structure_map

DARK, LIGHT = (28, 29, 31), (255, 255, 255)


# What eyes without long-wave (protanopia) or middle-wave cones (deuteranopia) make of linear RGB (Viénot et al. 1999).
PROTANOPIA = [[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]]
DEUTERANOPIA = [[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]]


def seen_by(eyes: list[list[float]], colours: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Colours uint8 [N, 3] as colour-blind eyes see them, float [N, 3] in 0..1."""
    values = colours.astype(np.float64) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(eyes).T, 0, 1)
    return np.asarray(np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055))


def differences(stage: int, colours: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Perceptual differences (CIEDE2000; 1 is just visible) between all colours of a stage, or those given."""
    lab = rgb2lab((label_colours(stage).astype(np.float64) / 255 if colours is None else colours)[None])[0]
    distances = np.asarray(deltaE_ciede2000(lab[:, None], lab[None]))
    np.fill_diagonal(distances, np.inf)
    return distances


def luminance(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    values = colours / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ np.array([0.2126, 0.7152, 0.0722]))


@pytest.mark.parametrize("stage", range(9))
def test_one_read_only_colour_a_cluster(stage: int) -> None:
    colours = label_colours(stage)
    assert colours.shape == (2**stage, 3) and colours.dtype == np.uint8
    assert len(np.unique(colours, axis=0)) == 2**stage
    assert not colours.flags.writeable


@pytest.mark.parametrize(("stage", "least"), [(1, 40), (2, 25), (3, 15), (4, 9), (5, 6), (6, 3.5), (7, 2)])
def test_colours_of_a_stage_can_be_told_apart(stage: int, least: float) -> None:
    assert differences(stage).min() >= least


@pytest.mark.parametrize("stage", range(1, 9))
def test_children_stay_near_their_parent(stage: int) -> None:
    children = label_colours(stage).astype(np.float64).reshape(-1, 2, 3).mean(axis=1)
    parents = label_colours(stage - 1).astype(np.float64)
    distances = np.linalg.norm(children[:, None] - parents[None], axis=2)
    if stage > 1:
        assert (distances.argmin(axis=1) == np.arange(len(parents))).mean() >= 0.75


@pytest.mark.parametrize(("stage", "dark", "light"), [(1, 4.5, 3), (2, 3, 2.5), (3, 3, 2.2), (4, 3, 2), (8, 2.2, 1.6)])
def test_contrast_on_dark_and_light_ground(stage: int, dark: float, light: float) -> None:
    own = luminance(label_colours(stage).astype(np.float64))
    assert ((own + 0.05) / (luminance(np.array(DARK, np.float64)) + 0.05)).min() >= dark
    assert ((luminance(np.array(LIGHT, np.float64)) + 0.05) / (own + 0.05)).min() >= light


def test_structure_map_shows_each_label_in_its_colour() -> None:
    labels = np.arange(16, dtype=np.int64)[::-1]
    small = structure_map(labels, 4)
    np.testing.assert_array_equal(small.reshape(16, 3), label_colours(4)[labels])
    large = structure_map(labels, 4, 40)
    assert large.shape == (40, 40, 3)
    np.testing.assert_array_equal(large[5::10, 5::10], small)


def test_boundaries_lie_on_both_sides_of_every_border() -> None:
    labels = (np.arange(16) % 4 >= 2).astype(np.int64)
    border = boundaries(labels, 16)
    expected = np.zeros((16, 16), dtype=bool)
    expected[:, 7:9] = True
    np.testing.assert_array_equal(border, expected)
    np.testing.assert_array_equal(boundaries(labels.reshape(4, 4).T.reshape(-1), 16), expected.T)
    assert not boundaries(np.zeros(16, dtype=np.int64), 16).any()


def test_overlay_blends() -> None:
    labels, picture = np.arange(16, dtype=np.int64), np.full((32, 32, 3), 77, np.uint8)
    np.testing.assert_array_equal(overlay(picture, labels, 4, 0.0), picture)
    np.testing.assert_array_equal(overlay(picture, labels, 4, 1.0), structure_map(labels, 4, 32))
    half = overlay(picture, labels, 4, 0.5).astype(float)
    assert np.abs(half - (77 + structure_map(labels, 4, 32).astype(float)) / 2).max() <= 0.5


@pytest.mark.parametrize("stage", range(9))
def test_one_safe_colour_a_cluster(stage: int) -> None:
    colours = safe_colours(stage)
    assert colours.shape == (2**stage, 3) and colours.dtype == np.uint8
    assert len(np.unique(colours, axis=0)) == 2**stage
    assert not colours.flags.writeable


@pytest.mark.parametrize("eyes", [PROTANOPIA, DEUTERANOPIA], ids=["protanopia", "deuteranopia"])
@pytest.mark.parametrize(("stage", "least"), [(1, 40), (2, 30), (3, 13), (4, 7), (5, 4.5)])
def test_safe_colours_can_be_told_apart_by_colour_blind_eyes(eyes: list[list[float]], stage: int, least: float) -> None:
    safe = differences(stage, seen_by(eyes, safe_colours(stage))).min()
    assert safe >= least
    if stage > 1:
        assert safe > 1.5 * differences(stage, seen_by(eyes, label_colours(stage))).min()


def test_mean_colours_are_means_and_empty_clusters_keep_theirs() -> None:
    cells = np.zeros((16, 3), np.uint8)
    cells[:4], cells[4:8] = (10, 20, 30), (30, 40, 51)
    labels = np.array([0] * 8 + [2] * 8, dtype=np.int64)
    colours = mean_colours(cells, labels, 2)
    assert colours[0].tolist() == [20, 30, 40]
    assert colours[2].tolist() == [0, 0, 0]
    np.testing.assert_array_equal(colours[[1, 3]], label_colours(2)[[1, 3]])
