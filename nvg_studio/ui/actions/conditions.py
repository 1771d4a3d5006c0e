"""What the enabled state of actions depends on, as one value. No Qt here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ActionConditions:
    """The state of document, model and runs at one moment.

    `selected`: number of selected clusters; `level`: the active level; `depth`: K, the last level. `content`: the
    document has tokens at all levels, not only a layout; `decodable`: the loaded model can decode the document's
    tokens; `foreign_content`: they come from another model; `painted_layout`: runs keep some painted levels;
    `idle`: neither a run nor the reading of a photo is under way; `locked_file`: a project was not opened because
    another window has it.
    """

    document: bool = False
    model: bool = False
    busy: bool = False
    idle: bool = False
    can_run: bool = False
    can_undo: bool = False
    can_redo: bool = False
    pending_results: bool = False
    foreign_content: bool = False
    locked_file: bool = False
    content: bool = False
    decodable: bool = False
    veiled: bool = False
    locks: bool = False
    painted_layout: bool = False
    selected: int = 0
    level: int = 0
    depth: int = 8


def always(now: ActionConditions) -> bool:
    """Enabled in every state."""
    return True


def has_document(now: ActionConditions) -> bool:
    """Enabled while a document is open."""
    return now.document


def has_selection(now: ActionConditions) -> bool:
    """Enabled while at least one cluster is selected."""
    return now.document and now.selected > 0


def can_run(now: ActionConditions) -> bool:
    """Enabled while the loaded model can run on the open document."""
    return now.document and now.can_run
