"""Sequences, locks and strokes for property tests."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from nvg_studio.granularity.hierarchy import labels_to_bits
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence


def random_sequence(seed: int, depth: int, free: bool = False) -> GranularitySequence:
    """A sequence with one token a cluster; a balanced tree, or any tree."""
    generator = np.random.default_rng(seed)
    cells = 1 << depth
    leaves = generator.integers(0, cells, cells) if free else generator.permutation(cells)
    bits = labels_to_bits(leaves, depth)
    tokens = [generator.integers(0, 50, 1 << stage)[leaves >> (depth - stage)] for stage in range(depth + 1)]
    return GranularitySequence(bits, np.stack(tokens))


def random_mask(generator: np.random.Generator, cells: int) -> NDArray[np.bool_]:
    """A set of cells of any size, empty and full ones included."""
    mask: NDArray[np.bool_] = generator.random(cells) < generator.choice([0.0, 0.1, 0.3, 0.6, 1.0])
    return mask


def random_locks(seed: int, depth: int) -> Locks:
    """A few structure and content locks of several lengths."""
    generator = np.random.default_rng(seed)
    locks = Locks.none(1 << depth, depth)
    for _ in range(int(generator.integers(0, 4))):
        locks = locks.with_structure(random_mask(generator, 1 << depth), int(generator.integers(0, depth + 1)))
        locks = locks.with_content(random_mask(generator, 1 << depth), int(generator.integers(0, depth + 2)))
    return locks


depths = st.integers(1, 6)
seeds = st.integers(0, 2**32 - 1)


@st.composite
def sequences(draw: st.DrawFn, free: bool | None = None) -> GranularitySequence:
    """Sequences of 2 to 64 cells; `free` None: balanced or not."""
    return random_sequence(draw(seeds), draw(depths), draw(st.booleans()) if free is None else free)


def same(first: NDArray[Any], second: NDArray[Any], where: NDArray[np.bool_]) -> bool:
    """Whether two arrays agree wherever `where` is true."""
    return bool((first[where] == second[where]).all())
