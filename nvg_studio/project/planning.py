"""From a step of a document to what a run of it keeps: where it starts and what it holds. Pure functions."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from nvg_studio.granularity import edits
from nvg_studio.granularity.grid import grown
from nvg_studio.granularity.locks import Locks
from nvg_studio.project.document import Snapshot
from nvg_studio.project.view import edited_cells

SMALL_STROKE = 1 / 8
"""Edits of at most this share of the picture are run alone unless something else was chosen."""


class Scope(StrEnum):
    """What a run may change: everything that is not locked, or only what was painted."""

    WHOLE = "whole"
    PAINTED = "painted"


@dataclass(frozen=True)
class Plan:
    """What a run keeps: everything below `stage`, and what `locks` hold beyond."""

    stage: int
    locks: Locks


def plan_run(snapshot: Snapshot, stage: int | None = None, scope: Scope | None = None) -> Plan:
    """Where a run of a step starts and what it holds.

    Args:
        snapshot: the step.
        stage: 0..K; None: the lowest that must be made anew, which is the only choice where there is no content yet.
        scope: None: as `scope_of` proposes.
    """
    layout, locks = snapshot.layout, snapshot.locks
    if stage is None and layout is None:
        stage = edits.first_changed_stage(snapshot.result, snapshot.sequence) or 0
    if layout is not None:
        stage = layout.stages if stage is None or snapshot.blank else stage
        locks = locks.with_structure(np.ones(locks.cells, np.bool_), layout.levels)
    area = painted_area(snapshot)
    if area is not None and scope_of(snapshot, scope) is Scope.PAINTED:
        locks = locks.with_structure(~area, locks.depth).with_content(~area)
    return Plan(stage or 0, locks)


def scope_of(snapshot: Snapshot, chosen: Scope | None) -> Scope:
    """The scope of the next run: the chosen one; None: what was painted after small strokes, else the whole picture.

    Without edits, and on a layout without content, it is the whole picture in any case.
    """
    area = painted_area(snapshot)
    if area is None:
        return Scope.WHOLE
    if chosen is not None:
        return chosen
    edited = edited_cells(snapshot.result, snapshot.sequence)
    small = edited is not None and edited[0].mean() <= SMALL_STROKE and snapshot.layout is None
    return Scope.PAINTED if small else Scope.WHOLE


def painted_area(snapshot: Snapshot) -> NDArray[np.bool_] | None:
    """The cells bool [L] that a run of "what I painted" may change, the edited ones and their neighbours, if any."""
    edited = edited_cells(snapshot.result, snapshot.sequence)
    if edited is None or snapshot.blank:
        return None
    cells = edited[0]
    if snapshot.layout is not None:
        cells = cells | edits.changed_cells(snapshot.result, snapshot.sequence, snapshot.layout.levels)
    return grown(cells) if cells.any() else None
