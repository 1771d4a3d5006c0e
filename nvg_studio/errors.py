"""Everything that can go wrong in a way the user can act on.

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
