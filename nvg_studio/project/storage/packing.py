"""A document as records and arrays, and back. Equal sequences and locks are stored once."""

from collections.abc import Hashable, Mapping
from types import MappingProxyType
from typing import Any, Generic, TypeVar

import numpy as np

from nvg_studio.errors import ProjectError
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.ids import ModelId, TokenizerId
from nvg_studio.project.document import Document, History, Layout, PendingResult, Picture, Snapshot, picture_key
from nvg_studio.project.storage.archive import Arrays
from nvg_studio.project.storage.manifest import (
    MAX_STEPS,
    LayoutRecord,
    Manifest,
    NameRecord,
    PendingRecord,
    RequestRecord,
    StepRecord,
    clean,
)
from nvg_studio.sampling.settings import GenerationSettings, RunRequest

Value = TypeVar("Value", bound=Hashable)

MAX_PICTURES = 512 * 2**20
"""Bytes of decoded pictures of steps and results that a file is given."""
MAX_BASES = 3900
"""Base pictures that a file is given: an archive has at most 4096 entries."""
MAX_SEQUENCES = 96 * 2**20
"""Bytes of sequences that a file is given."""


class _Pool(Generic[Value]):
    """Different values in the order of their first use."""

    def __init__(self) -> None:
        self._places: dict[Value, int] = {}

    def add(self, value: Value) -> int:
        return self._places.setdefault(value, len(self._places))

    @property
    def values(self) -> list[Value]:
        return list(self._places)


