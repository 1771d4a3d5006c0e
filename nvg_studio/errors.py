"""Everything that can go wrong in a way the user can act on, and `describe`, which puts any exception into words.

Each message is one line: what happened, why, and what to do.

NVGError
├── PictureError      a picture that cannot be read, or is too small or too large
├── SequenceError     arrays that are not a granularity sequence, or an edit that makes no sense on one
├── LockError         an edit that locked cells forbid
├── SettingsError     a generation setting out of range, an unknown class
├── ProjectError      a project file that is damaged, foreign or too new
├── CheckpointError   model files that are missing, truncated, misshapen or unsafe
├── HubError         a model that cannot be fetched, placed or removed
├── TrainingError     a data folder or a training run that cannot go on
├── DeviceError       a device that is absent or out of memory
├── EngineError       the engine process failed or died
└── Cancelled         the user stopped a job; nothing was changed
"""

import traceback
from dataclasses import dataclass

_MEMORY_WORDS = ("out of memory", "can't allocate memory", "not enough memory")


class NVGError(Exception):
    """Base of all errors that are shown to the user as one line."""


class PictureError(NVGError):
    """A picture cannot be read, or its size is out of range."""


class SequenceError(NVGError):
    """Arrays are not a granularity sequence, or an edit does not fit one."""


class LockError(NVGError):
    """Locked cells forbid an edit."""


class SettingsError(NVGError):
    """A generation setting is out of range."""


class ProjectError(NVGError):
    """A project file cannot be read or written."""


class CheckpointError(NVGError):
    """Model files are missing, damaged or do not fit together."""


class HubError(NVGError):
    """A model cannot be fetched, placed or removed."""


class TrainingError(NVGError):
    """Training cannot start or go on."""


class DeviceError(NVGError):
    """A device is absent or out of memory."""


class EngineError(NVGError):
    """The engine process failed or died."""


class Cancelled(NVGError):
    """A job was stopped by the user; nothing was changed."""


@dataclass(frozen=True)
class Description:
    """An exception in words: `text` is one line for the user; `details` a traceback, "" where the line is enough."""

    text: str
    details: str = ""


def describe(error: BaseException, device: str = "") -> Description:
    """What went wrong. `device` is named in messages about memory, if it is known."""
    if isinstance(error, NVGError):
        return Description(" ".join(str(error).split()))
    if is_out_of_memory(error):
        place = f" on {device}" if device else ""
        text = f"Out of memory{place}: make fewer pictures at once, close other programs or take a smaller model."
    elif isinstance(error, OSError):
        text = f"{error.strerror or error}: '{error.filename}'" if error.filename else str(error)
        return Description(" ".join(text.split()))
    else:
        first = (str(error).splitlines() or [""])[0]
        text = f"Internal error ({type(error).__name__}: {first}). Nothing was changed; please report it."
    return Description(text, "".join(traceback.format_exception(error)))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out: Python's, torch's on a GPU (by its name, without torch) or torch's on the CPU."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    return bool(kinds & {"MemoryError", "OutOfMemoryError"}) or (
        isinstance(error, RuntimeError) and any(words in str(error) for words in _MEMORY_WORDS)
    )
