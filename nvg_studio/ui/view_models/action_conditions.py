"""From session and choices to the conditions of the action table."""

from pathlib import Path

from nvg_studio.editor.choices import Choices
from nvg_studio.editor.session import Session
from nvg_studio.ui.actions.conditions import ActionConditions


def conditions(session: Session, choices: Choices, locked_file: Path | None = None) -> ActionConditions:
    """The conditions as they are now; `locked_file`: a project that another window has open."""
    document = session.document
    running = session.run_queue.running is not None
    return ActionConditions(
        document=document is not None,
        model=session.info is not None,
        busy=running,
        idle=not running and session.pending_photo is None,
        can_run=session.can_run,
        can_undo=document is not None and document.can_undo,
        can_redo=document is not None and document.can_redo,
        pending_results=bool(session.generation.pending_results),
        foreign_content=session.made_with_other_model and not session.conversion.busy,
        locked_file=locked_file is not None,
        content=document is not None and document.snapshot.layout is None,
        decodable=session.info is not None and session.model_compatible,
        veiled=document is not None and bool(choices.only),
        locks=document is not None and session.locks.any,
        painted_layout=document is not None and document.snapshot.held_levels > 0 and not document.snapshot.blank,
        selected=len(choices.selected),
        level=choices.level,
        depth=session.depth,
    )
