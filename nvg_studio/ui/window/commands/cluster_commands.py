"""Commands on the selected clusters."""

from PySide6.QtWidgets import QWidget

from nvg_studio.editor.choices import EditorState, LockKind
from nvg_studio.editor.notices import Kind, Notice
from nvg_studio.editor.session import Session
from nvg_studio.granularity import edits
from nvg_studio.ui.dialogs.colour import ColourDialog
from nvg_studio.ui.qt.open_dialog import open_dialog


class ClusterCommands:
    """The Cluster menu's commands that need more than one call; `parent` is the parent of its dialogs."""

    def __init__(self, parent: QWidget, session: Session, state: EditorState) -> None:
        self._parent, self._session, self._state = parent, session, state

    def lock_selected(self, kind: LockKind) -> None:
        """Lock the selected clusters."""
        self._session.document_editor.lock_clusters(self._state.choices.level, self._state.choices.selected, kind)

    def choose_colour(self) -> None:
        """Offer the codes nearest to a colour for the selected cluster."""
        session, now = self._session, self._state.choices
        level, cluster = now.level, min(now.selected)
        cells = session.labels(level) == cluster
        path = edits.path_tokens(session.sequence, level, cluster)
        if -1 in path:
            text = f"Cluster {cluster} is empty: give it cells before a colour."
            session.notified.emit(Notice(text, Kind.WARNING))
            return
        mean = tuple(int(value) for value in session.cell_colours[cells].mean(axis=0).round())
        name = session.cluster_name(level, cluster) or f"cluster {cluster}"
        title = f"Colour of {name}, level {level}"
        dialog = ColourDialog(session.codebook_colours, path[:-1], mean, title, self._parent)
        dialog.chosen.connect(lambda token: session.document_editor.set_token(level, cluster, token))
        open_dialog(dialog)
