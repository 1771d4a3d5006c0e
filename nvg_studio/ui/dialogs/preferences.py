"""Preferences: look, clusters, device and precision, exact pixels."""

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from nvg_studio.editor.choices import Palette
from nvg_studio.editor.files.preferences import AUTOSAVE, DEVICES, DTYPES, Preferences
from nvg_studio.ui.qt.form_fields import FormGrid, choice_box, choose, chosen

THEMES = {"system": "Follow the system", "dark": "Dark", "light": "Light"}
PALETTES = {
    Palette.DISTINCT: "Distinct",
    Palette.SAFE: "Colour-blind safe",
    Palette.MEAN: "Mean colours of the picture",
}

STRUCTURES = {"halves": "Balanced halves", "model": "As the model does"}


class PreferencesDialog(QDialog):
    """Emits `chosen` with the `Preferences` when it is accepted."""

    chosen = Signal(object)

    def __init__(self, now: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._before = now
        self.setObjectName("preferences")
        self.setWindowTitle("Preferences")
        self.theme = choose(choice_box("Theme", THEMES), now.theme)
        self.palette_box = choose(choice_box("Cluster colours", PALETTES), now.palette)
        self.device = choose(choice_box("Device", DEVICES), now.device)
        self.dtype = choose(choice_box("Precision", DTYPES), now.dtype)
        self.dtype.setToolTip("Automatic takes bfloat16 on NVIDIA GPUs and float32 elsewhere")
        self.exact = QCheckBox("Locked areas keep their own pixels")
        self.exact.setToolTip("With exact pixels, runs leave locked areas as they are, byte for byte")
        self.exact.setChecked(now.exact_pixels)
        self.structure = choose(choice_box("Structure of photos", STRUCTURES), now.photo_structure)
        self.structure.setToolTip("How the clusters of a photo are found when it is opened; halves hold still")
        self.autosave = choose(choice_box("Keep unsaved work", AUTOSAVE), now.autosave_s)
        self.autosave.setToolTip("How soon a change is saved for recovery after a crash")
        form = FormGrid()
        form.add_field("Theme", self.theme)
        form.add_field("Cluster colours", self.palette_box)
        form.add_field("Device", self.device)
        form.add_field("Precision", self.dtype)
        form.add_field("Exact pixels", self.exact)
        form.add_field("Structure of photos", self.structure)
        form.add_field("Keep unsaved work", self.autosave)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.ok.setObjectName("primary")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.accepted.connect(lambda: self.chosen.emit(self.preferences()))
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(14)
        column.addLayout(form)
        column.addWidget(buttons)
        self.setMinimumWidth(400)

    def preferences(self) -> Preferences:
        """The preferences with what is chosen in the dialog."""
        return replace(
            self._before,
            theme=self.theme.currentData(),
            palette=chosen(self.palette_box, Palette),
            device=self.device.currentData(),
            dtype=self.dtype.currentData(),
            exact_pixels=self.exact.isChecked(),
            photo_structure=self.structure.currentData(),
            autosave_s=self.autosave.currentData(),
        )
