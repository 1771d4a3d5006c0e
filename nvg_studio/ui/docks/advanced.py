"""The rarely changed part of the generate dock: guidance, sampling, device and precision."""

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QLabel, QPushButton, QSpinBox, QWidget

from nvg_studio.editor.files.preferences import DEVICES, DTYPES
from nvg_studio.sampling.settings import MAX_GUIDANCE, MAX_STEPS, MAX_TEMPERATURE, GenerationSettings, ModelInfo
from nvg_studio.ui.qt.form_fields import FormGrid, RampField, choice_box, choose

FINE_STEPS, MANY_STEPS = 6, 12
"""Steps of the flow from which on it agrees with its exact solution, and from which on more do not show
(docs/performance.md)."""


class AdvancedFields(QWidget):
    """Emits `changed` after a setting was set, `precision_chosen` with device and dtype to load the model with."""

    changed = Signal()
    defaults_requested = Signal()
    precision_chosen = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.content_guidance = RampField("Content guidance", 0, MAX_GUIDANCE, 0.25)
        self.structure_guidance = RampField("Structure guidance", 0, MAX_GUIDANCE, 0.25)
        self.top_p = RampField("Top-p", 0.01, 1, 0.05)
        self.temperature = QDoubleSpinBox()
        self.temperature.setRange(0.01, MAX_TEMPERATURE)
        self.temperature.setSingleStep(0.05)
        self.temperature.setAccessibleName("Temperature")
        self.steps = QSpinBox()
        self.steps.setRange(1, MAX_STEPS)
        self.steps.setAccessibleName("Structure steps")
        self.steps.setToolTip("Calls of the structure network at every level: each takes the same time")
        self.steps_hint = QLabel()
        self.steps_hint.setProperty("role", "dim")
        self.steps_hint.setWordWrap(True)
        self._few_steps = 0
        for box in (self.temperature, self.steps):
            box.setKeyboardTracking(False)
            box.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.device = choice_box("Device", DEVICES)
        self.dtype = choice_box("Precision", DTYPES)
        self.defaults = QPushButton("Model defaults")
        form = FormGrid(self)
        form.add_field("Content", self.content_guidance)
        form.add_field("Structure", self.structure_guidance)
        form.add_field("Top-p", self.top_p)
        form.add_field("Temperature", self.temperature)
        form.add_field("Steps", self.steps)
        form.add_field("", self.steps_hint)
        form.add_field("Device", self.device)
        form.add_field("Precision", self.dtype)
        form.add_field("", self.defaults)
        for ramp in (self.content_guidance, self.structure_guidance, self.top_p):
            ramp.changed.connect(self.changed)
        for box in (self.temperature, self.steps):
            box.valueChanged.connect(self.changed)
        for choice in (self.device, self.dtype):
            choice.activated.connect(self._choose_precision)
        self.steps.valueChanged.connect(self._show_hint)
        self.defaults.clicked.connect(self.defaults_requested)

    def settings(self, before: GenerationSettings) -> GenerationSettings:
        """`before` with what the fields show."""
        return replace(
            before,
            content_guidance=self.content_guidance.value,
            structure_guidance=self.structure_guidance.value,
            top_p=self.top_p.value,
            temperature=self.temperature.value(),
            structure_steps=self.steps.value(),
        )

    def show_settings(self, full: GenerationSettings) -> None:
        """Show settings; what is None in them is not known yet and left as it is."""
        with QSignalBlocker(self.temperature), QSignalBlocker(self.steps):
            if full.temperature is not None:
                self.temperature.setValue(full.temperature)
            if full.structure_steps is not None:
                self.steps.setValue(full.structure_steps)
                self._show_hint()
        for field, value in (
            (self.content_guidance, full.content_guidance),
            (self.structure_guidance, full.structure_guidance),
            (self.top_p, full.top_p),
        ):
            if value is not None:
                field.set_value(value)

    def show_model(self, info: ModelInfo | None) -> None:
        """Show what the model really uses; "Automatic" stays where it was asked for."""
        if info is not None:
            self._few_steps = info.few_steps
            self._show_hint()
            for box, used in ((self.device, info.device.split(":")[0]), (self.dtype, info.dtype)):
                if box.currentData() not in ("auto", used):
                    choose(box, used)

    def show_precision(self, device: str, dtype: str) -> None:
        """Show what models are loaded with."""
        choose(self.device, device)
        choose(self.dtype, dtype)

    def _show_hint(self) -> None:
        self.steps_hint.setText(steps_hint(self.steps.value(), self._few_steps))

    def _choose_precision(self) -> None:
        self.precision_chosen.emit(self.device.currentData(), self.dtype.currentData())


def steps_hint(steps: int, few_steps: int) -> str:
    """What a number of structure steps means to a model with a few-step network up to `few_steps` steps (0: none)."""
    if steps <= few_steps:
        return "Fast: the few-step network, close to the full one"
    if steps < FINE_STEPS:
        return f"Rough: the full network wants {FINE_STEPS} steps or more"
    return "Fine: the full network" if steps <= MANY_STEPS else "The full network: slower, hardly finer"
