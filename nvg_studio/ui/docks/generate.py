"""Generate: class, seed, guidance and the run buttons. It shows and edits one `GenerationSettings`."""

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QCompleter,
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from nvg_studio.sampling.settings import (
    MAX_GUIDANCE,
    MAX_SEED,
    MAX_STEPS,
    MAX_TEMPERATURE,
    GenerationSettings,
    ModelInfo,
)
from nvg_studio.ui.docks.fields import Fold, FormGrid, RampField
from nvg_studio.ui.theme import Theme

NO_CLASS = "No class"


class GenerateDock(QWidget):
    """Emits `settings_changed` with the new settings, and which button was pressed."""

    settings_changed = Signal(object)
    keep_seed_changed = Signal(bool)
    dice_asked = Signal()
    run_asked = Signal()
    run_here_asked = Signal()
    cancel_asked = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._settings = GenerationSettings()
        self._defaults = GenerationSettings()
        self.class_box = _class_box()
        self.seed = QLineEdit("0")
        self.seed.setValidator(QRegularExpressionValidator(r"\d{1,19}", self.seed))
        self.seed.setAccessibleName("Seed")
        self.dice = QToolButton()
        self.dice.setToolTip("Roll a new seed")
        self.dice.setAccessibleName("Roll a new seed")
        self.keep = QCheckBox("Keep")
        self.keep.setToolTip("Keep this seed for the next runs; otherwise every run rolls a new one")
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
        self.steps.setToolTip("Steps of the structure network at every level: more are finer and slower")
        self.structure_guidance.setToolTip("Guidance of the structure network")
        for box in (self.temperature, self.steps):
            box.setKeyboardTracking(False)
            box.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.defaults = QPushButton("Model defaults")
        self.run = QPushButton("Run")
        self.run.setObjectName("primary")
        self.run_here = QPushButton("Run from here")
        self.cancel = QPushButton("Cancel")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.status = QLabel()
        self.status.setProperty("role", "dim")
        self.status.setWordWrap(True)
        self._lay_out()
        self._connect()
        theme.changed.connect(self._paint_icons)
        self._paint_icons()

    def _lay_out(self) -> None:
        form = FormGrid()
        form.add_field("Class", self.class_box)
        form.add_field("Seed", self.seed, self.dice, self.keep)
        form.add_field("Guidance", self.content_guidance)
        advanced = QWidget()
        more = FormGrid(advanced)
        more.add_field("Structure", self.structure_guidance)
        more.add_field("Top-p", self.top_p)
        more.add_field("Temperature", self.temperature)
        more.add_field("Steps", self.steps)
        more.add_field("", self.defaults)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(12, 10, 12, 6)
        column.setSpacing(8)
        column.addLayout(form)
        column.addWidget(Fold("Advanced", advanced, self._theme))
        column.addStretch(1)
        area = QScrollArea()
        area.setWidget(inner)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setMinimumHeight(110)
        buttons = QGridLayout()
        buttons.setSpacing(6)
        buttons.addWidget(self.run, 0, 0, 1, 2)
        buttons.addWidget(self.run_here, 1, 0)
        buttons.addWidget(self.cancel, 1, 1)
        foot = QVBoxLayout()
        foot.setContentsMargins(12, 6, 12, 12)
        foot.setSpacing(6)
        foot.addWidget(self.status)
        foot.addWidget(self.progress)
        foot.addLayout(buttons)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(area, stretch=1)
        outer.addLayout(foot)

    def _connect(self) -> None:
        self.class_box.activated.connect(self._changed)
        self.seed.editingFinished.connect(self._changed)
        for field in (self.content_guidance, self.structure_guidance, self.top_p):
            field.changed.connect(self._changed)
        self.temperature.valueChanged.connect(self._changed)
        self.steps.valueChanged.connect(self._changed)
        self.dice.clicked.connect(self.dice_asked)
        self.keep.toggled.connect(self.keep_seed_changed)
        self.defaults.clicked.connect(self._reset)
        self.run.clicked.connect(self.run_asked)
        self.run_here.clicked.connect(self.run_here_asked)
        self.cancel.clicked.connect(self.cancel_asked)

    def show_model(self, info: ModelInfo | None) -> None:
        """Offer the model's classes and show its defaults."""
        names = info.class_names if info else ()
        with QSignalBlocker(self.class_box):
            self.class_box.clear()
            self.class_box.addItem(NO_CLASS, None)
            for number, name in enumerate(names):
                self.class_box.addItem(name.replace("_", " ").capitalize(), number)
        self._defaults = info.defaults if info else GenerationSettings()
        self.setEnabled(info is not None)
        self.show_settings(self._settings, self.keep.isChecked())

    def show_settings(self, settings: GenerationSettings, keep_seed: bool) -> None:
        """Show settings; what is None in them shows the model's default."""
        self._settings = settings
        full = settings.resolved(self._defaults)
        boxes = (self.class_box, self.seed, self.keep, self.temperature, self.steps)
        blockers = [QSignalBlocker(box) for box in boxes]
        index = self.class_box.findData(full.class_id)
        self.class_box.setCurrentIndex(max(index, 0))
        self.seed.setText(str(full.seed))
        self.keep.setChecked(keep_seed)
        for field, value in (
            (self.content_guidance, full.content_guidance),
            (self.structure_guidance, full.structure_guidance),
            (self.top_p, full.top_p),
        ):
            if value is not None:
                field.set_value(value)
        if full.temperature is not None:
            self.temperature.setValue(full.temperature)
        if full.structure_steps is not None:
            self.steps.setValue(full.structure_steps)
        for blocker in blockers:
            blocker.unblock()

    def show_first_run(self, can_run: bool) -> None:
        """Without a document, Run makes a new picture."""
        self.run.setText("Generate a picture")
        self.run.setToolTip("Generate a picture from nothing")
        self.run.setEnabled(can_run)
        self.run_here.setEnabled(False)

    def show_run(self, can_run: bool, busy: bool, status: str, done: int, total: int, lowest: int, here: int) -> None:
        """Show what a run would do, or how far it is: `done` of `total` stages; `lowest`, `here`: where runs start."""
        self.run.setEnabled(can_run)
        self.run.setText("Run" if lowest == 0 else f"Run from level {lowest}")
        self.run.setToolTip(
            "Generate every level anew, but for what is locked"
            if lowest == 0
            else "Generate from the lowest changed level on"
        )
        self.run_here.setEnabled(can_run)
        self.run_here.setText(f"From level {here}")
        self.run_here.setToolTip(f"Keep the levels below {here}; generate level {here} and all finer ones")
        self.cancel.setEnabled(busy)
        self.progress.setVisible(busy)
        self.progress.setRange(0, max(total, 1) if total else 0)
        self.progress.setValue(done)
        self.status.setText(status)
        self.status.setVisible(bool(status))

    def _changed(self) -> None:
        full = self._settings.resolved(self._defaults)
        shown = {
            "class_id": self.class_box.currentData(),
            "seed": min(int(self.seed.text() or 0), MAX_SEED),
            "content_guidance": self.content_guidance.value,
            "structure_guidance": self.structure_guidance.value,
            "top_p": self.top_p.value,
            "temperature": self.temperature.value(),
            "structure_steps": self.steps.value(),
        }
        new = {name: value for name, value in shown.items() if value != getattr(full, name)}
        if new:
            self._settings = replace(self._settings, **new)
            self.settings_changed.emit(self._settings)

    def _reset(self) -> None:
        self._settings = GenerationSettings(class_id=self._settings.class_id, seed=self._settings.seed)
        self.show_settings(self._settings, self.keep.isChecked())
        self.settings_changed.emit(self._settings)

    def _paint_icons(self) -> None:
        self.dice.setIcon(self._theme.icon("dice-five"))
        self.dice.setIconSize(QSize(18, 18))
        self.run.setIcon(self._theme.icon("play-fill", self._theme.colours.on_accent))


def _class_box() -> QComboBox:
    box = QComboBox()
    box.setEditable(True)
    box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
    box.setAccessibleName("Class")
    box.setMinimumContentsLength(8)
    box.addItem(NO_CLASS, None)
    completer, line = box.completer(), box.lineEdit()
    assert completer is not None and line is not None  # an editable box has both
    completer.setFilterMode(Qt.MatchFlag.MatchContains)
    completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
    line.setPlaceholderText("Search a class")
    return box
