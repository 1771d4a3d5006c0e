"""Asks what to do with unsaved work of crashed programs."""

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from nvg_studio.editor.files.recovery import RecoveryController
from nvg_studio.project.autosave import Recovery
from nvg_studio.ui.dialogs.recovery import RecoveryDialog
from nvg_studio.ui.qt.open_dialog import open_dialog


class RecoveryPrompt(QObject):
    """Opens a dialog when the controller has found unsaved work; `parent` is the parent of the dialog."""

    def __init__(self, controller: RecoveryController, parent: QWidget) -> None:
        super().__init__(parent)
        self._controller, self._parent = controller, parent
        controller.found.connect(self._ask)

    def _ask(self, found: list[Recovery]) -> None:
        dialog = RecoveryDialog(found, self._parent)
        dialog.recover_requested.connect(self._controller.recover)
        dialog.discard_requested.connect(self._controller.discard)
        dialog.finished.connect(self._controller.release_undecided)
        open_dialog(dialog)
