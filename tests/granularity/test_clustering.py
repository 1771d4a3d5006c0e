"""The fast clustering against the method as its text has it."""

import numpy as np
import pytest
from numpy.typing import NDArray

from nvg_studio.errors import SequenceError
from nvg_studio.granularity.clustering import cluster, greedy_pairs

FAR = np.float32(1e8)


def plain_clustering(latent: NDArray[np.float32]) -> NDArray[np.int64]:
    """All labels int64 [K + 1, L], one merge after the other over the whole distance matrix."""
    cells = len(latent)
    depth = cells.bit_length() - 1
    clusters = [[cell] for cell in range(cells)]
    raw = {depth: list(range(cells))}
    for level in range(depth - 1, -1, -1):
        means = np.stack([latent[members].mean(axis=0) for members in clusters])
        difference = means[:, None].astype(np.float64) - means
        distances = np.sqrt((difference**2).sum(axis=2)).astype(np.float32)
        np.fill_diagonal(distances, FAR)
        merged = []
        for _ in range(len(clusters) // 2):
            first, second = divmod(int(distances.argmin()), len(clusters))
            merged.append(clusters[first] + clusters[second])
            distances[[first, second], :] = distances[:, [first, second]] = FAR
        clusters = merged
        raw[level] = [0] * cells
        for number, members in enumerate(clusters):
            for cell in members:
                raw[level][cell] = number

    labels = np.zeros((depth + 1, cells), dtype=np.int64)
    for level in range(1, depth + 1):
        keys = sorted(set(zip(labels[level - 1].tolist(), raw[level], strict=True)))
        labels[level] = [keys.index((labels[level - 1, cell], raw[level][cell])) for cell in range(cells)]
    return labels


def exact_latent(seed: int, cells: int, channels: int, steps: int) -> NDArray[np.float32]:
    """Normal numbers in steps of 1 / steps: few bits, so that any order of summing gives the same distances."""
    normal = np.random.default_rng(seed).normal(size=(cells, channels))
    return (np.round(normal * steps) / steps).astype(np.float32)


@pytest.mark.parametrize("cells", [256, 64])
def test_equal_to_the_plain_method_on_a_hundred_latents(cells: int) -> None:
    channels = 32 if cells == 256 else 16
    for seed in range(100):
        latent = exact_latent(seed, cells, channels, steps=16)
        assert np.array_equal(cluster(latent), plain_clustering(latent)), f"latent {seed}"


def test_equal_to_the_plain_method_on_exact_ties() -> None:
    for seed in range(20):
        latent = exact_latent(seed, 64, 3, steps=1)
        assert np.array_equal(cluster(latent), plain_clustering(latent)), f"latent {seed}"


def test_every_cluster_of_a_level_has_the_same_size() -> None:
    labels = cluster(exact_latent(7, 64, 8, steps=16))
    for level in range(7):
        assert np.bincount(labels[level], minlength=1 << level).tolist() == [64 >> level] * (1 << level)
        assert level == 0 or np.array_equal(labels[level] >> 1, labels[level - 1])


def test_pairs_come_closest_first() -> None:
    points = np.array([0.0, 5.0, 0.5, 5.25])
    first, second = greedy_pairs(np.abs(points[:, None] - points).astype(np.float32))
    assert (first.tolist(), second.tolist()) == ([1, 0], [3, 2])


@pytest.mark.parametrize("shape", [(1, 4), (12, 4), (16,)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(SequenceError, match="2\\^K cells"):
        cluster(np.zeros(shape, dtype=np.float32))


def test_a_broken_latent_is_refused() -> None:
    with pytest.raises(SequenceError, match="not finite"):
        cluster(np.full((4, 2), np.nan, dtype=np.float32))
