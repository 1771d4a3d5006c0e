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
    """What a run keeps: everything below `stage`, and what `locks` hold beyond.

    `held_levels`: levels 1..held_levels of all cells' structure are among what the locks hold, because they were
    painted or taken from a reference. `scope`: what may change.
    """

    stage: int
    locks: Locks
    held_levels: int = 0
    scope: Scope = Scope.WHOLE

    @property
    def kept_levels(self) -> int:
        """The structure of levels 1..kept_levels stays in all cells."""
        return max(self.stage, self.held_levels)


def plan_run(
    snapshot: Snapshot, stage: int | None = None, scope: Scope | None = None, keep_layout: bool = False
) -> Plan:
    """Where a run of a step starts and what it holds.

    What was painted is held through the painted level, wherever the content starts. A requested `stage`
    releases it where it is coarser than both the painted level and the stage that the edits ask for; a layout that no
    run has followed yet is held in any case.

    Args:
        snapshot: the step.
        stage: 0..K; None: `edited_stage`, which is the only choice where there is no content yet, and without edits
            `detail_stage`: no picture is replaced by another one unasked.
        scope: None: as `scope_of` proposes.
        keep_layout: hold what was painted at any stage.
    """
    locks, held, edited = snapshot.locks, snapshot.held_levels, edited_stage(snapshot)
    if stage is None or snapshot.blank:
        stage = detail_stage(snapshot) if edited is None else edited
    elif snapshot.layout is None and not keep_layout and stage < held and (edited is None or stage < edited):
        held = stage
    everything = np.ones(locks.cells, np.bool_)
    locks = locks.with_structure(everything, held)
    area, chosen = painted_area(snapshot), scope_of(snapshot, scope)
    if area is not None and chosen is Scope.PAINTED:
        locks = locks.with_structure(~area, locks.depth).with_content(~area)
    return Plan(stage, locks, held, chosen)


def edited_stage(snapshot: Snapshot) -> int | None:
    """The stage (0..K) from which a run follows the edits, or a layout without a run; None where there are none."""
    if snapshot.layout is not None:
        return snapshot.layout.stages
    return edits.first_changed_stage(snapshot.result, snapshot.sequence)


def detail_stage(snapshot: Snapshot) -> int:
    """The stage from which details are regenerated and the layout of the picture is kept: the middle one."""
    return snapshot.sequence.depth // 2


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
