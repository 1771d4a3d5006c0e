"""Structure transfer: the layout of one picture for another."""

import numpy as np
from numpy.typing import ArrayLike

from nvg_studio.errors import SequenceError
from nvg_studio.granularity.grid import BoolArray, cell_mask
from nvg_studio.granularity.hierarchy import BitArray, check_stage
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.moves import check_same_grid, forbidden, locks_for
from nvg_studio.granularity.sequence import GranularitySequence


def transfer(
    target: GranularitySequence,
    source: GranularitySequence,
    levels: tuple[int, int] = (1, 4),
    mask: ArrayLike | None = None,
    content_stages: int = 0,
    locks: Locks | None = None,
    same_numbering: bool = False,
) -> GranularitySequence:
    """Take over the structure of some levels from another sequence, and the content of the first stages on request.

    With a mask, the two children of every node of the source are exchanged, from the top down, where that raises the
    number of masked cells that keep their cluster: foreign labels land on their counterparts.

    Args:
        target: the sequence to change.
        source: where the structure comes from; same grid.
        levels: first and last level, 1 <= first <= last <= K.
        mask: cells to change (bool [L], or positions); None: the whole picture.
        content_stages: take tokens of stages 0..content_stages - 1 too (0..K + 1). The other tokens stay, stale.
        locks: cells whose locked bits would change are left alone; locked tokens stay.
        same_numbering: both structures are numbered by what they mean, as halves are: nothing is exchanged.

    Raises:
        SequenceError: another grid, no such levels, stages or cells.
    """
    check_same_grid(target, source)
    first = check_stage(levels[0], target.depth, "level", lowest=1)
    last = check_stage(levels[1], target.depth, "level", lowest=first)
    if not 0 <= content_stages <= target.depth + 1:
        raise SequenceError(f"Cannot take {content_stages} stages of content: choose 0 to {target.depth + 1}.")
    held = locks_for(target, locks)
    cells = np.ones(target.cells, dtype=np.bool_) if mask is None else cell_mask(mask, target.cells)
    foreign = source.bits if mask is None or same_numbering else _aligned(target, source, first, last, cells)

    wanted = target.bits.copy()
    wanted[cells, first - 1 : last] = foreign[cells, first - 1 : last]
    cells = cells & ~forbidden(target, wanted, held)
    bits = np.where(cells[:, None], wanted, target.bits)
    token_map = target.token_map.copy()
    tokens = cells & ~held.tokens
    tokens[content_stages:] = False
    token_map[tokens] = source.token_map[tokens]
    return target.replace(bits, token_map)


def _aligned(
    target: GranularitySequence, source: GranularitySequence, first: int, last: int, cells: BoolArray
) -> BitArray:
    """The source's bits uint8 [L, K] with children exchanged towards the target's clusters on `cells`.

    Greedy from the top: at every node the cells that have followed the target so far vote for their own child.
    """
    bits = source.bits.copy()
    common = cells.copy()
    for level in range(first, last + 1):
        column = level - 1
        own = target.bits[:, column]
        nodes = source.labels(column)
        vote = np.where(bits[:, column] == own, 1.0, -1.0) * common
        exchanged = np.bincount(nodes, weights=vote, minlength=1 << column) < 0
        bits[:, column] ^= exchanged[nodes]
        common &= bits[:, column] == own
    return bits
