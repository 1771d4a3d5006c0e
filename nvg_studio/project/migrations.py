"""Manifests and arrays of older project files, brought to the current version step by step."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from nvg_studio.errors import ProjectError
from nvg_studio.project.archive import Arrays
from nvg_studio.project.manifest import (
    SCHEMA_VERSION,
    Key,
    Manifest,
    Names,
    Record,
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


def from_version_1(manifest: Manifest1, arrays: Arrays) -> tuple[Manifest, Arrays]:
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


def _with_one_step(application: str, step: StepRecord) -> Manifest:
    return Manifest(
        schema_version=SCHEMA_VERSION,
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
