"""Cells as a grid: masks and distances."""

import numpy as np
import pytest

from nvg_studio.errors import SequenceError
from nvg_studio.granularity import grid


def test_grids_are_square_or_twice_as_wide() -> None:
    assert grid.grid_shape(256) == (16, 16)
    assert grid.grid_shape(8) == (2, 4)


@pytest.mark.parametrize("cells", [0, 1, 12, 255])
def test_other_numbers_of_cells_are_refused(cells: int) -> None:
    with pytest.raises(SequenceError, match=f"not {cells}"):
        grid.tree_depth(cells)


def test_cells_are_given_as_a_mask_or_as_positions() -> None:
    assert grid.cell_mask([2, 0, 2], 4).tolist() == [True, False, True, False]
    assert grid.cell_mask([], 4).tolist() == [False] * 4
    mask = np.array([True, False, False, True])
    copy = grid.cell_mask(mask, 4)
    copy[:] = False
    assert mask.any(), "the caller's mask must not be shared"
    assert grid.cell_mask(mask.reshape(2, 2), 4).tolist() == mask.tolist()


@pytest.mark.parametrize("cells", [[4], [-1], [0.5], np.zeros(3, dtype=np.bool_)])
def test_cells_outside_the_grid_are_refused(cells: object) -> None:
    with pytest.raises(SequenceError):
        grid.cell_mask(cells, 4)  # type: ignore[arg-type]


def test_distance_from_the_edge_counts_from_the_other_side() -> None:
    mask = np.zeros((4, 4), dtype=np.bool_)
    mask[:, :2] = True
    distance = grid.edge_distance(mask.ravel()).reshape(4, 4)
    assert distance[1].tolist() == [2, 1, 1, 2]
    diagonal = grid.edge_distance(grid.cell_mask([0], 16)).reshape(4, 4)
    assert diagonal[3, 3] == pytest.approx(np.hypot(3, 3))


def test_a_mask_without_an_edge_has_no_distance() -> None:
    assert not grid.edge_distance(np.ones(16, dtype=np.bool_)).any()
    assert not grid.edge_distance(np.zeros(16, dtype=np.bool_)).any()


def test_a_mask_grows_by_its_neighbours_and_not_over_the_edge() -> None:
    mask = np.zeros(64, bool)
    mask[[0, 27]] = True
    assert sorted(np.flatnonzero(grid.grown(mask))) == [0, 1, 8, 9, 18, 19, 20, 26, 27, 28, 34, 35, 36]
    assert not grid.grown(np.zeros(64, bool)).any()
    assert grid.grown(np.ones(64, bool)).all()


def test_a_region_is_connected_over_sides_and_not_over_corners() -> None:
    mask = np.array([[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 0], [1, 0, 0, 0]], np.bool_).reshape(-1)
    assert np.flatnonzero(grid.connected(mask, 0)).tolist() == [0, 1]
    assert np.flatnonzero(grid.connected(mask, 10)).tolist() == [6, 10]
    assert not grid.connected(mask, 2).any()
    assert grid.connected(np.ones(8, np.bool_), 5).all()  # two rows of four
