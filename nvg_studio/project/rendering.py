"""Decoded pictures of the stages of one sequence, as a value."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from nvg_studio.errors import PictureError
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.ids import UNKNOWN, ModelId, TokenizerId, tokenizer_of

Picture = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Rendering:
    """What one model makes of one sequence, as far as it was decoded.

    Attributes:
        model: that made the pictures.
        digest: `sequence.digest(K)` of the tokens that were decoded.
        depth: K.
        pictures: uint8 [S, S, 3] by stage, those of 0..K that are known; all of one size, read-only.
    """

    model: ModelId
    digest: str
    depth: int
    pictures: Mapping[int, Picture]

    @classmethod
    def of(cls, model: ModelId, sequence: GranularitySequence, stages: Iterable[Picture]) -> "Rendering":
        """The pictures of all stages, in order; PictureError unless there is one square for each, all of one size."""
        rendering = cls.known(model, sequence, dict(enumerate(stages)))
        if not rendering.complete:
            raise PictureError(f"A complete rendering has {sequence.depth + 1} pictures.")
        return rendering

    @classmethod
    def known(cls, model: ModelId, sequence: GranularitySequence, pictures: Mapping[int, Picture]) -> "Rendering":
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

    def shows(self, tokenizer: TokenizerId, sequence: GranularitySequence) -> bool:
        """Whether these are the pictures of that sequence of that tokenizer; UNKNOWN is any."""
        return tokenizer in (UNKNOWN, tokenizer_of(self.model)) and self.digest == sequence.digest(sequence.depth)


def _is_square(shape: tuple[int, ...]) -> bool:
    return len(shape) == 3 and shape[0] == shape[1] and shape[2] == 3
