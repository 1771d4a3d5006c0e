"""Decoded pictures of stages: those of one sequence as a value, and a cache of many for as long as there is room."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from nvg_studio.errors import PictureError
from nvg_studio.granularity.sequence import GranularitySequence

Picture = NDArray[np.uint8]
Key = tuple[str, str, int]


@dataclass(frozen=True, eq=False)
class Rendering:
    """What one model makes of one sequence, as far as it was decoded.

    Attributes:
        model: ModelInfo.fingerprint.
        digest: `sequence.digest(K)` of the tokens that were decoded.
        depth: K.
        pictures: uint8 [S, S, 3] by stage, those of 0..K that are known; all of one size, read-only.
    """

    model: str
    digest: str
    depth: int
    pictures: Mapping[int, Picture]

    @classmethod
    def of(cls, model: str, sequence: GranularitySequence, stages: Iterable[Picture]) -> "Rendering":
        """The pictures of all stages, in order; PictureError unless there is one square for each, all of one size."""
        rendering = cls.known(model, sequence, dict(enumerate(stages)))
        if not rendering.complete:
            raise PictureError(f"A complete rendering has {sequence.depth + 1} pictures.")
        return rendering

    @classmethod
    def known(cls, model: str, sequence: GranularitySequence, pictures: Mapping[int, Picture]) -> "Rendering":
        """The pictures of some stages, one at least; PictureError unless they are squares of one size."""
        copies = {stage: np.array(pictures[stage]) for stage in sorted(pictures)}
        shapes = {picture.shape for picture in copies.values()}
        if not copies.keys() <= set(range(sequence.depth + 1)) or len(shapes) != 1 or not _is_square(shapes.pop()):
            raise PictureError(f"A rendering has square RGB pictures of one size, of stages 0 to {sequence.depth}.")
        for picture in copies.values():
            picture.setflags(write=False)
        return cls(model, sequence.digest(sequence.depth), sequence.depth, MappingProxyType(copies))

    @property
    def complete(self) -> bool:
        """Whether all stages are known."""
        return len(self.pictures) == self.depth + 1

    @property
    def stages(self) -> tuple[Picture, ...]:
        """The pictures that are known, in the order of their stages."""
        return tuple(self.pictures.values())

    def shows(self, model: str, sequence: GranularitySequence) -> bool:
        """Whether these are the pictures of that sequence; an empty `model` is any."""
        return model in ("", self.model) and self.digest == sequence.digest(sequence.depth)


class RenderingCache:
    """Pictures of stages by what they depend on: the model, the tokens up to the stage, the stage.

    The least recently used ones go first once `capacity` bytes are full. Not for several threads at once.
    """

    def __init__(self, capacity: int = 32 * 2**20) -> None:
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
