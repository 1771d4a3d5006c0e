"""The batched clustering gives what the plain one gives."""

import numpy as np
import pytest
import torch

from nvg_studio.errors import SequenceError
from nvg_studio.granularity.clustering import cluster
from nvg_studio.granularity.halves import halve
from nvg_studio.granularity.structure_method import Halves, Pairs
from nvg_studio.model.clustering import cluster_batch


@pytest.mark.parametrize(("cells", "channels"), [(2, 1), (16, 3), (64, 8), (256, 16)])
def test_same_as_one_by_one(cells: int, channels: int) -> None:
    latents = np.random.default_rng(cells).standard_normal((12, cells, channels)).astype(np.float32)

    maps = cluster_batch(torch.from_numpy(latents), Pairs()).numpy()

    assert maps.dtype == np.int64
    np.testing.assert_array_equal(maps, np.stack([cluster(latent) for latent in latents]))


def test_ties_go_to_the_first_pair_in_row_order() -> None:
    """Whole numbers: many distances are equal, and exactly so in either form."""
    latents = np.random.default_rng(7).integers(0, 2, (40, 64, 3)).astype(np.float32)

    maps = cluster_batch(torch.from_numpy(latents), Pairs()).numpy()

    np.testing.assert_array_equal(maps[:, -1], np.stack([cluster(latent)[-1] for latent in latents]))


def test_equal_cells_still_fall_into_halves() -> None:
    maps = cluster_batch(torch.ones(3, 16, 4), Pairs())

    for level in range(5):
        sizes = maps[0, level].bincount()
        assert sizes.tolist() == [16 >> level] * (1 << level)


def test_what_is_not_finite_is_refused() -> None:
    with pytest.raises(SequenceError, match="not finite"):
        cluster_batch(torch.full((1, 4, 2), torch.nan), Pairs())


@pytest.mark.parametrize(("cells", "channels"), [(2, 1), (8, 2), (16, 3), (64, 8), (256, 32)])
@pytest.mark.parametrize("method", [Halves(), Halves(0.0, 0), Halves(1.5, 2)])
@pytest.mark.parametrize("ties", [False, True])
def test_halves_are_the_same_as_one_by_one(cells: int, channels: int, method: Halves, ties: bool) -> None:
    rng = np.random.default_rng(cells)
    shape = (6, cells, channels)
    latents = rng.integers(0, 2, shape).astype(np.float64) if ties else rng.standard_normal(shape)
    latents[0] = 0.1

    maps = cluster_batch(torch.from_numpy(latents), method).numpy()

    np.testing.assert_array_equal(maps, np.stack([halve(latent, method) for latent in latents]))
