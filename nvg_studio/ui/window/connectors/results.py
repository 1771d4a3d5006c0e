"""Connects the history dock and the results page with document and generation."""

from PySide6.QtCore import QObject, Signal

from nvg_studio.editor.pictures.thumbnails import Thumbnails
from nvg_studio.editor.session import Session
from nvg_studio.ui.actions.action_set import ActionSet
from nvg_studio.ui.docks.history import HistoryDock, HistoryRow
from nvg_studio.ui.results.page import ResultsPage
from nvg_studio.ui.view_models import generation_view


class ResultsConnector(QObject):
    """`comparing`: the results page is open. `changed`: there is something else to show."""

    changed = Signal()

    def __init__(self, history: HistoryDock, results: ResultsPage, session: Session, actions: ActionSet) -> None:
        super().__init__(results)
        self._history, self._results, self._session, self._actions = history, results, session, actions
        self.comparing = False
        self.thumbnails = Thumbnails(session.background, self)
        self.thumbnails.ready.connect(self.changed)
        session.project_opened.connect(self.thumbnails.take)
        self._connect_views()

    def _connect_views(self) -> None:
        generation = self._session.generation
        generation.results_available.connect(lambda: self.compare(True))
        self._results.chosen.connect(self._use)
        self._results.star_requested.connect(generation.toggle_star)
        self._results.settings_requested.connect(self._use_settings_of_pending)
        self._results.compare_requested.connect(self._compare_pair)
        self._history.visited.connect(self._session.document_editor.go_to_step)
        self._history.pending_chosen.connect(self._use)
        self._history.star_requested.connect(generation.toggle_star)
        self._history.settings_requested.connect(self._use_settings_of_row)

    def refresh(self) -> None:
        """Show steps and results as they are."""
        session = self._session
        self.comparing = self.comparing and bool(session.generation.pending_results)
        self._history.show_rows(generation_view.history_rows(session, self.thumbnails))
        if self.comparing:
            self._results.show_tiles(generation_view.tiles(session, self.thumbnails))
        self._actions.check("run.results", self.comparing)

    def compare(self, on: bool) -> None:
        """Open or close the results page."""
        self.comparing = on and bool(self._session.generation.pending_results)
        if self.comparing:
            self._results.open_grid()
        self.changed.emit()

    def toggle_comparing(self) -> None:
        """Open the results page, or close it if it is open."""
        self.compare(not self.comparing)

    def _use(self, index: int) -> None:
        self._session.generation.use_result(index)
        self.compare(False)

    def _use_settings_of_pending(self, index: int) -> None:
        self._session.generation.use_settings(self._session.generation.pending_results[index].request)

    def _use_settings_of_row(self, row: HistoryRow) -> None:
        if row.pending:
            self._use_settings_of_pending(row.index)
        elif self._session.document is not None:
            request = self._session.document.history.snapshots[row.index].request
            if request is not None:
                self._session.generation.use_settings(request)

    def _compare_pair(self, first: int | None, second: int | None) -> None:
        one, other = generation_view.comparison_pair(self._session, first, second)
        self._results.show_pair((one[0], other[0]), (one[1], other[1]))
