"""Trees and masks that painters make, put into the training data: moved cuts and blobs of held cells."""

import numpy as np
from numpy.typing import NDArray

from nvg_studio.granularity.halves import CellProducts, cell_products, is_darker, split_in_halves
from nvg_studio.granularity.hierarchy import bits_to_labels, split
from nvg_studio.granularity.structure_method import Halves, StructureMethod

FloatArray = NDArray[np.float32]
BitArray = NDArray[np.uint8]
BoolArray = NDArray[np.bool_]

SMALLEST_SHARE = 0.12
"""A moved cut leaves at least this share of a node to either child."""
POWER_STEPS = 4


def move_cut(bits: BitArray, latent: FloatArray, rng: np.random.Generator, method: StructureMethod) -> BitArray:
    """An unbalanced tree: the cut of one random node is moved, and everything below it split again.

    Cells are ordered by their distances to the means of the two children, so the cut stays a sensible one.

    Args:
        bits: uint8 [L, K], a balanced tree.
        latent: float32 [L, C], what the tree was made from.
        method: how it was made; the node and everything below it are numbered, and split again, in the same way.

    Returns:
        uint8 [L, K].
    """
    depth = bits.shape[1]
    level = int(rng.integers(depth - 2))
    node = bits_to_labels(bits, level) == rng.integers(1 << level)
    cells = np.flatnonzero(node)
    ones = bits[cells, level] == 1
    if isinstance(method, Halves):
        within = cell_products(latent, method).of(cells)
        moved = bits.copy()
        moved[cells, level] = _moved_half(within, ones, rng)
        return _halved_again(moved, within, level + 1, cells)
    to_zero = np.linalg.norm(latent[cells] - latent[cells[~ones]].mean(0), axis=1)
    to_one = np.linalg.norm(latent[cells] - latent[cells[ones]].mean(0), axis=1)
    count = _moved_count(len(cells), rng)
    moved = bits.copy()
    moved[cells, level] = 0
    moved[cells[np.argsort(to_one - to_zero, kind="stable")[:count]], level] = 1
    return resplit(moved, latent, level + 1, node)


def _moved_count(cells: int, rng: np.random.Generator) -> int:
    return round(rng.uniform(SMALLEST_SHARE, 1 - SMALLEST_SHARE) * cells)


def _moved_half(within: CellProducts, ones: BoolArray, rng: np.random.Generator) -> BitArray:
    """Bits uint8 [m] of a node's cells whose halves were `ones` and the others; the brighter part is child 1."""
    place = within.products @ (2.0 * ones - 1)  # halves of equal size: along the difference of their means
    part = np.zeros(len(ones), np.bool_)
    part[np.argsort(-place, kind="stable")[: _moved_count(len(ones), rng)]] = True
    return (part ^ is_darker(part, within.brightness)).astype(np.uint8)


def _halved_again(bits: BitArray, within: CellProducts, first: int, cells: NDArray[np.int64]) -> BitArray:
    """Split the given cells again at levels `first`..K-1 by halves; a single cell takes turn 0."""
    result = bits.copy()
    for level in range(first, bits.shape[1]):
        result[cells, level] = split_in_halves(within, bits_to_labels(result[cells], level))
    return result


def resplit(bits: BitArray, latent: FloatArray, first: int, cells: BoolArray) -> BitArray:
    """Split the given cells again at levels `first`..K-1, every cluster in halves across its widest direction."""
    result = bits.copy()
    for level in range(first, bits.shape[1]):
        labels = bits_to_labels(result, level)
        found = split(_widest_direction(latent, labels), labels)
        found = _tighter_child_first(found, latent, labels)
        result[cells, level] = found[cells]
    return result


def _widest_direction(latent: FloatArray, labels: NDArray[np.int64]) -> FloatArray:
    """Every cell's place float32 [L] along the first principal axis of its cluster, by power iteration."""
    member = (labels[:, None] == np.arange(labels.max() + 1)).astype(np.float32)  # [L, n]
    sizes = np.maximum(member.sum(0), 1)[:, None]
    centred = latent - (member.T @ latent / sizes)[labels]
    # Start from each cluster's farthest cell: never orthogonal to the widest direction in practice.
    spread = np.square(centred).sum(1)
    axis = centred[(member * spread[:, None]).argmax(0)]  # [n, C]
    for _ in range(POWER_STEPS):
        place = (centred * axis[labels]).sum(1)
        axis = member.T @ (centred * place[:, None])
        axis /= np.maximum(np.linalg.norm(axis, axis=1, keepdims=True), 1e-12)
    return np.asarray((centred * axis[labels]).sum(1), np.float32)


def _tighter_child_first(bit: BitArray, latent: FloatArray, labels: NDArray[np.int64]) -> BitArray:
    """Give bit 0 to the child with the smaller inner spread, as the bottom-up clustering does."""
    child = 2 * labels + bit
    member = (child[:, None] == np.arange(2 * (labels.max() + 1))).astype(np.float32)
    sizes = np.maximum(member.sum(0), 1)
    means = member.T @ latent / sizes[:, None]
    spread = member.T @ np.square(latent - means[child]).sum(1) / sizes
    swap = (spread[1::2] < spread[0::2]) & (member.sum(0).reshape(-1, 2).min(1) > 0)
    return np.where(swap[labels], 1 - bit, bit).astype(np.uint8)


def random_blob(grid: int, rng: np.random.Generator) -> BoolArray:
    """A connected-looking patch of cells, bool [L]: an ellipse with a wavy edge, or everything outside of one."""
    rows, columns = np.divmod(np.arange(grid * grid), grid)
    centre = rng.uniform(0, grid, 2)
    y, x = rows - centre[0], columns - centre[1]
    angle = np.arctan2(y, x)
    waves = 1 + 0.25 * np.sin(rng.integers(2, 6) * angle + rng.uniform(0, 2 * np.pi))
    radius = grid * rng.uniform(0.12, 0.5) * waves
    stretch = rng.uniform(0.6, 1.6)
    inside = np.hypot(y * stretch, x / stretch) < radius
    return inside if rng.random() < 0.7 else ~inside
