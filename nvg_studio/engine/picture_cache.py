"""Decoded pictures of stages, kept for as long as there is room. No torch here."""

from collections import OrderedDict

import numpy as np

from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.ids import ModelId
from nvg_studio.sampling.events import Picture

Key = tuple[ModelId, str, int]


class RenderingCache:
    """Pictures of stages by what they depend on: the model, the tokens up to the stage, the stage.

    The least recently used ones go first once `capacity` bytes are full. Not for several threads at once.
    """

    def __init__(self, capacity: int = 32 * 2**20) -> None:
        self._capacity = capacity
        self._pictures: OrderedDict[Key, Picture] = OrderedDict()
        self._bytes = 0

    def get(self, model: ModelId, sequence: GranularitySequence, stage: int) -> Picture | None:
        """The picture uint8 [S, S, 3] of a stage, read-only, or None."""
        key = _key(model, sequence, stage)
        if key in self._pictures:
            self._pictures.move_to_end(key)
        return self._pictures.get(key)

    def put(self, model: ModelId, sequence: GranularitySequence, stage: int, picture: Picture) -> None:
        """Keep a picture; a copy is made, and the one that was there before is replaced."""
        key = _key(model, sequence, stage)
        old = self._pictures.pop(key, None)
        copy = np.array(picture)
        copy.setflags(write=False)
        self._pictures[key] = copy
        self._bytes += copy.nbytes - (old.nbytes if old is not None else 0)
        while self._bytes > self._capacity:
            _, dropped = self._pictures.popitem(last=False)
            self._bytes -= dropped.nbytes

    def __len__(self) -> int:
        return len(self._pictures)


def _key(model: ModelId, sequence: GranularitySequence, stage: int) -> Key:
    return model, sequence.digest(stage), stage
