"""The export dialog: which format, which levels, which layers, how large."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from nvg_studio.project.export.kinds import LAYERED, MAX_SCALE, Format, LayerChoice, Part
from nvg_studio.ui.qt.form_fields import choice_box, choose, chosen, count_box

FORMATS = {
    Format.ORA: ("OpenRaster (.ora)", "Layers for Krita, GIMP, MyPaint and others."),
    Format.PSD: ("Photoshop (.psd)", "Layers with masks for Photoshop, Krita, GIMP and others."),
    Format.TIFF: ("TIFF, one page a layer (.tif)", "For pipelines: pages with names and positions."),
    Format.PNG: ("Folder of PNG files", "For papers: pictures, label maps, tokens and a manifest."),
    Format.STRIP: ("Strip from coarse to fine (.png)", "Structure maps above, pictures below, one column a level."),
    Format.PICTURE: ("Picture with the work in it (.png)", "Opening this picture goes on with the work."),
    Format.JPEG: ("Picture (.jpg)", "With the settings in its metadata."),
    Format.WEBP: ("Picture, lossless (.webp)", "With the settings in its metadata."),
}
PARTS = {
    Part.PICTURE: "Picture after the stage",
    Part.RESIDUAL: "What the stage adds (residual)",
    Part.STRUCTURE: "Structure map",
    Part.CUTOUTS: "Soft cut-outs of the clusters",
    Part.LOCKS: "Locks",
}
WITH_CUTOUTS = LAYERED | {Format.PNG}
WITH_MODEL_SIZE = frozenset({Format.STRIP})


class ExportDialog(QDialog):
    """Emits `chosen` with a `Format` and a `LayerChoice` when it is accepted."""

    chosen = Signal(object, object)

    def __init__(self, depth: int, base_size: int, model_size: int | None, parent: QWidget | None = None) -> None:
        """`depth`: K; `base_size`, `model_size`: pixels a side of the picture and of the model's (None: not known)."""
        super().__init__(parent)
        self.setWindowTitle("Export")
        self.setObjectName("export")
        self._base_size, self._model_size = base_size, model_size
        self.format = choice_box("Format", FORMATS)
        self.about = QLabel()
        self.about.setProperty("role", "dim")
        self.about.setWordWrap(True)
        self.size_box = choice_box("Size", {})
        self.level = _level_box("Level of the cut-outs", 2, depth)
        self.first = _level_box("First level with a group", 1, depth)
        self.last = _level_box("Last level with a group", 4, depth)
        self.parts = {part: QCheckBox(text) for part, text in PARTS.items()}
        for box in self.parts.values():
            box.setChecked(True)
        self._arrange()
        self.format.currentIndexChanged.connect(self._refresh)
        self.first.valueChanged.connect(lambda value: self.last.setMinimum(value))
        self._refresh()

    @property
    def kind(self) -> Format:
        """The chosen format."""
        return chosen(self.format, Format)

    @property
    def choice(self) -> LayerChoice:
        """The chosen levels, parts and scale."""
        parts = frozenset(part for part, box in self.parts.items() if box.isChecked())
        groups = tuple(range(self.first.value(), self.last.value() + 1)) if parts else ()
        return LayerChoice(self.level.value(), groups, parts, self.size_box.currentData())

    def _arrange(self) -> None:
        self.form = QFormLayout()
        self.form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.form.setHorizontalSpacing(18)
        self.form.setVerticalSpacing(10)
        self.form.addRow("Format", self.format)
        self.form.addRow("", self.about)
        self.form.addRow("Size", self.size_box)
        self.form.addRow("Cut out the clusters of level", self.level)
        self.groups, self.part_boxes = QWidget(), QWidget()
        levels = QHBoxLayout(self.groups)
        levels.setContentsMargins(0, 0, 0, 0)
        levels.setSpacing(8)
        for widget in (self.first, QLabel("to"), self.last):
            levels.addWidget(widget)
        levels.addStretch()
        column = QVBoxLayout(self.part_boxes)
        column.setContentsMargins(0, 0, 0, 0)
        for box in self.parts.values():
            column.addWidget(box)
        self.form.addRow("Hidden groups for levels", self.groups)
        self.form.addRow("", self.part_boxes)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(18, 16, 18, 14)
        outer.setSpacing(14)
        outer.addLayout(self.form)
        outer.addStretch()
        outer.addWidget(self._buttons())
        self.setMinimumWidth(460)

    def _buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        go = buttons.button(QDialogButtonBox.StandardButton.Ok)
        go.setText("Export…")
        go.setObjectName("primary")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.accepted.connect(lambda: self.chosen.emit(self.kind, self.choice))
        return buttons

    def _refresh(self) -> None:
        """Enable the options that the format supports."""
        kind = self.kind
        self.about.setText(FORMATS[kind][1])
        self.form.setRowVisible(self.level, kind in WITH_CUTOUTS)
        for row in (self.groups, self.part_boxes):
            self.form.setRowVisible(row, kind in LAYERED)
        scale_before = self.size_box.currentData()
        self.size_box.clear()
        whole = "As it is shown" if kind in WITH_MODEL_SIZE else f"As the picture ({self._base_size} pixels)"
        self.size_box.addItem(whole, None)
        for scale in range(1, MAX_SCALE + 1):
            pixels = "" if self._model_size is None else f" ({scale * self._model_size} pixels)"
            self.size_box.addItem(f"{scale} × the model's{pixels}", scale)
        choose(self.size_box, scale_before)
        self.adjustSize()


def _level_box(name: str, value: int, depth: int) -> QSpinBox:
    box = count_box(name, 0, depth)
    box.setValue(min(value, depth))
    box.setFixedWidth(64)
    return box
