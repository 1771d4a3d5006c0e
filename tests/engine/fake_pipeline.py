"""A pipeline without networks, imported by the engine process under test; the seed says how a run behaves."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nvg_studio import errors
from nvg_studio.engine import scripted
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.sampling.events import Event, Picture, Reading, StageDone, Structure
from nvg_studio.sampling.settings import GenerationSettings

FACTORY = f"{__name__}:FakePipeline.from_folder"

FINE, SLOW, DEAF, OOM, CUDA_OOM, BUG, REFUSE, DIE, GRAB, BUSY = range(10)


class OutOfMemoryError(RuntimeError):
    """Named like torch's."""


class FakePipeline:
    """What the engine asks of a pipeline. `last_stages` counts the stages of the last run, as proof that it stopped."""

    def __init__(self, folder: str, device: str, dtype: str) -> None:
        self.info = replace(scripted.SCRIPTED_INFO, folder=folder, device="cpu" if device == "auto" else device)

    @classmethod
    def from_folder(cls, folder: str, device: str = "auto", dtype: str = "auto") -> "FakePipeline":
        name = Path(folder).name
        if name == "missing":
            raise errors.CheckpointError(f"There is no model in {folder}:\nchoose another folder.")
        if name == "crash":
            os._exit(3)
        if name == "once":
            # Loads the first time only: what happens when a model goes away under a running window.
            Path(folder).unlink()
        return cls(folder, device, dtype)

    def read(self, image: Picture, structure: Structure | None = None) -> Reading:
        return scripted.read(image, self.info, structure)

    def decode(self, sequence: GranularitySequence, stage: int | None = None) -> Picture:
        return scripted.draw(sequence, self.info.depth if stage is None else stage, self.info)

    def code_colours(self, path: tuple[int, ...], cancel: Any) -> Picture:
        return scripted.tokens_to_colours(np.array([*path, 7], np.int32))

    def run_from_batch(
        self,
        sequence: GranularitySequence,
        stage: int,
        settings: list[GenerationSettings],
        locks: Locks | None,
        on_event: Callable[[Event], None],
        cancel: Any,
    ) -> list[GranularitySequence]:
        results = [sequence] * len(settings)
        for item, setting in enumerate(settings):
            for done, result in scripted.run_stages(sequence, stage, locks, setting):
                self._behave(setting.seed, done, cancel)
                results[item] = result
                on_event(StageDone(0, item, done, result, self.decode(result, done)))
        return results

    def _behave(self, seed: int, stage: int, cancel: Any) -> None:
        if stage < 2:
            return
        match seed:
            case s if s == SLOW:
                time.sleep(0.2)
                if cancel.is_set():
                    raise errors.Cancelled("stopped")
            case s if s == DEAF:
                time.sleep(600)
            case s if s == GRAB:
                # Holds the interpreter as well, so that not even the mail thread runs.
                sum(range(10**12))
            case s if s == BUSY:
                while True:
                    pass
            case s if s == OOM:
                raise MemoryError
            case s if s == CUDA_OOM:
                raise OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB\nand so on")
            case s if s == BUG:
                raise ZeroDivisionError("a bug\nin two lines")
            case s if s == REFUSE:
                raise errors.LockError("The locks of two cells\ncontradict each other.")
            case s if s == DIE:
                os.kill(os.getpid(), signal.SIGKILL)
