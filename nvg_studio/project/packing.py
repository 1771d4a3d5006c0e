"""A history as records and arrays, and back. Equal sequences and locks are stored once."""

from collections.abc import Hashable, Mapping
from typing import Any, Generic, TypeVar

import numpy as np

from nvg_studio.errors import ProjectError
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.project.archive import Arrays
from nvg_studio.project.document import History, Layout, Picture, Snapshot
from nvg_studio.project.manifest import MAX_STEPS, LayoutRecord, NameRecord, RequestRecord, StepRecord, clean
from nvg_studio.sampling.settings import GenerationSettings, RunRequest

Value = TypeVar("Value", bound=Hashable)

MAX_PICTURES = 512 * 2**20
"""Bytes of decoded base pictures that a file is given."""
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


def fitting(history: History, pictures: Mapping[str, Picture]) -> History:
    """The history without its farthest steps, as many as one file can't hold; the current one always stays.

    Steps are given up from the start on, then from the undone end.
    """
    steps, index = history.snapshots, history.index
    order = [*range(index, -1, -1), *range(index + 1, len(steps))]
    kept: list[int] = []
    used, size, sequences = set[str](), 0, 0
    for number in order:
        step = steps[number]
        size += 0 if step.base in used else pictures[step.base].nbytes
        sequences += 3 * (step.sequence.bits.nbytes + step.sequence.token_map.nbytes)
        if kept and (size > MAX_PICTURES or sequences > MAX_SEQUENCES or len(kept) == MAX_STEPS):
            break
        used.add(step.base)
        kept.append(number)
    first = min(kept)
    return History(steps[first : max(kept) + 1], index - first)


def pack(history: History) -> tuple[tuple[StepRecord, ...], Arrays]:
    """Records of all steps, and the arrays bits [N, L, K], token_map [N, K + 1, L] and locks [M, 2, L]."""
    sequences, locks = _Pool[GranularitySequence](), _Pool[Locks]()
    steps = tuple(
        StepRecord(
            title=clean(step.title),
            model=clean(step.model),
            base=step.base,
            names=tuple(NameRecord(stage=s, cluster=c, name=clean(name)) for s, c, name in step.names),
            sequence=sequences.add(step.sequence),
            result=sequences.add(step.result),
            locks=locks.add(step.locks),
            request=None if step.request is None else _pack_request(step.request, sequences, locks),
            layout=None if step.layout is None else LayoutRecord(**vars(step.layout)),
        )
        for step in history.snapshots
    )
    arrays: Arrays = {
        "bits": np.stack([sequence.bits for sequence in sequences.values]),
        "token_map": np.stack([sequence.token_map for sequence in sequences.values]),
        "locks": np.stack([np.stack([held.structure, held.content]) for held in locks.values]),
    }
    return steps, arrays


def unpack(steps: tuple[StepRecord, ...], current: int, arrays: Arrays) -> History:
    """The history; raises ProjectError, SequenceError or SettingsError where records and arrays do not fit."""
    if set(arrays) != {"bits", "token_map", "locks"}:
        raise ProjectError("its history does not hold exactly bits, token_map and locks")
    if len(arrays["bits"]) != len(arrays["token_map"]) or arrays["locks"].shape[1:2] != (2,):
        raise ProjectError("the arrays of its history do not fit together")
    sequences = [GranularitySequence(*pair) for pair in zip(arrays["bits"], arrays["token_map"], strict=True)]
    locks = [Locks(*pair) for pair in arrays["locks"]]
    if current >= len(steps):
        raise ProjectError("its current step does not exist")
    return History(tuple(_unpack_step(step, sequences, locks) for step in steps), current)


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
    return Snapshot(
        sequence=sequence,
        result=_pick(sequences, step.result),
        locks=_pick(locks, step.locks),
        base=step.base,
        title=step.title,
        names=names,
        request=None if step.request is None else _unpack_request(step.request, sequences, locks),
        model=step.model,
        layout=None if step.layout is None else _unpack_layout(step.layout, sequence.depth),
    )


def _unpack_layout(record: LayoutRecord, depth: int) -> Layout:
    if max(record.levels, record.stages) > depth:
        raise ProjectError("a layout in its manifest is of levels that do not exist")
    return Layout(record.levels, record.stages)


def _unpack_request(record: RequestRecord, sequences: list[GranularitySequence], locks: list[Locks]) -> RunRequest:
    return RunRequest(
        sequence=_pick(sequences, record.sequence),
        stage=record.stage,
        locks=None if record.locks is None else _pick(locks, record.locks),
        settings=tuple(GenerationSettings.from_dict(entry) for entry in record.settings),
        model=record.model,
        device=record.device,
        dtype=record.dtype,
    )


def _pick(values: list[Any], index: int) -> Any:
    if index >= len(values):
        raise ProjectError("its manifest names a sequence or locks that it does not hold")
    return values[index]
