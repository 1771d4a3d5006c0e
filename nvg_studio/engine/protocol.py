"""What the window needs of an engine, wherever it works: in a process of this machine, or from a script in tests."""

from typing import Protocol

from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.sampling.events import Event, Picture, Structure
from nvg_studio.sampling.settings import RunRequest


class Engine(Protocol):
    """What the window needs of an engine. Every call returns at once; answers come from `poll`.

    The calls that ask for work return a job number, which all its events carry.
    """

    def load(self, folder: str, device: str = "auto", dtype: str = "auto") -> int:
        """Load a model: ModelReady. It replaces the one before only when it is loaded."""

    def run(self, request: RunRequest) -> int:
        """Generate: StageDone for every stage and variation, then Done."""

    def encode(self, image: Picture, structure: Structure | None = None) -> int:
        """The sequence of the centre square of uint8 [H, W, 3]: Encoded. Leave the array unchanged from then on.

        structure: the kind of method by which it is clustered (the model's own one where it is of this kind), or its
            very bits uint8 [L, K]; None: by the model's own method.
        """

    def decode(self, sequence: GranularitySequence, stages: tuple[int, ...]) -> int:
        """The pictures of some stages (0..K): Decoded. Served between the stages of a run that is under way."""

    def colours(self, path: tuple[int, ...]) -> int:
        """The colour that every code gives as content of stage len(path), on the tokens `path` of the stages before:
        CodeColours."""

    def cancel(self, job: int | None = None) -> None:
        """Stop a job, or all of them: Cancelled. After this call no other result of it comes, but perhaps Failed."""

    def poll(self) -> list[Event]:
        """What happened since the last call, oldest first; never waits. Call it from a timer."""

    def close(self) -> None:
        """End the process. Nothing may be asked afterwards."""
