"""Which conditions of the action table hold now."""

from pathlib import Path

from nvg_studio.editor.choices import Choices
from nvg_studio.editor.session import Session


def conditions(session: Session, choices: Choices, locked_file: Path | None = None) -> set[str]:
    """The conditions of the action table that hold now; `locked_file`: a project that another window has open."""
    document = session.document
    running = session.run_queue.running is not None
    facts = {
        "model": session.info is not None,
        "busy": running,
        "idle": not running and session.pending_photo is None,
        "document": document is not None,
        "runnable": document is not None and session.can_run,
        "foreign": session.made_with_other_model and not session.conversion.busy,
        "made": bool(session.generation.pending_results),
        "held": locked_file is not None,
        "undo": document is not None and document.can_undo,
        "redo": document is not None and document.can_redo,
        "selected": document is not None and bool(choices.selected),
        "one": document is not None and len(choices.selected) == 1,
        "sibling": document is not None and choices.level > 0,
        "two": document is not None and len(choices.selected) == 2,
        "content": document is not None and document.snapshot.layout is None,
        "decodable": session.info is not None and session.model_compatible,
        "veiled": document is not None and bool(choices.only),
        "locked": document is not None and session.locks.any,
        "laid_out": document is not None and document.snapshot.held_levels > 0 and not document.snapshot.blank,
    }
    return {name for name, holds in facts.items() if holds} | {f"level{n}" for n in range(session.depth + 1)}
