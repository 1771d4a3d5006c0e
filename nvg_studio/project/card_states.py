"""What became of every stage since the last result, as the cards of the level strip show it."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from nvg_studio.project.document import Snapshot


class State(StrEnum):
    """What became of a stage since the last result: see `card_states`."""

    FRESH = "fresh"
    KEPT = "kept"
    EDITED = "edited"
    STALE = "stale"


@dataclass(frozen=True)
class CardState:
    """State of one stage's card; `locked`: some cell's structure or content is held there."""

    state: State
    locked: bool


def card_states(snapshot: Snapshot) -> tuple[CardState, ...]:
    """The state of every stage 0..K.

    Nothing edited since the last result: all are fresh. Otherwise a stage is edited where its own bits (the last
    level of its labels) or tokens differ from the result's, kept below the lowest such stage, stale above it.
    """
    sequence, result, locks = snapshot.sequence, snapshot.result, snapshot.locks
    edited: NDArray[np.bool_] = np.any(sequence.token_map != result.token_map, axis=1)
    edited[1:] |= np.any(sequence.bits != result.bits, axis=0)
    locked: NDArray[np.bool_] = np.any(locks.tokens, axis=1)
    locked[1:] |= np.any(locks.bits, axis=0)
    lowest = int(edited.argmax())
    return tuple(
        CardState(_state(stage, edited[stage], lowest) if edited.any() else State.FRESH, bool(locked[stage]))
        for stage in range(sequence.depth + 1)
    )


def _state(stage: int, edited: bool, lowest: int) -> State:
    if edited:
        return State.EDITED
    return State.KEPT if stage < lowest else State.STALE
