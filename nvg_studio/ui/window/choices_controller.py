"""Keeps the choices consistent with document and model."""

from dataclasses import replace

from PySide6.QtCore import QObject

from nvg_studio.editor.choices import Choices, EditorState, LockKind, ViewMode
from nvg_studio.editor.session import Session
from nvg_studio.ui.docks.clusters import ClusterRow


class ChoicesController(QObject):
    """Changes choices where document or model demand it, and applies what is chosen in the clusters dock."""

    def __init__(self, session: Session, state: EditorState) -> None:
        super().__init__(state)
        self._session, self._state = session, state
        self._was_blank = False
        session.changed.connect(self._follow_blank)
        state.changed.connect(self._follow_level)

    def fit_to_document(self) -> None:
        """Keep level and brush size within the ranges of the document."""
        if self._session.document is not None:
            self._state.fit_to(self._session.depth, self._session.grid)

    def follow_model(self) -> None:
        """Balance strokes for a model that supports only balanced trees."""
        info = self._session.info
        if info is not None:
            self._state.set(replace(self._state.choices, balanced=not info.supports_unbalanced_trees))

    def select_clusters(self, clusters: frozenset[int]) -> None:
        """Select clusters; a single one becomes the active one, too."""
        self._state.set(replace(self._state.choices, selected=clusters))
        if len(clusters) == 1:
            self._state.activate(min(clusters))

    def toggle_lock(self, row: ClusterRow, kind: LockKind) -> None:
        """Lock the cluster of a row, or release it where all of it is locked."""
        held = {LockKind.LAYOUT: row.layout, LockKind.COARSE: row.content, LockKind.REGION: row.region}[kind]
        editor = self._session.document_editor
        toggle = editor.unlock_clusters if held == "all" else editor.lock_clusters
        toggle(row.level, frozenset((row.cluster,)), kind)

    def _follow_blank(self) -> None:
        """Show the structure of a layout without a picture, and the picture once it has one."""
        snapshot, state = self._session.snapshot, self._state
        blank = snapshot is not None and snapshot.blank
        has_picture = snapshot is not None and snapshot.request is not None
        if blank and not self._was_blank and state.choices.view is ViewMode.PICTURE:
            state.set(replace(state.choices, view=ViewMode.STRUCTURE))
        if self._was_blank and has_picture and state.choices.view is ViewMode.STRUCTURE:
            state.set(replace(state.choices, view=ViewMode.PICTURE))
        self._was_blank = blank

    def _follow_level(self, before: Choices, now: Choices) -> None:
        """Activate the sibling of a cluster that fills its parent: painting with the cluster would change nothing."""
        if now.level == before.level or self._session.document is None:
            return
        if now.level and now.level <= self._session.depth:
            labels, sibling = self._session.labels(now.level), now.cluster ^ 1
            if (labels == now.cluster).any() and not (labels == sibling).any():
                self._state.set(replace(self._state.choices, cluster=sibling, other=now.cluster))
