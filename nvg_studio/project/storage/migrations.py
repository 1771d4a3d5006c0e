"""Manifests and arrays of older project files, brought to the current version step by step."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from nvg_studio.errors import ProjectError
from nvg_studio.project.storage.archive import Arrays
from nvg_studio.project.storage.manifest import (
    MAX_STEPS,
    SCHEMA_VERSION,
    Index,
    Key,
    Manifest,
    Names,
    Record,
    RenderingRecord,
    RequestRecord,
    Settings,
    Stage,
    StepRecord,
    Text,
)


class RequestRecord1(Record):
    """A run in version 1; its arrays are named request_*."""

    stage: Stage
    model: Text
    device: Text
    dtype: Text
    settings: Settings
    locked: bool


class Manifest1(Record):
    """manifest.json of version 1: a single step, its arrays under their own names in sequence.npz."""

    schema_version: Literal[1]
    application: Annotated[str, Field(max_length=1000)]
    title: Text
    model: Text
    base: Key
    names: Names
    request: RequestRecord1 | None


class RenderingRecord2(Record):
    """The pictures of all stages in version 2, and how many there are."""

    model: Text
    stages: Annotated[int, Field(ge=1, le=21)]


class Manifest2(Record):
    """manifest.json of version 2: no results that wait, no thumbnails of steps."""

    schema_version: Literal[2]
    application: Text
    model_name: Text
    current: Index
    steps: Annotated[tuple[StepRecord, ...], Field(min_length=1, max_length=MAX_STEPS)]
    rendering: RenderingRecord2 | None
    reference: bool


def from_version_2(manifest: Manifest2) -> Manifest:
    """The same; nothing waits."""
    old = manifest.rendering
    return Manifest(
        schema_version=SCHEMA_VERSION,
        application=manifest.application,
        model_name=manifest.model_name,
        current=manifest.current,
        steps=manifest.steps,
        made=(),
        rendering=None if old is None else RenderingRecord(model=old.model, stages=tuple(range(old.stages))),
        reference=manifest.reference,
        thumbnails=False,
    )


def from_version_1(manifest: Manifest1, arrays: Arrays) -> tuple[Manifest2, Arrays]:
    """The one step as a history of one; ProjectError where the arrays are not those of version 1."""
    old = manifest.request
    prefixes = ["", "result_"] + (["request_"] if old else [])
    held = ["locks"] + (["request_locks"] if old and old.locked else [])
    expected = {f"{prefix}{name}" for prefix in prefixes for name in ("bits", "token_map")} | set(held)
    if set(arrays) != expected:
        odd = min(set(arrays) ^ expected)
        raise ProjectError(f"the array {odd!r} {'is missing' if odd in expected else 'has no place in it'}")
    request = None
    if old is not None:
        values = old.model_dump(exclude={"locked"})
        request = RequestRecord(**values, sequence=2, locks=1 if old.locked else None)
    step = StepRecord(
        title=manifest.title,
        model=manifest.model,
        base=manifest.base,
        names=manifest.names,
        sequence=0,
        result=1,
        locks=0,
        request=request,
        layout=None,
    )
    return _with_one_step(manifest.application, step), _stacked(arrays, prefixes, held)


def _with_one_step(application: str, step: StepRecord) -> Manifest2:
    return Manifest2(
        schema_version=2,
        application=application,
        model_name="",
        current=0,
        steps=(step,),
        rendering=None,
        reference=False,
    )


def _stacked(arrays: Arrays, prefixes: list[str], held: list[str]) -> Arrays:
    try:
        stacked: Arrays = {
            name: np.stack([arrays[f"{prefix}{name}"] for prefix in prefixes]) for name in ("bits", "token_map")
        }
        stacked["locks"] = np.stack([arrays[name] for name in held])
    except ValueError:
        raise ProjectError("its arrays do not fit together") from None
    return stacked
