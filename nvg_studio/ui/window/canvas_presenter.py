"""Shows the document on the canvas: renders the pictures, and marks rebalanced cells for a moment."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication

from nvg_studio.editor.choices import EditorState
from nvg_studio.editor.pictures.qimages import to_qimage
from nvg_studio.editor.session import Session
from nvg_studio.editor.timers import single_shot
from nvg_studio.ui.canvas.displayed_picture import DisplayedPicture
from nvg_studio.ui.canvas.view import CanvasView
from nvg_studio.ui.view_models import canvas_layers

FLASH_MS = 450


class CanvasPresenter(QObject):
    """`changed`: there is something else to show. `displayed` is the picture on the canvas, `comparison` the one that
    it is compared with."""

    changed = Signal()

    def __init__(self, canvas: CanvasView, session: Session, state: EditorState, parent: QObject) -> None:
        super().__init__(parent)
        self._canvas, self._session, self._state = canvas, session, state
        self.displayed = DisplayedPicture(session.background, self)
        self.comparison = DisplayedPicture(session.background, self)
        self._rebalanced: NDArray[np.bool_] | None = None
        self._flash_timer = single_shot(self, FLASH_MS, self._end_flash)
        for picture in (self.displayed, self.comparison):
            picture.changed.connect(self.changed)
        session.document_editor.cells_rebalanced.connect(self._start_flash)

    def refresh(self) -> None:
        """Show session and choices as they are."""
        session, choices = self._session, self._state.choices
        session.stage_pictures.request(canvas_layers.requested_pictures(session, choices))
        self.displayed.show(canvas_layers.composition(session, choices))
        self.comparison.show(canvas_layers.comparison(session, choices))
        image, compared = self.displayed.image, self.comparison.image
        layers = canvas_layers.layers(session, choices, image, compared, self._rebalanced)
        self._canvas.show_layers(layers)
        self._canvas.refresh_hover()

    def copy_picture(self) -> None:
        """Put the displayed picture on the clipboard."""
        if self.displayed.picture is not None:
            QApplication.clipboard().setImage(to_qimage(self.displayed.picture))

    def stop(self) -> None:
        """Start no timers any more."""
        self._flash_timer.stop()

    def _start_flash(self, cells: NDArray[np.bool_]) -> None:
        self._rebalanced = cells
        self._flash_timer.start()
        self.changed.emit()

    def _end_flash(self) -> None:
        self._rebalanced = None
        self.changed.emit()
