"""Preferences: what the user chose for all documents, as a value and as a versioned JSON file."""

import json
import logging
from collections.abc import Callable, Container
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    ConfigDict,
    Strict,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
)
from pydantic.dataclasses import dataclass

from nvg_studio.atomic import write_atomic
from nvg_studio.editor.choices import Palette
from nvg_studio.granularity.structure_method import HALVES, StructureMethod

VERSION = 1
MAX_BYTES = 1 << 16
THEMES = ("system", "dark", "light")
DEVICES = {"auto": "Automatic", "cpu": "Processor", "cuda": "NVIDIA GPU", "mps": "Apple GPU"}
AUTOSAVE = {5: "After 5 seconds", 15: "After 15 seconds", 60: "After a minute"}
PHOTO_STRUCTURES: dict[str, StructureMethod | None] = {"halves": HALVES, "model": None}
"""How the structure of an opened photo is found: by halves, or by the model's own method."""
DTYPES = {"auto": "Automatic", "float32": "float32", "bfloat16": "bfloat16"}
T = TypeVar("T")
log = logging.getLogger(__name__)


def _one_of(values: Container[object]) -> Callable[[T], T]:
    def check(value: T) -> T:
        if value not in values:
            raise ValueError("not one of the choices")
        return value

    return check


def _default_where_invalid(value: Any, validate: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    """Every field by itself: one that is invalid (of a later version, edited by hand) does not reset the others."""
    assert info.field_name is not None
    try:
        return validate(value)
    except ValidationError:
        return Preferences.__dataclass_fields__[info.field_name].default


@dataclass(frozen=True, config=ConfigDict(extra="ignore", strict=True))
class Preferences:
    """What the user chose for all documents; each value is valid.

    `theme`, `palette`, `device`, `dtype`, `photo_structure` (how the structure of an opened photo is found) and
    `autosave_s` (seconds from a change to its autosave) are one of their choices; `model`: a folder, "" for the shipped
    one; `hint_seen`: the hint for beginners was dismissed; `contiguous`: Fill stops at the edge of the connected
    region.
    """

    theme: Annotated[str, AfterValidator(_one_of(THEMES))] = "system"
    palette: Annotated[Palette, Strict(False)] = Palette.DISTINCT
    device: Annotated[str, AfterValidator(_one_of(DEVICES))] = "auto"
    dtype: Annotated[str, AfterValidator(_one_of(DTYPES))] = "auto"
    exact_pixels: bool = True
    contiguous: bool = True
    autosave_s: Annotated[int, AfterValidator(_one_of(AUTOSAVE))] = 5
    photo_structure: Annotated[str, AfterValidator(_one_of(PHOTO_STRUCTURES))] = "halves"
    model: str = ""
    hint_seen: bool = False

    _fallback = field_validator("*", mode="wrap")(_default_where_invalid)


def read_preferences(path: Path) -> Preferences:
    """The preferences in a file; the default of every field that is missing or invalid, or of a later version."""
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
    return Preferences(**data)


def write_preferences(path: Path, preferences: Preferences) -> None:
    """Write a file in one step; where the disk refuses, a line in the log: nothing of value is lost."""
    data = json.dumps({"version": VERSION, **asdict(preferences)}, indent=2)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, data.encode())
    except OSError as problem:
        log.warning("The preferences cannot be written to %s: %s", path, problem)
