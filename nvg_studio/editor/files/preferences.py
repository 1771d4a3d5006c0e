"""Preferences: what a person chose once and for all, as a value and as a versioned JSON file."""

import json
import logging
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from nvg_studio.atomic import write_atomic
from nvg_studio.editor.choices import Palette
from nvg_studio.granularity.structure_method import HALVES, StructureMethod

VERSION = 1
MAX_BYTES = 1 << 16
THEMES = ("system", "dark", "light")
DEVICES = {"auto": "Automatic", "cpu": "Processor", "cuda": "NVIDIA GPU", "mps": "Apple GPU"}
AUTOSAVE = {5: "After 5 seconds", 15: "After 15 seconds", 60: "After a minute"}
PHOTO_STRUCTURES: dict[str, StructureMethod | None] = {"halves": HALVES, "model": None}
"""How the structure of a photo that is opened is found: by halves, or in the way of the model."""
DTYPES = {"auto": "Automatic", "float32": "float32", "bfloat16": "bfloat16"}
_CHOICES: dict[str, tuple[Any, ...]] = {
    "theme": THEMES,
    "palette": tuple(Palette),
    "device": tuple(DEVICES),
    "dtype": tuple(DTYPES),
    "autosave_s": tuple(AUTOSAVE),
    "photo_structure": tuple(PHOTO_STRUCTURES),
}
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Preferences:
    """`theme`, `palette`, `device`, `dtype`, `photo_structure` (how that of an opened photo is found) and `autosave_s`
    (seconds from a change to its keeping) are one of their choices; `model`: a folder, "" for the shipped one;
    `hint_seen`: the hint for beginners was dismissed; `contiguous`: Fill stops at the edge of the connected region."""

    theme: str = "system"
    palette: Palette = Palette.DISTINCT
    device: str = "auto"
    dtype: str = "auto"
    exact_pixels: bool = True
    contiguous: bool = True
    autosave_s: int = 5
    photo_structure: str = "halves"
    model: str = ""
    hint_seen: bool = False


def read_preferences(path: Path) -> Preferences:
    """The preferences in a file; the default wherever it says nothing that makes sense (or is from a later version)."""
    try:
        with open(path, "rb") as file:
            data = json.loads(file.read(MAX_BYTES))
    except FileNotFoundError:
        return Preferences()
    except (OSError, ValueError, RecursionError) as problem:
        log.warning("The preferences in %s cannot be read: %s", path, problem)
        return Preferences()
    if not isinstance(data, dict) or data.get("version") != VERSION:
        return Preferences()
    defaults = Preferences()
    kept = {f.name: data[f.name] for f in fields(Preferences) if _fits(f.name, data.get(f.name), defaults)}
    if "palette" in kept:
        kept["palette"] = Palette(kept["palette"])
    return replace(defaults, **kept)


def _fits(name: str, value: object, defaults: Preferences) -> bool:
    if name in _CHOICES:
        return isinstance(value, str | int) and value in _CHOICES[name]
    return type(value) is type(getattr(defaults, name))


def write_preferences(path: Path, preferences: Preferences) -> None:
    """Write a file in one step; where the disk refuses, a line in the log: nothing of value is lost."""
    data = json.dumps({"version": VERSION, **vars(preferences)}, indent=2)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, data.encode())
    except OSError as problem:
        log.warning("The preferences cannot be written to %s: %s", path, problem)
