"""The precision of a training's steps: the requested one, or the faster one on this machine.

Which is faster differs between processors: the first steps of a run take turns and are timed.
"""

import argparse
from collections.abc import Sequence

import torch

from nvg_studio.sampling.precision import AUTO, DTYPES, RULES, Precision, Rules, rules_for
from nvg_studio.training.loop import devices

WARM_UP_TURNS, TIMED_TURNS = 1, 4
"""Libraries set themselves up in the first step of every precision; of the others the quickest counts, since other
programs may slow some of them down."""


class PrecisionChoice:
    """Which precision each step computes in: the candidates in turn, later the fastest. All processes choose alike."""

    def __init__(self, candidates: Sequence[Precision]) -> None:
        self._candidates = tuple(candidates)
        self._seconds: list[list[float]] = [[] for _ in self._candidates]
        self.chosen: Precision | None = self._candidates[0] if len(self._candidates) == 1 else None

    @property
    def current(self) -> Precision:
        """Of the next step."""
        return self.chosen or self._candidates[self._turn()]

    @property
    def name(self) -> str:
        """Of the chosen one, to be stored; empty before."""
        return self.chosen.name if self.chosen else ""

    def restore(self, name: str) -> None:
        """Resume with the choice of an earlier part of the run; a requested precision stays."""
        if self.chosen is None:
            self.chosen = next((one for one in self._candidates if one.name == name), None)

    def add(self, seconds: float) -> str | None:
        """Note the duration of the step; a line for people where that settles the choice."""
        if self.chosen is not None:
            return None
        self._seconds[self._turn()].append(seconds)
        if len(self._seconds[-1]) < WARM_UP_TURNS + TIMED_TURNS:
            return None
        quickest = [min(each[WARM_UP_TURNS:]) for each in self._seconds]
        totals = devices.summed(torch.tensor(quickest, dtype=torch.float64)).tolist()
        self.chosen = self._candidates[totals.index(min(totals))]
        times = ", ".join(f"{one.name} {s:.3g} s" for one, s in zip(self._candidates, quickest, strict=True))
        return f"Precision of this run: {self.chosen.name}, the fastest here (a step in {times})."

    def _turn(self) -> int:
        return sum(map(len, self._seconds)) % len(self._candidates)


def add_precision_options(command: argparse.ArgumentParser) -> None:
    """What the networks are trained in."""
    add = command.add_argument
    add(
        "--precision",
        default=AUTO,
        choices=(AUTO, *DTYPES),
        help="of products (default: bfloat16 on CUDA; elsewhere the first steps are timed and the faster one is taken)",
    )
    add("--rules", choices=tuple(RULES), help="train by the precision rules of this kind of device, to try them out")


def chosen_rules(options: argparse.Namespace, device: torch.device) -> Rules:
    """The rules that the options and the device give."""
    return rules_for(device, options.rules)
