"""From the reference to what its dock shows. Nothing is changed here."""

import numpy as np
from numpy.typing import NDArray

from nvg_studio.editor.pictures.qimages import cells_image
from nvg_studio.editor.reference.controller import ReferenceController
from nvg_studio.editor.reference.structure_source import Source
from nvg_studio.editor.session import Session
from nvg_studio.imaging.draw import label_colours
from nvg_studio.ui.docks.reference import ReferenceView


def reference_view(
    session: Session, reference: ReferenceController, selected: NDArray[np.bool_] | None
) -> ReferenceView:
    """What the reference dock shows; `selected`: cells bool [L] of the selected cluster."""
    found, level = reference.found, reference.levels
    after = reference.preview(selected)
    preview = None
    if after is not None:
        preview = cells_image(after.labels(level), label_colours(level), round(after.cells**0.5))
    return ReferenceView(
        choices=reference.choices,
        picture=reference.shown,
        centre=reference.centre,
        preview=preview,
        status=_status(session, reference),
        levels=session.depth if found is None else found.levels,
        content=found is None or found.content,
        can_apply=found is not None and session.pending_photo is None,
        can_run=session.can_run,
    )


def _status(session: Session, reference: ReferenceController) -> str:
    if reference.problem:
        return reference.problem
    if session.info is None:
        return "Load a model first."
    if reference.busy:
        return "Looking for the structure…"
    found = reference.found
    if found is None:
        return "Open or paste one to use its structure." if reference.picture is None else ""
    if session.document is not None and found.sequence.cells != session.sequence.cells:
        return "This structure has another grid than the document."
    name = reference.map_name if reference.choices.source is Source.FILE else reference.title
    if found.content:
        return name
    return f"{name}: {found.regions} regions, {found.levels} level{'s' if found.levels > 1 else ''}"
