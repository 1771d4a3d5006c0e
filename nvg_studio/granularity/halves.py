"""Balanced halves: a balanced binary tree over the cells of a latent, cut top-down (2-means with equal sizes).

All that a cut depends on are the inner products of the cells' features. They are rounded to whole numbers once, small
enough for every later sum to be exact in float64: the order of channels, the order of summation and the machine then
make no difference, and ties are ties.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nvg_studio.granularity.grid import clustering_depth, grid_shape
from nvg_studio.granularity.hierarchy import BitArray, bits_to_labels
from nvg_studio.granularity.structure_method import Halves

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

UNITS = float(1 << 24)
"""The largest inner product; of 2^12 products, with weights of up to 2^12, sums stay below 2^53."""
AXIS_UNITS = float(1 << 14)
"""The largest entry of a direction on the way to the widest one."""
SMALLEST = 1e-9
"""Features shorter than this, in deviations of the latent, are rounding errors."""
POWER_STEPS = 12
MAX_ROUNDS = 10
"""Of balanced 2-means."""


class CellProducts(NamedTuple):
    """What cuts are made from; all are whole numbers, as float64."""

    products: FloatArray
    """[L, L], inner products of the cells' features, at most `UNITS`."""
    brightness: FloatArray
    """[L], mean over the channels of the latent as it is: what numbers the halves."""

    def of(self, cells: IntArray) -> "CellProducts":
        """Those of some cells alone."""
        return CellProducts(self.products[np.ix_(cells, cells)], self.brightness[cells])


def halve(latent: NDArray[np.floating], method: Halves) -> IntArray:
    """Structure maps of one latent by balanced halves, coarse to fine.

    Child 1 of a node is the half with the larger mean over all channels of the unsmoothed latent. A latent that is the
    same everywhere is cut in reading order; ties go to the lower position.

    Args:
        latent: float [L, C], one vector for every cell, row by row; L a power of two, at least 2.

    Returns:
        int64 [K + 1, L] with K = log2 L; row i holds labels 0 <= label < 2**i, each for L / 2**i cells.

    Raises:
        SequenceError: L is not a power of two, or the latent is not finite.
    """
    depth = clustering_depth(latent)
    found = cell_products(latent, method)
    finest = np.zeros(len(latent), np.int64)
    for _ in range(depth):
        finest = 2 * finest + split_in_halves(found, finest)
    return finest >> np.arange(depth, -1, -1)[:, None]


def cell_products(latent: NDArray[np.floating], method: Halves) -> CellProducts:
    """Inner products of the features of all cells of a latent float [L, C], and their brightness."""
    # Relative to the first cell, a constant is taken away without any rounding, and what is flat is 0.
    raw = latent.astype(np.float64) - latent[:1].astype(np.float64)
    raw -= raw.mean(0)
    variance = float(np.square(raw).mean())
    if not variance > 0:
        return CellProducts(np.zeros((len(raw), len(raw))), np.zeros(len(raw)))
    rows, columns = grid_shape(len(raw))
    smooth = smoothed(raw.reshape(rows, columns, -1), method.smoothing).reshape(raw.shape)
    places = grid_places(rows, columns)
    products = smooth @ smooth.T / variance + method.position_weight**2 * (places @ places.T)
    largest = max(float(products.diagonal().max()), SMALLEST)
    brightness = raw.sum(1) / (raw.shape[1] * np.sqrt(variance))
    return CellProducts(np.round(products * (UNITS / largest)), np.round(brightness * UNITS))


def smoothed(image: FloatArray, times: int) -> FloatArray:
    """An image [h, w, C] smoothed over 3 x 3 neighbours with weights 1-2-1 either way, edges repeated."""
    for _ in range(times):
        image = _smoothed_rows(_smoothed_rows(image).swapaxes(0, 1)).swapaxes(0, 1)
    return image


def _smoothed_rows(image: FloatArray) -> FloatArray:
    padded = np.concatenate([image[:1], image, image[-1:]])
    result: FloatArray = (padded[:-2] + 2 * image + padded[2:]) / 4
    return result


def grid_places(rows: int, columns: int) -> FloatArray:
    """Row and column of every cell in -1..1, float64 [L, 2]."""
    row, column = np.divmod(np.arange(rows * columns), columns)
    sides = np.maximum(np.array([rows, columns]) - 1, 1)
    places: FloatArray = np.stack([row, column], 1) * 2 / sides - 1
    return places


