"""What can be exported, and which choices there are: plain values, quick to import."""

from dataclasses import dataclass
from enum import StrEnum

from nvg_studio.errors import SettingsError

MAX_SCALE = 8


class Format(StrEnum):
    """What can be written; PNG is a folder of files, PICTURE one PNG with the work in it."""

    ORA = "ora"
    PSD = "psd"
    TIFF = "tiff"
    PNG = "png"
    STRIP = "strip"
    PICTURE = "picture"
    JPEG = "jpeg"
    WEBP = "webp"


LAYERED = frozenset({Format.ORA, Format.PSD, Format.TIFF})
"""Formats that hold the hidden groups."""


class Part(StrEnum):
    """What a hidden group of a level may hold."""

    PICTURE = "picture"
    RESIDUAL = "residual"
    STRUCTURE = "structure"
    CUTOUTS = "cut-outs"
    LOCKS = "locks"


@dataclass(frozen=True)
class LayerChoice:
    """What to export.

    level       the visible cut-outs are the clusters of this level, 0..K
    groups      levels that get a hidden group each, 0..K
    parts       what is in these groups
    scale       1..8 times the model's resolution; None: the resolution of the base picture
    """

    level: int = 2
    groups: tuple[int, ...] = (1, 2, 3, 4)
    parts: frozenset[Part] = frozenset(Part)
    scale: int | None = None

    def check(self, depth: int) -> None:
        """SettingsError for a level or a scale that does not exist."""
        for level in (self.level, *self.groups):
            if not 0 <= level <= depth:
                raise SettingsError(f"There is no level {level} to export: choose 0 to {depth}.")
        if self.scale is not None and not 1 <= self.scale <= MAX_SCALE:
            raise SettingsError(f"The scale is {self.scale}, but must be 1 to {MAX_SCALE}.")
