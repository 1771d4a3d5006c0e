"""How long a run will take, from the times that its stages took before. Values and pure functions, no Qt."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Key = tuple[int, int]
"""Stage, and structure steps: what a stage's time depends on, on one model and device."""


@dataclass(frozen=True)
class StageTimes:
    """Seconds that a stage took for one picture, by stage and structure steps."""

    seconds: Mapping[Key, float] = field(default_factory=dict)

    def measured(self, stage: int, steps: int, seconds: float, pictures: int) -> "StageTimes":
        """These times and a new measurement, of `pictures` in one batch; it replaces an older one."""
        return StageTimes({**self.seconds, (stage, steps): seconds / pictures})

    def expected(self, start: int, depth: int, steps: int, pictures: int) -> float | None:
        """Seconds of a run of stages `start`..`depth`; None while a stage was never measured.

        Structure steps that were not tried yet are taken from the nearest number of steps that was.
        """
        times = [self._nearest(stage, steps) for stage in range(start, depth + 1)]
        known = [time for time in times if time is not None]
        return sum(known) * pictures if len(known) == len(times) else None

    def _nearest(self, stage: int, steps: int) -> float | None:
        tried = [other for number, other in self.seconds if number == stage]
        if not tried:
            return None
        return self.seconds[stage, min(tried, key=lambda other: abs(other - steps))]


def duration_text(seconds: float) -> str:
    """A duration as text: "0.4 s", "12 s", "3 min"."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
