"""Decoded pictures of stages: those of one sequence as a value, and a cache of many for as long as there is room."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nvg_studio.errors import PictureError
from nvg_studio.granularity.sequence import GranularitySequence

Picture = NDArray[np.uint8]
Key = tuple[str, str, int]


@dataclass(frozen=True, eq=False)
class Rendering:
    """What one model makes of one sequence.

    Attributes:
        model: ModelInfo.fingerprint.
        digest: `sequence.digest(K)` of the tokens that were decoded.
        stages: the picture uint8 [S, S, 3] after every stage 0..K, all of one size, read-only.
    """

    model: str
    digest: str
    stages: tuple[Picture, ...]

    @classmethod
    def of(cls, model: str, sequence: GranularitySequence, stages: Iterable[Picture]) -> "Rendering":
        """The pictures of all stages, in order; PictureError unless there is one square for each, all of one size."""
        pictures = tuple(np.array(picture) for picture in stages)
        shapes = {picture.shape for picture in pictures}
        if len(pictures) != sequence.depth + 1 or len(shapes) != 1 or not _is_square(shapes.pop()):
            raise PictureError(f"A rendering has {sequence.depth + 1} square RGB pictures of one size.")
        for picture in pictures:
            picture.setflags(write=False)
        return cls(model, sequence.digest(sequence.depth), pictures)

    def shows(self, model: str, sequence: GranularitySequence) -> bool:
        """Whether these are the pictures of that sequence; an empty `model` is any."""
        return model in ("", self.model) and self.digest == sequence.digest(sequence.depth)


class RenderingCache:
    """Pictures of stages by what they depend on: the model, the tokens up to the stage, the stage.

    The least recently used ones go first once `capacity` bytes are full. Not for several threads at once.
    """

    def __init__(self, capacity: int = 128 * 2**20) -> None:
        self._capacity = capacity
        self._pictures: OrderedDict[Key, Picture] = OrderedDict()
        self._bytes = 0

    def get(self, model: str, sequence: GranularitySequence, stage: int) -> Picture | None:
        """The picture uint8 [S, S, 3] of a stage, read-only, or None; `model` is a ModelInfo.fingerprint."""
        key = _key(model, sequence, stage)
        if key in self._pictures:
            self._pictures.move_to_end(key)
        return self._pictures.get(key)

    def put(self, model: str, sequence: GranularitySequence, stage: int, picture: Picture) -> None:
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


def _key(model: str, sequence: GranularitySequence, stage: int) -> Key:
    return model, sequence.digest(stage), stage


def _is_square(shape: tuple[int, ...]) -> bool:
    return len(shape) == 3 and shape[0] == shape[1] and shape[2] == 3
