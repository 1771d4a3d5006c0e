"""What the engine answers: a stream of small frozen values with numpy arrays inside. No torch here.

`job` is the number that the engine returned for the request. One job gives any number of StageDone and then
exactly one of ModelReady, Encoded, Decoded, CodeColours, Done, Cancelled or Failed.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from nvg_studio.granularity.hierarchy import BitArray
from nvg_studio.granularity.structure_method import StructureMethod

if TYPE_CHECKING:
    from nvg_studio.granularity.sequence import GranularitySequence
    from nvg_studio.sampling.settings import ModelInfo

Picture = npt.NDArray[np.uint8]
"""uint8 [height, width, 3], RGB."""
Structure = StructureMethod | BitArray
"""Where the structure of a picture comes from: it is found there by a method, or given as bits uint8 [L, K]."""


class Reading(NamedTuple):
    """What a tokenizer sees in a picture."""

    sequence: "GranularitySequence"
    brightness: npt.NDArray[np.float32]
    """[L], the mean of the latent over its channels: of two balanced halves the brighter one is child 1."""


@dataclass(frozen=True, eq=False)
class Event:
    """Base of all events; compared by identity, because they carry arrays."""

    job: int


@dataclass(frozen=True, eq=False)
class ModelReady(Event):
    """A model is loaded. Comes again, with the same number, when the engine had to be restarted."""

    info: "ModelInfo"


@dataclass(frozen=True, eq=False)
class Encoded(Event):
    """A picture as a sequence, and the brightness float32 [L] of its cells, as of `Reading`."""

    sequence: "GranularitySequence"
    brightness: npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Decoded(Event):
    """The pictures of the requested stages, by stage."""

    pictures: dict[int, Picture]


@dataclass(frozen=True, eq=False)
class CodeColours(Event):
    """What colour each code gives on top of the tokens of a path: uint8 [codes, 3]."""

    colours: Picture


@dataclass(frozen=True, eq=False)
class StageDone(Event):
    """A run finished a stage of one variation: `sequence` is right up to that stage, `preview` its picture, if made.

    `rough`: the picture is the preview decoder's, to look at until the next one comes and for nothing else.
    """

    item: int
    stage: int
    sequence: "GranularitySequence"
    preview: Picture | None
    rough: bool = False


@dataclass(frozen=True, eq=False)
class Done(Event):
    """A run finished: one sequence and one picture for each variation."""

    sequences: tuple["GranularitySequence", ...]
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, eq=False)
class Cancelled(Event):
    """A job was stopped as asked; nothing was changed."""


@dataclass(frozen=True, eq=False)
class Failed(Event):
    """A job failed: one line for the user, and the traceback (or nothing) for a bug report."""

    message: str
    details: str


LAST_EVENTS = (ModelReady, Encoded, Decoded, CodeColours, Done, Cancelled, Failed)
"""The events after which nothing more comes for their job (but see ModelReady)."""
