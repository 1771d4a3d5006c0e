"""The generate, reference and history docks and the results page: built, connected, kept up to date."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QMimeData, QObject
from PySide6.QtWidgets import QFileDialog

from nvg_studio.editor.choices import ViewMode
from nvg_studio.editor.notices import Kind, Notice
from nvg_studio.editor.pictures.thumbnails import Thumbnails
from nvg_studio.editor.reference.controller import ReferenceController
from nvg_studio.editor.strokes import cells_of
from nvg_studio.ui.docks.generate import GenerateDock
from nvg_studio.ui.docks.history import HistoryDock, HistoryRow
from nvg_studio.ui.docks.reference import ReferenceDock
from nvg_studio.ui.qt.dropped_data import IncomingFile, IncomingPicture, incoming
from nvg_studio.ui.results.page import ResultsPage
from nvg_studio.ui.view_models import generation_view
from nvg_studio.ui.view_models.reference_view import reference_view

if TYPE_CHECKING:
    from nvg_studio.ui.window.main_window import MainWindow

MAP_FILTER = "Label maps and masks (*.png *.tif *.tiff *.bmp *.gif *.npz *.npy);;All files (*)"


class GenerationDocks(QObject):
    """One object for a window; `comparing` says whether the results page is open."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        self._session = session = window.session
        self.comparing = False
        self._was_blank = False
        self.thumbnails = Thumbnails(session.background, self)
        self.reference_controller = ReferenceController(
            session.context, session.engine_client, session.model_loader, session.generation, session
        )
        self.generate = GenerateDock(window.theme, window.action_set)
        self.reference = ReferenceDock(window.theme, window.action_set)
        self.history = HistoryDock(window.theme, window.action_set)
        self.results = ResultsPage(window.theme, window.action_set)
        self._connect_generate()
        self._connect_results()
        self._connect_reference()

    def _connect_generate(self) -> None:
        generate, runs = self.generate, self._session.run_queue
        actions = self._window.action_set
        generate.options_chosen.connect(runs.set_options)
        generate.precision_chosen.connect(self._choose_precision)
        generate.randomize_requested.connect(runs.randomize_seed)
        generate.run_requested.connect(lambda name: actions[name].trigger())
        generate.cancel_requested.connect(runs.cancel)
        runs.options_changed.connect(self.show_choices)

    def _choose_precision(self, device: str, dtype: str) -> None:
        preferences = self._window.user_settings.preferences
        self._window.set_preferences(replace(preferences, device=device, dtype=dtype))

    def _connect_results(self) -> None:
        making = self._session.generation
        making.results_available.connect(lambda: self.compare(True))
        self.thumbnails.ready.connect(self._window.refresh_soon)
        self._session.changed.connect(self._show_first_picture)
        self._session.project_opened.connect(self.thumbnails.take)
        self.results.chosen.connect(self._use)
        self.results.star_requested.connect(making.toggle_star)
        self.results.settings_requested.connect(self._settings_of_pending)
        self.results.compare_requested.connect(self._compare_pair)
        self.history.visited.connect(self._session.document_editor.go_to_step)
        self.history.pending_chosen.connect(self._use)
        self.history.star_requested.connect(making.toggle_star)
        self.history.settings_requested.connect(self._settings_of_row)

    def _connect_reference(self) -> None:
        source, dock = self.reference_controller, self.reference
        source.changed.connect(self._window.refresh_soon)
        dock.chosen.connect(source.set_choices)
        dock.crop_moved.connect(source.move_crop)
        dock.map_requested.connect(self._open_map)
        dock.dropped.connect(lambda data: self.open_reference_data(data))
        dock.apply_requested.connect(lambda run: source.apply(self._selected_cells(), run))

    def close(self) -> None:
        """Stop looking for structures."""
        self.reference_controller.close()

    # -- bringing up to date --------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the session as it is."""
        session, choices = self._session, self._window.state.choices
        self.comparing = self.comparing and bool(session.generation.pending_results)
        self.generate.show_run(generation_view.run_view(session, choices))
        generation_view.show_run_actions(session, choices, self._window.action_set)
        self.history.show_rows(generation_view.history_rows(session, self.thumbnails))
        if self.comparing:
            self.results.show_tiles(generation_view.tiles(session, self.thumbnails))
        self.reference.show_view(reference_view(session, self.reference_controller, self._selected_cells()))
        self._window.action_set.check("run.live", session.run_queue.options.live)
        self._window.action_set.check("run.results", self.comparing)

    def _show_first_picture(self) -> None:
        """A layout without a picture is seen as structure; once it has one, the picture is shown."""
        snapshot, state = self._session.snapshot, self._window.state
        blank = snapshot is not None and snapshot.blank
        made = snapshot is not None and snapshot.request is not None
        if blank and not self._was_blank and state.choices.view is ViewMode.PICTURE:
            state.set(replace(state.choices, view=ViewMode.STRUCTURE))
        if self._was_blank and made and state.choices.view is ViewMode.STRUCTURE:
            state.set(replace(state.choices, view=ViewMode.PICTURE))
        self._was_blank = blank

    def show_choices(self) -> None:
        """Show the choices of the next runs."""
        self.generate.show_options(self._session.run_queue.options)
        self._window.refresh_soon()

    def show_model(self) -> None:
        """Show what the model offers."""
        chosen = self._window.user_settings.preferences
        self.generate.advanced.show_precision(chosen.device, chosen.dtype)
        self.generate.show_model(self._session.info)
        self.show_choices()

    # -- what is asked for ----------------------------------------------------------------------

    def compare(self, on: bool) -> None:
        """Open or close the results page."""
        self.comparing = on and bool(self._session.generation.pending_results)
        if self.comparing:
            self.results.open_grid()
        self._window.refresh_soon()

    def open_reference_data(self, data: QMimeData | None, pasted: bool = False) -> None:
        """Use what was dropped or pasted as reference, a file or a picture; a notice where nothing can be used."""
        found = incoming(data, pasted)
        if isinstance(found, IncomingFile):
            self.reference_controller.open(found.path)
        elif isinstance(found, IncomingPicture):
            self.reference_controller.use_picture(found.read, "pasted picture" if pasted else "dropped picture")
        else:
            self._session.notified.emit(Notice(found.reason, Kind.WARNING))
            return
        self._window.show_dock("reference")

    def _use(self, index: int) -> None:
        self._session.generation.use_result(index)
        self.compare(False)

    def _settings_of_pending(self, index: int) -> None:
        self._session.generation.use_settings(self._session.generation.pending_results[index].request)

    def _settings_of_row(self, row: HistoryRow) -> None:
        if row.pending:
            self._settings_of_pending(row.index)
        elif self._session.document is not None:
            request = self._session.document.history.snapshots[row.index].request
            if request is not None:
                self._session.generation.use_settings(request)

    def _compare_pair(self, first: int | None, second: int | None) -> None:
        one, other = generation_view.comparison_pair(self._session, first, second)
        self.results.show_pair((one[0], other[0]), (one[1], other[1]))

    def _selected_cells(self) -> NDArray[np.bool_] | None:
        choices = self._window.state.choices
        if self._session.document is None or not choices.selected or choices.level > self._session.depth:
            return None
        return cells_of(self._session.sequence, choices.level, choices.selected)

    def _open_map(self) -> None:
        folder = self._window.user_settings.folder
        name, _ = QFileDialog.getOpenFileName(self._window, "Label map or mask", folder, MAP_FILTER)
        if name:
            self.reference_controller.open_map(Path(name))
        self._window.refresh_soon()
