"""From session to what the generate dock, the history and the results page show. Nothing is changed here."""

from functools import partial

from PySide6.QtGui import QImage

from nvg_studio.editor.choices import Choices
from nvg_studio.editor.pictures.qimages import to_qimage
from nvg_studio.editor.pictures.thumbnails import TILE_SIDE, Thumbnails
from nvg_studio.editor.runs.estimate import duration_text
from nvg_studio.editor.runs.run_options import structure_steps_of
from nvg_studio.editor.runs.run_queue import ActiveRun
from nvg_studio.editor.session import Session
from nvg_studio.project.document import PendingResult
from nvg_studio.project.planning import Scope, edited_stage, plan_run, scope_of
from nvg_studio.project.results import step_of
from nvg_studio.project.run_effect import describe_run
from nvg_studio.ui.actions.action_set import ActionSet
from nvg_studio.ui.docks.generate import RunView
from nvg_studio.ui.docks.history import HistoryRow
from nvg_studio.ui.docks.run_buttons import (
    RunButton,
    details_button,
    effect,
    here_button,
    new_picture_button,
    run_buttons,
)
from nvg_studio.ui.results.page import Tile


def run_view(session: Session, choices: Choices) -> RunView:
    """What the run buttons show."""
    run, snapshot = session.run_queue.running, session.snapshot
    primary, second = buttons_of(session, choices)
    total = 0 if run is None else session.depth + 1 - run.request.stage
    done = 0 if run is None or run.stage is None else run.stage + 1 - run.request.stage
    return RunView(
        document=snapshot is not None,
        primary=primary,
        second=second,
        can_run=session.can_run and (snapshot is not None or run is None),
        busy=run is not None,
        status=run_line(session),
        done=done,
        total=total,
        scope=Scope.WHOLE if snapshot is None else scope_of(snapshot, None),
        waiting=len(session.run_queue.waiting),
    )


def buttons_of(session: Session, choices: Choices) -> tuple[RunButton, RunButton]:
    """The two run buttons of the generate dock."""
    runs = session.run_queue
    has_class = runs.options.settings.class_id is not None
    return run_buttons(session.snapshot, choices.level, runs.options.scope, has_class, runs.running is not None)


def show_run_actions(session: Session, choices: Choices, actions: ActionSet) -> None:
    """Describe on the actions of the Run menu what they would do now."""
    snapshot, runs = session.snapshot, session.run_queue
    if snapshot is None:
        return
    scope, has_class = runs.options.scope, runs.options.settings.class_id is not None
    details, new = details_button(snapshot, scope), new_picture_button(snapshot, scope, has_class)
    for button in (details, new):
        actions.describe(button.action, button.tip, button.text)
    edited = edited_stage(snapshot) is not None
    actions.describe("run.run", effect(snapshot, None, scope) if edited else "Choose what to generate again")
    actions.describe("run.here", here_button(snapshot, choices.level, scope).tip)
    actions.describe("run.again", "With a new seed: " + effect(snapshot, choices.level, scope, keep_layout=True))


def run_line(session: Session) -> str:
    """One line over the run buttons."""
    run = session.run_queue.running
    if run is not None:
        return _progress_line(session, run)
    if session.made_with_other_model:
        return f"Made with {session.document_model_name}: choose that model to run."
    if session.document is not None and not session.model_compatible and session.info is not None:
        return f"This document has {session.depth} levels, the model {session.info.depth}: choose its own model."
    snapshot, scope = session.snapshot, session.run_queue.options.scope
    if snapshot is None:
        return _time_line(session, 0)
    if snapshot.blank and not snapshot.held_levels:
        return "Paint regions at levels 1 to 4, then run."
    plan = plan_run(snapshot, None, scope)
    return "  ·  ".join(filter(None, (describe_run(snapshot, plan), _time_line(session, plan.stage))))


