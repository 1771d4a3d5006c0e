"""What the window's process and the engine process say to each other, besides events."""

from dataclasses import dataclass

from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.sampling.events import Picture, Structure
from nvg_studio.sampling.settings import RunRequest


@dataclass(frozen=True, eq=False)
class Job:
    """Base of the messages that ask for work."""

    job: int


@dataclass(frozen=True, eq=False)
class Load(Job):
    """Load the model of a folder."""

    folder: str
    device: str
    dtype: str


@dataclass(frozen=True, eq=False)
class Run(Job):
    """Generate."""

    request: RunRequest


@dataclass(frozen=True, eq=False)
class Encode(Job):
    """Turn uint8 [H, W, 3] into a sequence."""

    image: Picture
    structure: Structure | None = None


@dataclass(frozen=True, eq=False)
class Decode(Job):
    """Draw stages of a sequence; served between the stages of a run."""

    sequence: GranularitySequence
    stages: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Colour(Job):
    """Find the colours of all codes on top of a path."""

    path: tuple[int, ...]


@dataclass(frozen=True)
class Stop:
    """Cancel these jobs."""

    jobs: tuple[int, ...]


@dataclass(frozen=True)
class Started:
    """Answer: the process took up a job."""

    job: int
