"""What the controllers of the window share, instead of knowing the object that made them."""

from collections.abc import Callable
from dataclasses import dataclass

from nvg_studio.editor.background import BackgroundWork
from nvg_studio.editor.notices import Notice
from nvg_studio.editor.store import DocumentStore
from nvg_studio.project.holding import Holds
from nvg_studio.project.storage import Project


@dataclass(frozen=True, eq=False)
class EditorContext:
    """The document store, background work, the project files that this window holds, and the person at the window.

    `project` gives the open document as a project, with the stage pictures that are known; there must be a document.
    """

    store: DocumentStore
    work: BackgroundWork
    holds: Holds
    say: Callable[[Notice], None]
    project: Callable[[], Project]