def _time_line(session: Session, stage: int) -> str:
    """How long a run from a stage takes, as far as it is known."""
    seconds = _expected(session, stage, session.run_queue.options.variations)
    return "" if seconds is None else f"Takes about {duration_text(seconds)}"


def _progress_line(session: Session, run: ActiveRun) -> str:
    parts = ["Starting…" if run.stage is None else f"Level {run.stage} of {session.depth} is done"]
    following = run.request.stage if run.stage is None else run.stage + 1
    left = session.run_queue.times.expected(
        following, session.depth, run.queued.structure_steps, len(run.request.settings)
    )
    if left is not None and following <= session.depth:
        parts.append(f"{duration_text(left)} left")
    waiting = len(session.run_queue.waiting)
    if waiting:
        parts.append(f"{waiting} more wait{'s' if waiting == 1 else ''}")
    return "  ·  ".join(parts)


def _expected(session: Session, start: int, pictures: int) -> float | None:
    info = session.info
    if info is None:
        return None
    return session.run_queue.times.expected(
        start, session.depth, structure_steps_of(session.run_queue.options.settings, info), pictures
    )


def history_rows(session: Session, thumbnails: Thumbnails) -> tuple[HistoryRow, ...]:
    """All steps, then the results that wait."""
    document = session.document
    if document is None:
        return ()
    steps = [
        HistoryRow(
            False,
            n,
            step.title,
            "",
            partial(thumbnails.of_step, step, document.pictures[step.base]),
            current=n == document.index,
            undone=n > document.index,
            settings=step.request is not None,
        )
        for n, step in enumerate(document.history.snapshots)
    ]
    waiting = [
        HistoryRow(
            True,
            n,
            made.title,
            origin_text(session, made),
            partial(thumbnails.of_picture, made.picture),
            starred=made.starred,
            settings=True,
        )
        for n, made in enumerate(document.pending_results)
    ]
    return (*steps, *waiting)


def origin_text(session: Session, made: PendingResult) -> str:
    """Where a result comes from: its step and its seed."""
    assert session.document is not None
    step = step_of(session.document, made)
    seed = f"seed {made.request.settings[0].seed}"
    if made.started_from is None:
        return seed
    return f"Made from step {step + 1}, {seed}" if step is not None else f"Made from a step that is gone, {seed}"


def tiles(session: Session, thumbnails: Thumbnails) -> tuple[Tile, ...]:
    """The picture as it is now, then every result that waits."""
    document = session.document
    if document is None:
        return ()
    now = Tile(None, "Now", document.snapshot.title, thumbnails.of_step(document.snapshot, document.base, TILE_SIDE))
    waiting = [
        Tile(n, *_caption(session, made), thumbnails.of_picture(made.picture), made.starred)
        for n, made in enumerate(document.pending_results)
    ]
    return (now, *waiting)


def _caption(session: Session, made: PendingResult) -> tuple[str, str]:
    """What to call a result in a grid of many that differ in little: its class and seed, where it was made from."""
    assert session.document is not None
    names = () if session.info is None else session.info.class_names
    settings, step = made.request.settings[0], step_of(session.document, made)
    seed = f"seed {settings.seed}"
    if settings.class_id is not None and settings.class_id < len(names):
        seed = f"{names[settings.class_id].replace('_', ' ').capitalize()}, {seed}"
    level = f"From level {made.request.stage}"
    return seed[0].upper() + seed[1:], level if step is None else f"{level}, step {step + 1}"


def comparison_pair(
    session: Session, first: int | None, second: int | None
) -> tuple[tuple[QImage, str], tuple[QImage, str]]:
    """Two results with their captions; None is the picture as it is now."""
    return _picture_and_caption(session, first), _picture_and_caption(session, second)


def _picture_and_caption(session: Session, index: int | None) -> tuple[QImage, str]:
    document = session.document
    assert document is not None
    if index is None:
        return to_qimage(document.base), "Now"
    made = document.pending_results[index]
    return to_qimage(made.picture), _caption(session, made)[0]
