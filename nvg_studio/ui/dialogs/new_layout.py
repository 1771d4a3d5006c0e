"""New layout: the class to be painted, and the structure at the start."""

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QRadioButton, QVBoxLayout, QWidget

from nvg_studio.sampling.settings import ModelInfo
from nvg_studio.ui.docks.classes import ClassBox
from nvg_studio.ui.qt.form_fields import FormGrid


@dataclass(frozen=True)
class LayoutChoice:
    """A class (None: none), and whether the document starts with clusters of equal size or with one region."""

    class_id: int | None
    bands: bool


class NewLayoutDialog(QDialog):
    """Emits `chosen` with a `LayoutChoice` when it is accepted."""

    chosen = Signal(object)

    def __init__(self, info: ModelInfo, class_id: int | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("New layout")
        self.setObjectName("new_layout")
        self.class_box = ClassBox()
        self.class_box.show_classes(info.class_names)
        self.class_box.choose(class_id)
        self.one = QRadioButton("One region: paint freely on it")
        self.bands = QRadioButton("Equal bands: regions stay equal in size while you paint")
        (self.one if info.supports_unbalanced_trees else self.bands).setChecked(True)
        hint = QLabel("Paint regions at levels 1 to 4, then press Run: the model fills the layout in.")
        hint.setProperty("role", "dim")
        hint.setWordWrap(True)
        form = FormGrid()
        form.add_field("Class", self.class_box)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.create_button = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.create_button.setText("Create")
        self.create_button.setObjectName("primary")
        buttons.accepted.connect(self.accept)
        self.accepted.connect(lambda: self.chosen.emit(self.choice))
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(12)
        column.addWidget(hint)
        column.addLayout(form)
        column.addWidget(self.one)
        column.addWidget(self.bands)
        column.addSpacing(4)
        column.addWidget(buttons)
        self.setMinimumWidth(400)

    @property
    def choice(self) -> LayoutChoice:
        """What is chosen now."""
        return LayoutChoice(self.class_box.class_id, self.bands.isChecked())
