"""manifest.json of a project file: its exact shape, checked by pydantic. Version 3; see docs/format.md.

Values are taken as they are (`strict`): no text becomes a number, no unknown key is passed over.
"""

from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from nvg_studio.errors import ProjectError

SCHEMA_VERSION: Final = 3
MAX_TEXT = 1000
MAX_STEPS = 4096
MAX_PENDING = 512

Text = Annotated[str, StringConstraints(max_length=MAX_TEXT)]
Key = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
Index = Annotated[int, Field(ge=0, lt=4 * MAX_STEPS)]
Stage = Annotated[int, Field(ge=0, le=20)]
Settings = Annotated[tuple[dict[str, Any], ...], Field(min_length=1, max_length=256)]


class Record(BaseModel):
    """Base of everything that a manifest holds."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class NameRecord(Record):
    """The name of a cluster."""

    stage: Stage
    cluster: Annotated[int, Field(ge=0, lt=2**20)]
    name: Text


Names = Annotated[tuple[NameRecord, ...], Field(max_length=2**16)]


class RequestRecord(Record):
    """A run; `sequence` and `locks` are positions in the arrays of history.npz."""

    stage: Stage
    model: Text
    device: Text
    dtype: Text
    settings: Settings
    sequence: Index
    locks: Index | None


class LayoutRecord(Record):
    """What was laid out since the last result, for the next run to follow."""

    levels: Stage
    stages: Stage


class StepRecord(Record):
    """A step of the history; `sequence`, `result` and `locks` are positions in the arrays of history.npz.

    `held_levels` is missing (None) in files from before painted levels were held.
    """

    title: Text
    model: Text
    base: Key
    names: Names
    sequence: Index
    result: Index
    locks: Index
    request: RequestRecord | None
    layout: LayoutRecord | None
    held_levels: Stage | None = None


class PendingRecord(Record):
    """A result that waits; `started`: its run's step, by its position, or whole where the history has it no more."""

    title: Text
    starred: bool
    picture: Key
    sequence: Index
    request: RequestRecord
    started: Index | StepRecord | None


class RenderingRecord(Record):
    """The pictures of the current step's stages that are known, and the model that made them."""

    model: Text
    stages: Annotated[tuple[Stage, ...], Field(min_length=1, max_length=21)]


class Manifest(Record):
    """All of manifest.json; `settings` is missing (None) in files from before they belonged to the document."""

    schema_version: Literal[3]
    application: Text
    model_name: Text
    current: Index
    steps: Annotated[tuple[StepRecord, ...], Field(min_length=1, max_length=MAX_STEPS)]
    made: Annotated[tuple[PendingRecord, ...], Field(max_length=MAX_PENDING)]
    rendering: RenderingRecord | None
    reference: bool
    thumbnails: bool
    settings: dict[str, Any] | None = None

    @property
    def picture_keys(self) -> frozenset[str]:
        """Keys of all base pictures and of the pictures of waiting results."""
        return frozenset({step.base for step in self.steps} | {made.picture for made in self.made})


class Versioned(BaseModel):
    """The one key that manifests of all versions have."""

    model_config = ConfigDict(strict=True)

    schema_version: Annotated[int, Field(ge=1)]


Model = TypeVar("Model", bound=BaseModel)


def parse(model: type[Model], content: bytes) -> Model:
    """A checked value from JSON; ProjectError names the first thing that is wrong."""
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])[:80]
        where = f" at {place!r}" if place else ""
        raise ProjectError(f"its manifest is wrong{where}: {first['msg'][:200]}") from None


def clean(text: str) -> str:
    """A text that a manifest can hold: valid Unicode, not too long."""
    return text.encode("utf-8", "replace").decode()[:MAX_TEXT]
