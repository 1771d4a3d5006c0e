"""GranularitySequence: a picture as the generator sees it, an immutable value of a few kilobytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvg_studio.errors import SequenceError
from nvg_studio.granularity.grid import tree_depth
from nvg_studio.granularity.hierarchy import BitArray, IntArray, bits_to_labels, check_stage, labels_to_bits

TokenArray = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class GranularitySequence:
    """Structure and content of all stages (paper section 3.1): the tree and the tokens of one picture.

    Attributes:
        bits: uint8 [L, K], 0 or 1; the path of every cell down the tree; L = 2^K.
        token_map: int32 [K + 1, L], >= 0; the codebook index that a cell carries at every stage.

    The arrays are copied and read-only; two sequences are equal when all their numbers are. Raises SequenceError for
    arrays of another shape, type or range.
    """

    bits: BitArray
    token_map: TokenArray

    def __post_init__(self) -> None:
        bits, token_map = np.asarray(self.bits), np.asarray(self.token_map)
        if bits.ndim != 2 or bits.shape[1] != tree_depth(bits.shape[0]):
            raise SequenceError(f"Bits are an array [2^K, K], one row a cell, not {list(bits.shape)}.")
        if token_map.shape != (bits.shape[1] + 1, bits.shape[0]):
            raise SequenceError(f"Tokens are an array [K + 1, cells], not {list(token_map.shape)}.")
        _check_values("bits", bits, 1)
        _check_values("tokens", token_map, np.iinfo(np.int32).max)
        object.__setattr__(self, "bits", _frozen(bits, np.uint8))
        object.__setattr__(self, "token_map", _frozen(token_map, np.int32))

    @classmethod
    def blank(cls, cells: int, depth: int) -> GranularitySequence:
        """A document before anything is painted: cells in reading order (label K = position), all tokens 0.

        Raises SequenceError unless cells == 2**depth.
        """
        if tree_depth(cells) != depth:
            raise SequenceError(f"{cells} cells make {tree_depth(cells)} levels, not {depth}.")
        return cls(labels_to_bits(np.arange(cells), depth), np.zeros((depth + 1, cells), dtype=np.int32))

    @property
    def cells(self) -> int:
        """L, the number of cells."""
        return int(self.bits.shape[0])

    @property
    def depth(self) -> int:
        """K, the number of levels; stages are 0..K."""
        return int(self.bits.shape[1])

    def labels(self, stage: int) -> IntArray:
        """Cluster of every cell at `stage` (0..K): int64 [L], 0 <= label < 2**stage, read-only."""
        row: IntArray = self._finest >> (self.depth - check_stage(stage, self.depth))
        row.setflags(write=False)
        return row

    @property
    def tokens(self) -> tuple[IntArray, ...]:
        """Tokens by cluster, one int64 [2**stage] a stage, read-only.

        The most frequent token among a cluster's cells, the lowest index on a tie, -1 where a cluster is empty. Found
        anew at every call: histories hold thousands of sequences.
        """
        return tuple(_most_frequent(self.labels(i), self.token_map[i], 1 << i) for i in range(self.depth + 1))

    def digest(self, stage: int | None = None) -> str:
        """SHA-256 (64 hex digits) of all numbers, or of what the picture of `stage` depends on: tokens of stages <= it.

        Equal digests mean equal numbers; use them as keys of caches and files.
        """
        if stage is None:
            return self._digest
        check_stage(stage, self.depth)
        return _sha256(f"picture {stage}", self.token_map[: stage + 1])

    def replace(self, bits: BitArray | None = None, token_map: NDArray[Any] | None = None) -> GranularitySequence:
        """This sequence with other bits or tokens; itself where neither differs."""
        new_bits = self.bits if bits is None else bits
        new_tokens = self.token_map if token_map is None else token_map
        if np.array_equal(new_bits, self.bits) and np.array_equal(new_tokens, self.token_map):
            return self
        return GranularitySequence(new_bits, new_tokens)

    @cached_property
    def _finest(self) -> IntArray:
        """Labels at the last stage; those of the others are their first bits."""
        return bits_to_labels(self.bits, self.depth)

    @cached_property
    def _digest(self) -> str:
        return _sha256("sequence", self.bits, self.token_map)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, GranularitySequence):
            return NotImplemented
        return self is other or (
            np.array_equal(self.bits, other.bits) and np.array_equal(self.token_map, other.token_map)
        )

    def __hash__(self) -> int:
        return hash(self._digest)

    def __repr__(self) -> str:
        return f"GranularitySequence({self.cells} cells, {self.depth} levels, {self._digest[:8]})"

    def __reduce__(self) -> tuple[Any, ...]:
        # Through the constructor, so that arrays that crossed a process border are read-only again.
        return GranularitySequence, (self.bits, self.token_map)


def _check_values(name: str, values: NDArray[Any], highest: int) -> None:
    if values.dtype.kind not in "biu":
        raise SequenceError(f"A sequence's {name} are whole numbers, not {values.dtype}.")
    if not 0 <= int(values.min()) <= int(values.max()) <= highest:
        raise SequenceError(f"A sequence's {name} lie from 0 to {highest}: found {values.min()} to {values.max()}.")


def _frozen(values: NDArray[Any], dtype: type[np.generic]) -> NDArray[Any]:
    """A read-only, contiguous copy."""
    copy: NDArray[Any] = np.array(values, dtype=dtype, order="C")
    copy.setflags(write=False)
    return copy


def _sha256(kind: str, *arrays: NDArray[Any]) -> str:
    digest = hashlib.sha256(kind.encode())
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _most_frequent(labels: IntArray, tokens: TokenArray, clusters: int) -> IntArray:
    """The most frequent token int64 [clusters] of every cluster, the lowest on a tie, -1 where it is empty."""
    order = np.lexsort((tokens, labels))
    label, token = labels[order], tokens[order]
    starts = np.flatnonzero(np.r_[True, (label[1:] != label[:-1]) | (token[1:] != token[:-1])])
    counts = np.diff(np.r_[starts, len(label)])
    # Written from the worst run to the best one, so that the best one stays.
    ranking = np.lexsort((-token[starts], counts))
    result = np.full(clusters, -1, dtype=np.int64)
    result[label[starts][ranking]] = token[starts][ranking]
    result.setflags(write=False)
    return result
