"""Connects the reference dock with the controller that finds structures in the reference picture."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QMimeData, QObject, Signal
from PySide6.QtWidgets import QApplication, QFileDialog

from nvg_studio.editor.choices import EditorState
from nvg_studio.editor.files.project_files import PICTURE_FILTER
from nvg_studio.editor.files.user_settings import UserSettings
from nvg_studio.editor.notices import Kind, Notice
from nvg_studio.editor.reference.controller import ReferenceController
from nvg_studio.editor.session import Session
from nvg_studio.editor.strokes import cells_of
from nvg_studio.ui.docks.reference import ReferenceDock
from nvg_studio.ui.qt.dropped_data import IncomingFile, IncomingPicture, incoming
from nvg_studio.ui.view_models.reference_view import reference_view

MAP_FILTER = "Label maps and masks (*.png *.tif *.tiff *.bmp *.gif *.npz *.npy);;All files (*)"


class ReferenceConnector(QObject):
    """`changed`: there is something else to show; `opened`: a reference is being opened, so the dock has to be seen."""

    changed = Signal()
    opened = Signal()

    def __init__(
        self,
        dock: ReferenceDock,
        controller: ReferenceController,
        session: Session,
        state: EditorState,
        user_settings: UserSettings,
    ) -> None:
        super().__init__(dock)
        self._dock, self._controller, self._session, self._state = dock, controller, session, state
        self._user_settings = user_settings
        controller.changed.connect(self.changed)
        dock.chosen.connect(controller.set_choices)
        dock.crop_moved.connect(controller.move_crop)
        dock.map_requested.connect(self._ask_map)
        dock.dropped.connect(lambda data: self.open_data(data))
        dock.apply_requested.connect(lambda run: controller.apply(self._selected_cells(), run))

    def refresh(self) -> None:
        """Show the reference and its structure as they are."""
        self._dock.show_view(reference_view(self._session, self._controller, self._selected_cells()))

    def ask_picture(self) -> None:
        """Ask for a picture to take the structure of."""
        folder = self._user_settings.folder
        name, _ = QFileDialog.getOpenFileName(self._dock.window(), "Reference picture", folder, PICTURE_FILTER)
        if name:
            self._controller.open(Path(name))
            self.opened.emit()

    def paste(self) -> None:
        """Use the picture on the clipboard as reference."""
        self.open_data(QApplication.clipboard().mimeData(), pasted=True)

    def open_data(self, data: QMimeData | None, pasted: bool = False) -> None:
        """Use dropped or pasted data as reference, a file or a picture; a notice where nothing can be used."""
        found = incoming(data, pasted)
        if isinstance(found, IncomingFile):
            self._controller.open(found.path)
        elif isinstance(found, IncomingPicture):
            self._controller.use_picture(found.read, "pasted picture" if pasted else "dropped picture")
        else:
            self._session.notified.emit(Notice(found.reason, Kind.WARNING))
            return
        self.opened.emit()

    def _ask_map(self) -> None:
        folder = self._user_settings.folder
        name, _ = QFileDialog.getOpenFileName(self._dock.window(), "Label map or mask", folder, MAP_FILTER)
        if name:
            self._controller.open_map(Path(name))
        self.changed.emit()

    def _selected_cells(self) -> NDArray[np.bool_] | None:
        choices = self._state.choices
        if self._session.document is None or not choices.selected or choices.level > self._session.depth:
            return None
        return cells_of(self._session.sequence, choices.level, choices.selected)
