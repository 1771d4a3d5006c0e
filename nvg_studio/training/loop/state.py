"""The state of a training run on disk, from which it resumes after a kill."""

from pathlib import Path
from typing import Any

import torch

from nvg_studio.atomic import write_atomic
from nvg_studio.model.checkpoint import load_tensors


def save_training_state(state: dict[str, Any], path: Path) -> None:
    """Write a training state atomically: after a kill the old or the new file is there, complete."""
    write_atomic(path, lambda file: torch.save(state, file))


def load_training_state(path: Path) -> dict[str, Any]:
    """Read a training state: tensors, numbers and lists only; raises CheckpointError."""
    return load_tensors(path)
