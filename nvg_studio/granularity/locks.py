"""Locks: what of a sequence is held, as two prefixes per cell.

Deep tokens mean nothing on other coarse ones, and deep bits nothing under other coarse ones, so a lock always holds
a prefix: the first levels of a cell's path, the first stages of its tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nvg_studio.errors import SequenceError
from nvg_studio.granularity.grid import BoolArray, cell_mask, tree_depth

PrefixArray = NDArray[np.int16]


@dataclass(frozen=True, eq=False)
class Locks:
    """An immutable set of locks on L = 2^K cells.

    Attributes:
        structure: int16 [L], 0..K; how many levels of a cell's bits are held (bits[:, :m]).
        content: int16 [L], 0..K + 1; how many stages of its tokens are held (stages 0..n-1).

    The arrays are copied and read-only; equal when all numbers are. Raises SequenceError for other arrays.
    """

    structure: PrefixArray
    content: PrefixArray

    def __post_init__(self) -> None:
        structure, content = np.asarray(self.structure), np.asarray(self.content)
        depth = tree_depth(structure.size)
        for name, values, highest in (("structure", structure, depth), ("content", content, depth + 1)):
            if values.shape != (1 << depth,) or values.dtype.kind not in "iu":
                raise SequenceError(f"The {name} locks are one whole number for each of the {1 << depth} cells.")
            if not 0 <= int(values.min()) <= int(values.max()) <= highest:
                raise SequenceError(f"The {name} locks lie from 0 to {highest}: found {values.min()}..{values.max()}.")
            frozen = values.astype(np.int16)
            frozen.setflags(write=False)
            object.__setattr__(self, name, frozen)

    @classmethod
    def none(cls, cells: int, depth: int) -> Locks:
        """No locks on `cells` cells; SequenceError unless cells == 2**depth."""
        if tree_depth(cells) != depth:
            raise SequenceError(f"{cells} cells make {tree_depth(cells)} levels, not {depth}.")
        return cls(np.zeros(cells, dtype=np.int16), np.zeros(cells, dtype=np.int16))

    @property
    def cells(self) -> int:
        """L, the number of cells."""
        return len(self.structure)

    @property
    def depth(self) -> int:
        """K, the number of levels."""
        return tree_depth(self.cells)

    def with_structure(self, mask: ArrayLike, levels: int) -> Locks:
        """These locks and, on the cells of `mask` (bool [L] or positions), the first `levels` (0..K) bits.

        A lock that already holds more stays as it is.
        """
        return Locks(self._raised(self.structure, mask, levels, self.depth, "levels"), self.content)

    def with_content(self, mask: ArrayLike, stages: int | None = None) -> Locks:
        """These locks and, on the cells of `mask`, the tokens of the first `stages` (0..K + 1) stages; None: all."""
        count = self.depth + 1 if stages is None else stages
        return Locks(self.structure, self._raised(self.content, mask, count, self.depth + 1, "stages"))

    def without_structure(self, mask: ArrayLike) -> Locks:
        """These locks without any held bits on the cells of `mask`."""
        return Locks(np.where(cell_mask(mask, self.cells), 0, self.structure), self.content)

    def without_content(self, mask: ArrayLike) -> Locks:
        """These locks without any held tokens on the cells of `mask`."""
        return Locks(self.structure, np.where(cell_mask(mask, self.cells), 0, self.content))

    def without(self, mask: ArrayLike) -> Locks:
        """These locks without those on the cells of `mask`."""
        return self.without_structure(mask).without_content(mask)

    @property
    def bits(self) -> BoolArray:
        """Which bits are held: bool [L, K], read-only."""
        held: BoolArray = np.arange(self.depth) < self.structure[:, None]
        held.setflags(write=False)
        return held

    @property
    def tokens(self) -> BoolArray:
        """Which tokens are held: bool [K + 1, L], read-only."""
        held: BoolArray = np.arange(self.depth + 1)[:, None] < self.content
        held.setflags(write=False)
        return held

    @cached_property
    def region(self) -> BoolArray:
        """Cells held entirely, all levels and all stages: bool [L], read-only; the mask of exact pixels."""
        held: BoolArray = (self.structure == self.depth) & (self.content == self.depth + 1)
        held.setflags(write=False)
        return held

    @property
    def any(self) -> bool:
        """Whether anything is held."""
        return bool(self.structure.any() or self.content.any())

    def __or__(self, other: Locks) -> Locks:
        """Everything that either of the two holds."""
        if self.cells != other.cells:
            raise SequenceError(f"Locks on {self.cells} cells do not go with locks on {other.cells}.")
        return Locks(np.maximum(self.structure, other.structure), np.maximum(self.content, other.content))

    def _raised(self, values: PrefixArray, mask: ArrayLike, count: int, highest: int, name: str) -> NDArray[Any]:
        if not 0 <= count <= highest:
            raise SequenceError(f"Cannot lock {count} {name}: choose 0 to {highest}.")
        return np.where(cell_mask(mask, self.cells), np.maximum(values, count), values)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Locks):
            return NotImplemented
        return np.array_equal(self.structure, other.structure) and np.array_equal(self.content, other.content)

    def __hash__(self) -> int:
        return hash((self.structure.tobytes(), self.content.tobytes()))

    def __repr__(self) -> str:
        held, kept = int((self.structure > 0).sum()), int((self.content > 0).sum())
        return f"Locks({self.cells} cells, structure of {held} held, content of {kept} held)"

    def __reduce__(self) -> tuple[Any, ...]:
        # Through the constructor, so that arrays that crossed a process border are read-only again.
        return Locks, (self.structure, self.content)