def split_in_halves(found: CellProducts, labels: IntArray) -> IntArray:
    """One level of the tree: the bit int64 [L] of every cell, of clusters of any sizes given by labels int64 [L].

    A cluster of odd size gets one cell more in either child, a single cell bit 0.
    """
    members, inside = _members(labels)
    products = _about_the_mean(found.products[members[:, :, None], members[:, None, :]], inside)
    sizes = inside.sum(1, keepdims=True)
    upper = _cut(_widest_direction(products), inside)
    for _ in range(MAX_ROUNDS):
        ones = upper.sum(1, keepdims=True)
        # Times both sizes, the difference of the halves' means has whole weights.
        toward = np.where(upper, sizes - ones, -ones) * inside
        again = _cut(_times(products, toward), inside)
        if np.array_equal(again, upper):
            break
        upper = again
    bits = np.empty(len(labels), np.int64)
    bits[members[inside]] = (upper ^ _swapped(upper, inside, found.brightness[members]))[inside]
    return bits


def _members(labels: IntArray) -> tuple[IntArray, BoolArray]:
    """Positions int64 [n, m] of the cells of every cluster in rising order, and which of these places are taken."""
    _, cluster, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    inside = np.arange(sizes.max()) < sizes[:, None]
    members = np.zeros(inside.shape, np.int64)
    members[inside] = np.argsort(cluster, kind="stable")
    return members, inside


def _times(products: FloatArray, vectors: NDArray[np.floating | np.integer]) -> FloatArray:
    """Matrices [n, m, m] times vectors [n, m]."""
    return np.asarray((products @ vectors.astype(np.float64)[..., None])[..., 0])


def _about_the_mean(products: FloatArray, inside: BoolArray) -> FloatArray:
    """Inner products [n, m, m] of features about their cluster's mean, whole numbers again; 0 outside."""
    both = inside[:, :, None] & inside[:, None, :]
    sizes = inside.sum(1)[:, None, None]
    means = (products * both).sum(2, keepdims=True) / sizes
    whole = (products * both).sum((1, 2), keepdims=True) / sizes**2
    return np.asarray(np.round(products - (means + means.swapaxes(1, 2)) + whole) * both)


def _widest_direction(products: FloatArray) -> FloatArray:
    """Every cell's place [n, m] along the first principal axis of its cluster, by power iteration."""
    # The cell that is farthest from the mean is never orthogonal to all the others.
    farthest = products.diagonal(axis1=1, axis2=2).argmax(1)
    place: FloatArray = products[np.arange(len(products)), farthest]
    for _ in range(POWER_STEPS):
        peak = np.abs(place).max(1, keepdims=True)
        place = _times(products, np.round(place * (AXIS_UNITS / np.maximum(peak, 1))))
    return place


def _cut(place: FloatArray, inside: BoolArray) -> BoolArray:
    """The half of every cluster, rounded down, with the highest places [n, m]; ties go to the lower position."""
    order = np.argsort(np.where(inside, -place, np.inf), axis=1, kind="stable")
    upper = np.zeros(place.shape, np.bool_)
    chosen = np.arange(place.shape[1]) < inside.sum(1, keepdims=True) // 2
    upper[np.nonzero(chosen)[0], order[chosen]] = True
    return upper


def _swapped(upper: BoolArray, inside: BoolArray, brightness: FloatArray) -> BoolArray:
    """Whether the upper half is child 0, bool [n, 1]: it is darker, or as bright and holds the first cell."""
    ones, sizes = upper.sum(1), inside.sum(1)
    above, whole = (brightness * upper).sum(1), (brightness * inside).sum(1)
    difference = above * (sizes - ones) - (whole - above) * ones
    swapped: BoolArray = (difference < 0) | ((difference == 0) & upper[:, 0])
    return swapped[:, None]


def brighter_second(bits: BitArray, brightness: NDArray[np.floating]) -> BitArray:
    """Bits uint8 [L, K] of the same clusters, numbered like halves: of two children the brighter one is child 1.

    A node with an empty child, or with children that are as bright, stays as it is.

    Args:
        brightness: float [L].
    """
    result = bits.copy()
    # Whole numbers: sums in any order are the same, and what is equally bright is found to be.
    peak = max(float(np.abs(brightness).max(initial=0.0)), SMALLEST)
    bright = np.round(brightness * (UNITS / peak))
    for level in range(bits.shape[1]):
        child = bits_to_labels(bits, level + 1)
        sums = np.bincount(child, bright, 2 << level).reshape(-1, 2)
        sizes = np.bincount(child, minlength=2 << level).reshape(-1, 2)
        swapped = (sums[:, 1] * sizes[:, 0] < sums[:, 0] * sizes[:, 1]) & (sizes.min(1) > 0)
        result[:, level] ^= swapped[child >> 1]
    return result


def is_darker(part: BoolArray, brightness: FloatArray) -> bool:
    """Whether a part bool [m] of a cluster is child 0: darker than the rest, or as bright and with the first cell."""
    return bool(_swapped(part[None], np.ones_like(part)[None], brightness[None])[0, 0])
