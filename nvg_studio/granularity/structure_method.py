"""How the structure of a picture is found: the paper's pairs, or balanced halves; as values that a model names."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class Pairs:
    """Bottom-up: the nearest cells are paired, pairs with pairs (paper section 3.1)."""


@dataclass(frozen=True)
class Halves:
    """Top-down: every node is cut in two halves of equal size, across its widest direction (a step beyond the paper).

    The features of a cell are its latent, divided by the deviation of the whole latent and smoothed `smoothing` times
    over the grid (3 x 3, 1-2-1), and its row and column in -1..1 times `position_weight`.
    """

    position_weight: float = 1.0
    smoothing: int = 1


StructureMethod = Pairs | Halves

PAIRS, HALVES = Pairs(), Halves()


class MethodName(StrEnum):
    """The kinds of methods, for command lines and `config.json`."""

    PAIRS = "pairs"
    HALVES = "halves"


METHODS: dict[str, StructureMethod] = {MethodName.PAIRS: PAIRS, MethodName.HALVES: HALVES}
"""By the names of the command line and of `config.json`."""


def of_kind(wanted: StructureMethod, own: StructureMethod) -> StructureMethod:
    """The wanted method; where a model's `own` one is of this kind, that with its own numbers."""
    return own if type(wanted) is type(own) else wanted


def method_name(method: StructureMethod) -> str:
    """The name of a method, whatever its numbers are."""
    return next(str(name) for name, known in METHODS.items() if type(known) is type(method))
