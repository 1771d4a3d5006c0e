"""What the controllers of one window share; none of them depends on the session."""

from collections.abc import Callable
from dataclasses import dataclass

from nvg_studio.editor.background import BackgroundWork
from nvg_studio.editor.documents.store import DocumentStore
from nvg_studio.editor.notices import Notice
from nvg_studio.project.project_lock import ProjectLocks
from nvg_studio.project.storage.project_file import Project


@dataclass(frozen=True, eq=False)
class EditorContext:
    """The document store, background work, the locks of project files, and `notify`, which shows a notice to the user.

    `to_project` gives the open document as a project, with the stage pictures that are known; there must be a document.
    """

    store: DocumentStore
    background: BackgroundWork
    project_locks: ProjectLocks
    notify: Callable[[Notice], None]
    to_project: Callable[[], Project]
