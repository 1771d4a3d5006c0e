"""When a training stops, and how its learning rate moves.

torch's schedulers count steps; budgets here are of time as well, so that the rate follows the share that is used up.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """When to stop and how the learning rate moves: linear warm-up, hold, linear decay to `floor`."""

    steps: int | None
    seconds: float | None
    warmup_steps: int = 100
    hold: float = 0.6
    floor: float = 0.02

    def progress(self, step: int, elapsed: float) -> float:
        """Share of the budget that is used up, 0..1 and beyond."""
        by_steps = step / self.steps if self.steps else 0.0
        by_time = elapsed / self.seconds if self.seconds else 0.0
        return max(by_steps, by_time)

    def factor(self, step: int, progress: float) -> float:
        """Learning rate as a share of its peak."""
        warmup = min(1.0, (step + 1) / self.warmup_steps)
        decay = (1 - progress) / (1 - self.hold) if progress > self.hold else 1.0
        return warmup * max(self.floor, decay)
