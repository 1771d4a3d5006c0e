"""The two run buttons: which action each triggers now, and what it says that it will do."""

from dataclasses import dataclass

from nvg_studio.project.document import Snapshot
from nvg_studio.project.planning import Scope, detail_stage, edited_stage, plan_run
from nvg_studio.project.run_effect import describe_run


@dataclass(frozen=True)
class RunButton:
    """An action of the table, and what its button says now; `tip`: what a run will do."""

    action: str
    text: str
    tip: str


GENERATE = RunButton("file.generate", "Generate a picture", "Generate a picture from nothing")


def run_buttons(
    snapshot: Snapshot | None, level: int, scope: Scope | None, has_class: bool, busy: bool
) -> tuple[RunButton, RunButton]:
    """The prominent button and the one below it.

    With edits: run from the lowest edited level, or from the active level. Without edits: generate the details
    again, or another picture; the button names which.

    Args:
        snapshot: the current step; None without a document.
        level: the active level.
        scope: of the next run; None: as proposed.
        has_class: whether a class is chosen for the next run.
        busy: whether a run is under way, which the next one waits for.
    """
    if snapshot is None:
        return GENERATE, RunButton("run.here", f"From level {level}", "There is no picture yet")
    stage = edited_stage(snapshot)
    if stage is None:
        return details_button(snapshot, scope), new_picture_button(snapshot, scope, has_class)
    text = f"Run from level {stage}" if stage else "Run"
    return (
        RunButton("run.run", f"{text}, after this one" if busy else text, effect(snapshot, None, scope)),
        here_button(snapshot, level, scope),
    )


def details_button(snapshot: Snapshot, scope: Scope | None) -> RunButton:
    """Everything from the middle level on again, with the layout as it is."""
    stage = plan_run(snapshot, detail_stage(snapshot), scope, keep_layout=True).stage
    tip = effect(snapshot, stage, scope, keep_layout=True)
    return RunButton("run.details", f"From level {stage}, keep the layout", tip)


def new_picture_button(snapshot: Snapshot, scope: Scope | None, has_class: bool) -> RunButton:
    """Every level again, except for what was painted and what is locked."""
    if snapshot.held_levels:
        text = "New picture, this layout"
    else:
        text = "New picture of this class" if has_class else "New picture"
    return RunButton("run.new_picture", text, effect(snapshot, 0, scope, keep_layout=True))


def here_button(snapshot: Snapshot, level: int, scope: Scope | None) -> RunButton:
    """From a level that is asked for."""
    return RunButton("run.here", f"From level {plan_run(snapshot, level, scope).stage}", effect(snapshot, level, scope))


def effect(snapshot: Snapshot, stage: int | None, scope: Scope | None, keep_layout: bool = False) -> str:
    """What a run with these arguments of `plan_run` will do, in one sentence."""
    return describe_run(snapshot, plan_run(snapshot, stage, scope, keep_layout))