def fitting(document: Document) -> History:
    """The history without its farthest steps, as many as one file can't hold; the current one always stays.

    Steps are given up from the start on, then from the undone end; results that wait all stay.
    """
    steps, index = document.history.snapshots, document.history.index
    order = [*range(index, -1, -1), *range(index + 1, len(steps))]
    each = 3 * (document.sequence.bits.nbytes + document.sequence.token_map.nbytes)
    most = min(MAX_STEPS, MAX_SEQUENCES // each - 2 * len(document.pending_results))
    kept: list[int] = []
    used, size = set[str](), sum(made.picture.nbytes for made in document.pending_results)
    for number in order:
        base = steps[number].base
        size += 0 if base in used else document.pictures[base].nbytes
        if kept and (size > MAX_PICTURES or len(kept) >= most or len(used) == MAX_BASES):
            break
        used.add(base)
        kept.append(number)
    first = min(kept)
    return History(steps[first : max(kept) + 1], index - first)


def pack(
    history: History, made: tuple[PendingResult, ...]
) -> tuple[tuple[StepRecord, ...], tuple[PendingRecord, ...], Arrays]:
    """Records of all steps and waiting results; arrays bits [N, L, K], token_map [N, K + 1, L] and locks [M, 2, L]."""
    sequences, locks = _Pool[GranularitySequence](), _Pool[Locks]()
    steps = tuple(_pack_step(step, sequences, locks) for step in history.snapshots)
    places = {id(step): place for place, step in enumerate(history.snapshots)}
    waiting = tuple(_pack_pending(one, places, sequences, locks) for one in made)
    arrays: Arrays = {
        "bits": np.stack([sequence.bits for sequence in sequences.values]),
        "token_map": np.stack([sequence.token_map for sequence in sequences.values]),
        "locks": np.stack([np.stack([held.structure, held.content]) for held in locks.values]),
    }
    return steps, waiting, arrays


def unpack(manifest: Manifest, arrays: Arrays, pictures: Mapping[str, Picture]) -> Document:
    """The document; `pictures` by key, all that are named.

    Raises ProjectError, SequenceError or SettingsError where records and arrays do not fit.
    """
    if set(arrays) != {"bits", "token_map", "locks"}:
        raise ProjectError("its history does not hold exactly bits, token_map and locks")
    if len(arrays["bits"]) != len(arrays["token_map"]) or arrays["locks"].shape[1:2] != (2,):
        raise ProjectError("the arrays of its history do not fit together")
    sequences = [GranularitySequence(*pair) for pair in zip(arrays["bits"], arrays["token_map"], strict=True)]
    locks = [Locks(*pair) for pair in arrays["locks"]]
    if manifest.current >= len(manifest.steps):
        raise ProjectError("its current step does not exist")
    steps = tuple(_unpack_step(step, sequences, locks) for step in manifest.steps)
    bases = MappingProxyType({step.base: pictures[step.base] for step in steps})
    made = tuple(_unpack_pending(record, steps, sequences, locks, pictures[record.picture]) for record in manifest.made)
    return Document(History(steps, manifest.current), bases, made)


def _pack_step(step: Snapshot, sequences: _Pool[GranularitySequence], locks: _Pool[Locks]) -> StepRecord:
    return StepRecord(
        title=clean(step.title),
        model=clean(step.tokenizer),
        base=step.base,
        names=tuple(NameRecord(stage=s, cluster=c, name=clean(name)) for s, c, name in step.names),
        sequence=sequences.add(step.sequence),
        result=sequences.add(step.result),
        locks=locks.add(step.locks),
        request=None if step.request is None else _pack_request(step.request, sequences, locks),
        layout=None if step.layout is None else LayoutRecord(**vars(step.layout)),
        held_levels=step.held_levels,
    )


def _pack_pending(
    made: PendingResult, places: Mapping[int, int], sequences: _Pool[GranularitySequence], locks: _Pool[Locks]
) -> PendingRecord:
    """`places`: positions of the steps by their identity, which is what ties a result to one of several equal ones."""
    started: int | StepRecord | None = None
    if made.started_from is not None:
        place = places.get(id(made.started_from))
        started = _pack_step(made.started_from, sequences, locks) if place is None else place
    return PendingRecord(
        title=clean(made.title),
        starred=made.starred,
        picture=picture_key(made.picture),
        sequence=sequences.add(made.sequence),
        request=_pack_request(made.request, sequences, locks),
        started=started,
    )


def _unpack_pending(
    record: PendingRecord,
    steps: tuple[Snapshot, ...],
    sequences: list[GranularitySequence],
    locks: list[Locks],
    picture: Picture,
) -> PendingResult:
    started: Snapshot | None = None
    if isinstance(record.started, StepRecord):
        started = _unpack_step(record.started, sequences, locks)
    elif record.started is not None:
        if record.started >= len(steps):
            raise ProjectError("a result in its manifest is of a step that does not exist")
        started = steps[record.started]
    return PendingResult(
        request=_unpack_request(record.request, sequences, locks),
        sequence=_pick(sequences, record.sequence),
        picture=picture,
        started_from=started,
        title=record.title,
        starred=record.starred,
    )


def _pack_request(request: RunRequest, sequences: _Pool[GranularitySequence], locks: _Pool[Locks]) -> RequestRecord:
    return RequestRecord(
        stage=request.stage,
        model=clean(request.model),
        device=clean(request.device),
        dtype=clean(request.dtype),
        settings=tuple(settings.to_dict() for settings in request.settings),
        sequence=sequences.add(request.sequence),
        locks=None if request.locks is None else locks.add(request.locks),
    )


def _unpack_step(step: StepRecord, sequences: list[GranularitySequence], locks: list[Locks]) -> Snapshot:
    names = tuple((name.stage, name.cluster, name.name) for name in step.names)
    if list(names) != sorted(names) or len({name[:2] for name in names}) != len(names):
        raise ProjectError("the names in its manifest are out of order")
    sequence = _pick(sequences, step.sequence)
    if any(stage > sequence.depth or cluster >= 1 << stage for stage, cluster, _ in names):
        raise ProjectError("a name in its manifest is of a cluster that does not exist")
    layout = None if step.layout is None else _unpack_layout(step.layout, sequence.depth)
    return Snapshot(
        sequence=sequence,
        result=_pick(sequences, step.result),
        locks=_pick(locks, step.locks),
        base=step.base,
        title=step.title,
        names=names,
        request=None if step.request is None else _unpack_request(step.request, sequences, locks),
        tokenizer=TokenizerId(step.model),
        layout=layout,
        held_levels=_unpack_held_levels(step, layout),
    )


def _unpack_layout(record: LayoutRecord, depth: int) -> Layout:
    if max(record.levels, record.stages) > depth:
        raise ProjectError("a layout in its manifest is of levels that do not exist")
    return Layout(record.levels, record.stages)


def _unpack_held_levels(step: StepRecord, layout: Layout | None) -> int:
    """Files from before painted levels were held know those of a layout that waits for its run alone."""
    if step.held_levels is not None:
        return step.held_levels
    return 0 if layout is None else layout.levels


def _unpack_request(record: RequestRecord, sequences: list[GranularitySequence], locks: list[Locks]) -> RunRequest:
    return RunRequest(
        sequence=_pick(sequences, record.sequence),
        stage=record.stage,
        locks=None if record.locks is None else _pick(locks, record.locks),
        settings=tuple(GenerationSettings.from_dict(entry) for entry in record.settings),
        model=ModelId(record.model),
        device=record.device,
        dtype=record.dtype,
    )


def _pick(values: list[Any], index: int) -> Any:
    if index >= len(values):
        raise ProjectError("its manifest names a sequence or locks that it does not hold")
    return values[index]
