"""How two sets of pictures compare, by a row of features for each picture: distance, precision, recall, neighbours."""

from typing import NamedTuple

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from sklearn.metrics import pairwise_distances_argmin_min

Features = NDArray[np.floating]
NEIGHBOURS = 3
"""The k of the manifolds, as in the paper that proposed them."""


class Quality(NamedTuple):
    """Shares 0..1: made pictures that look like real ones, and real ones that the made ones cover."""

    precision: float
    recall: float


class Nearest(NamedTuple):
    """For every picture the closest one of another set: its place int64 [n] and its distance float [n]."""

    place: NDArray[np.int64]
    distance: NDArray[np.float64]


def frechet_distance(first: Features, second: Features) -> float:
    """Squared Frechet distance of the normal distributions fitted to features [n, D] and [m, D], n and m at least 2.

    |mean difference|^2 + trace(C1 + C2 - 2 (C1 C2)^(1/2)). Few pictures make it too large, so compare only values of
    equal numbers.
    """
    one, two = first.astype(np.float64), second.astype(np.float64)
    gap = np.square(one.mean(0) - two.mean(0)).sum()
    cov_one, cov_two = (np.atleast_2d(np.cov(some, rowvar=False)) for some in (one, two))
    root = _root(cov_one)
    cross = scipy.linalg.eigvalsh(root @ cov_two @ root).clip(0)  # the eigenvalues of C1 C2
    return float(max(0.0, gap + np.trace(cov_one) + np.trace(cov_two) - 2 * np.sqrt(cross).sum()))


def _root(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    values, vectors = scipy.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(values.clip(0))) @ vectors.T)


def precision_recall(made: Features, real: Features, neighbours: int = NEIGHBOURS) -> Quality:
    """Improved precision and recall (Kynkaanniemi et al. 2019) of features [n, D] against [m, D].

    A set's manifold is a ball about each of its pictures that reaches to its k-th neighbour. n and m exceed k.
    """
    between = cdist(made, real)  # [n, m]
    in_real = (between <= _reach(real, neighbours)).any(1)
    in_made = (between <= _reach(made, neighbours)[:, None]).any(0)
    return Quality(float(in_real.mean()), float(in_made.mean()))


def _reach(features: Features, neighbours: int) -> NDArray[np.float64]:
    """Distance of each picture to its k-th neighbour, float [n]; itself is number 0."""
    return np.partition(cdist(features, features), neighbours, axis=1)[:, neighbours]


def nearest(queries: Features, references: Features) -> Nearest:
    """The closest row of [m, D] to every row of [n, D], by Euclidean distance."""
    index, distance = pairwise_distances_argmin_min(queries.astype(np.float64), references.astype(np.float64))
    return Nearest(np.asarray(index, np.int64), np.asarray(distance, np.float64))
