"""Regions from colours, superpixels, boxes and files, on pictures whose regions are known."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from nvg_studio.errors import PictureError
from nvg_studio.imaging import regions
from nvg_studio.imaging.crop import Picture, reduced, square_crop
from nvg_studio.imaging.read import read_image

SIZE = 96


def quarters(noise: float = 6.0) -> tuple[Picture, np.ndarray]:
    """Four colours in four unequal parts, with noise: the picture and its true regions."""
    rows, columns = np.mgrid[0:SIZE, 0:SIZE]
    truth = 2 * (rows > 40) + (columns > 60)
    colours = np.array([[200, 40, 40], [40, 180, 60], [50, 60, 210], [230, 210, 60]])
    values = colours[truth] + np.random.default_rng(0).normal(0, noise, (SIZE, SIZE, 3))
    return np.clip(values, 0, 255).astype(np.uint8), truth


def disc() -> tuple[Picture, np.ndarray]:
    """A red disc on green noise."""
    rows, columns = np.mgrid[0:SIZE, 0:SIZE]
    truth = np.hypot(rows - 50, columns - 44) < 24
    values = np.where(truth[..., None], [210, 50, 60], [60, 140, 70])
    noise = np.random.default_rng(1).normal(0, 12, (SIZE, SIZE, 3))
    return np.clip(values + noise, 0, 255).astype(np.uint8), truth


def agreement(found: np.ndarray, truth: np.ndarray) -> float:
    return float(adjusted_rand_score(truth.reshape(-1), found.reshape(-1)))


def test_k_means_finds_regions_of_like_colour() -> None:
    picture, truth = quarters()
    found = regions.colour_regions(picture, 4)
    assert agreement(found, truth) > 0.99
    assert np.array_equal(found, regions.colour_regions(picture, 4))


def test_position_keeps_like_colours_in_different_places_apart() -> None:
    flat = np.full((SIZE, SIZE, 3), 120, np.uint8)
    found = regions.colour_regions(flat, 4, position=1.0)
    assert len(np.unique(found)) == 4
    assert np.bincount(found.reshape(-1)).min() > SIZE * SIZE / 8


def test_superpixels_are_compact_and_keep_to_edges() -> None:
    picture, truth = quarters()
    found = regions.superpixels(picture, 16)
    assert 8 <= len(np.unique(found)) <= 24
    pure = sum(np.bincount(truth[found == label]).max() for label in np.unique(found))
    assert pure / truth.size > 0.97  # a grid of 4 x 4 squares has 0.85


def test_grab_cut_takes_the_thing_out_of_the_box() -> None:
    picture, truth = disc()
    found = regions.cut_out(picture, (0.1, 0.15, 0.85, 0.9))
    assert set(np.unique(found)) == {0, 1}
    assert agreement(found, truth) > 0.95


@pytest.mark.parametrize(
    ("box", "why"), [((0.2, 0.2, 0.21, 0.9), "too small"), ((0, 0, 1, 1), "covers the whole picture")]
)
def test_boxes_of_no_use_are_refused_in_one_line(box: regions.Box, why: str) -> None:
    with pytest.raises(PictureError, match=why):
        regions.cut_out(disc()[0], box)


@pytest.mark.parametrize("count", [1, 257])
def test_counts_out_of_range_are_refused(count: int) -> None:
    for find in (regions.superpixels, regions.colour_regions):
        with pytest.raises(PictureError, match="2 to 256"):
            find(quarters()[0], count)


def test_real_photos_give_regions_of_every_kind(samples: list[Path]) -> None:
    picture = reduced(square_crop(read_image(samples[0])), regions.WORK_SIDE)
    for found in (regions.superpixels(picture, 12), regions.colour_regions(picture, 6)):
        assert found.shape == picture.shape[:2]
        assert len(np.unique(regions.to_cells(found, 256))) >= 4


def test_cells_take_the_label_that_covers_most_of_them() -> None:
    labels = np.zeros((32, 32), int)
    labels[:16, 6:] = 7
    labels[16:] = 3
    grid = regions.to_cells(labels, 16).reshape(4, 4)
    assert grid.tolist() == [[7 if c else 0 for c in range(4)]] * 2 + [[3] * 4] * 2
    wide = np.concatenate([np.full((32, 8), 9), labels, np.full((32, 8), 9)], axis=1)
    assert np.array_equal(regions.to_cells(wide, 16).reshape(4, 4), grid)
    assert regions.to_cells(np.arange(4).reshape(2, 2), 16).reshape(4, 4)[:, 0].tolist() == [0, 0, 2, 2]


def test_features_of_cells_are_colour_and_place() -> None:
    values = regions.cell_features(quarters(0)[0], 16).reshape(4, 4, 5)
    assert values.shape == (4, 4, 5)
    assert np.allclose(values[0, 0, :3], values[0, 1, :3], atol=0.5)
    assert not np.allclose(values[0, 0, :3], values[3, 0, :3], atol=5)
    assert values[0, 0, 3] < values[3, 0, 3]


def test_pictures_are_reduced_by_their_longer_side() -> None:
    picture = np.zeros((40, 100, 3), np.uint8)
    assert reduced(picture, 50).shape == (20, 50, 3)
    assert reduced(picture, 100) is picture
