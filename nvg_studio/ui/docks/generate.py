"""Generate: class, seed, guidance, scope and the run buttons. It shows and edits the choices of the next runs."""

from dataclasses import dataclass, replace

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from nvg_studio.editor.runs.run_options import MAX_VARIATIONS, RunOptions, changed_from
from nvg_studio.project.planning import Scope
from nvg_studio.sampling.settings import MAX_SEED, GenerationSettings, ModelInfo
from nvg_studio.ui.actions.action_set import ActionSet
from nvg_studio.ui.docks.advanced import AdvancedFields
from nvg_studio.ui.docks.classes import ClassBox
from nvg_studio.ui.docks.run_buttons import GENERATE, RunButton
from nvg_studio.ui.qt.form_fields import Fold, FormGrid, choice_box, choose, chosen, compact, count_box, scrolling
from nvg_studio.ui.qt.theme import Theme

SCOPES = {Scope.WHOLE: "Whole picture", Scope.PAINTED: "What I painted"}


@dataclass(frozen=True)
class RunView:
    """What the run buttons show: what a run would do, or how far one is.

    `document`: whether there is one; `primary`, `second`: the two buttons; `status`: one line; `done` of `total`
    stages; `scope`: what "Auto" means now.
    """

    document: bool
    primary: RunButton
    second: RunButton
    can_run: bool
    busy: bool
    status: str
    done: int
    total: int
    scope: Scope
    waiting: int = 0


class GenerateDock(QWidget):
    """Emits `options_chosen` with the `RunOptions` that were set; `run_requested` with the name of an action."""

    options_chosen = Signal(object)
    precision_chosen = Signal(str, str)
    randomize_requested = Signal()
    run_requested = Signal(str)
    cancel_requested = Signal()

    def __init__(self, theme: Theme, actions: ActionSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._options = RunOptions()
        self._defaults = GenerationSettings()
        self._buttons: tuple[RunButton, RunButton] = (GENERATE, GENERATE)
        self.live = QToolButton()
        self.live.setDefaultAction(actions["run.live"])
        self.live.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.live.setProperty("toggle", "true")
        self.class_box = ClassBox()
        self.seed = QLineEdit("0")
        self.seed.setValidator(QRegularExpressionValidator(r"\d{1,19}", self.seed))
        self.seed.setAccessibleName("Seed")
        self.randomize = QToolButton()
        self.randomize.setToolTip("Roll a new seed")
        self.randomize.setAccessibleName("Roll a new seed")
        self.keep = QCheckBox("Keep")
        self.keep.setToolTip("Keep this seed for the next runs; otherwise every run rolls a new one")
        self.variations = count_box("Variations", 1, MAX_VARIATIONS)
        self.variations.setToolTip("How many results to make at once, with seeds that follow one another")
        self.scope = compact(choice_box("Scope", {None: "Auto", **SCOPES}))
        self.scope.setToolTip("What a run may change: everything that is not locked, or only what was painted")
        self.advanced = AdvancedFields()
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
        form.setVerticalSpacing(4)
        form.add_field("Class", self.class_box)
        form.add_field("Seed", self.seed, self.randomize, self.keep)
        form.add_field("Scope", self.scope)
        form.add_field("Variations", self.variations, self.live)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(12, 6, 12, 4)
        column.setSpacing(4)
        column.addLayout(form)
        fold = Fold("Advanced", self.advanced, self._theme)
        column.addWidget(fold)
        column.addStretch(1)
        area = scrolling(inner)
        area.setMinimumHeight(110)
        bar = area.verticalScrollBar()
        bar.rangeChanged.connect(lambda low, high: bar.setValue(fold.y() if fold.header.isChecked() else low))
        buttons = QGridLayout()
        buttons.setSpacing(6)
        buttons.addWidget(self.run, 0, 0, 1, 2)
        buttons.addWidget(self.run_here, 1, 0)
        buttons.addWidget(self.cancel, 1, 1)
        foot = QVBoxLayout()
        foot.setContentsMargins(12, 4, 12, 10)
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
        self.advanced.changed.connect(self._changed)
        self.advanced.defaults_requested.connect(self._reset)
        self.advanced.precision_chosen.connect(self.precision_chosen)
        self.randomize.clicked.connect(self.randomize_requested)
        self.keep.toggled.connect(lambda on: self._choose(replace(self._options, keep_seed=on)))
        self.variations.valueChanged.connect(lambda count: self._choose(replace(self._options, variations=count)))
        self.scope.activated.connect(self._scope_chosen)
        self.run.clicked.connect(lambda: self.run_requested.emit(self._buttons[0].action))
        self.run_here.clicked.connect(lambda: self.run_requested.emit(self._buttons[1].action))
        self.cancel.clicked.connect(self.cancel_requested)

    def show_model(self, info: ModelInfo | None) -> None:
        """Offer the model's classes and show its defaults, its device and precision."""
        self.class_box.show_classes(info.class_names if info else ())
        self._defaults = info.defaults if info else GenerationSettings()
        self.advanced.show_model(info)
        self.setEnabled(info is not None)

    def show_options(self, options: RunOptions) -> None:
        """Show the options of the next runs; settings that are None show the model's default."""
        self._options = options
        full = options.settings.resolved(self._defaults)
        boxes = (self.class_box, self.seed, self.keep, self.variations, self.scope)
        blockers = [QSignalBlocker(box) for box in boxes]
        self.class_box.choose(full.class_id)
        self.seed.setText(str(full.seed))
        self.keep.setChecked(options.keep_seed)
        self.variations.setValue(options.variations)
        choose(self.scope, options.scope)
        self.advanced.show_settings(full)
        for blocker in blockers:
            blocker.unblock()

    def show_run(self, view: RunView) -> None:
        """Show what a run would do, or how far it is."""
        self.run.setEnabled(view.can_run)
        self.run_here.setEnabled(view.can_run and view.document)
        self._buttons = (view.primary, view.second)
        for button, content in zip((self.run, self.run_here), self._buttons, strict=True):
            button.setText(content.text)
            button.setToolTip(content.tip)
        self.cancel.setEnabled(view.busy)
        self.cancel.setText(f"Cancel all {view.waiting + 1}" if view.waiting else "Cancel")
        self.scope.setItemText(0, f"Auto: {_inside(SCOPES[view.scope])}")
        self.progress.setVisible(view.busy)
        self.progress.setRange(0, max(view.total, 1) if view.total else 0)
        self.progress.setValue(view.done)
        self.status.setText(view.status)
        self.status.setVisible(bool(view.status))

    def _changed(self) -> None:
        shown = replace(
            self.advanced.settings(self._options.settings.resolved(self._defaults)),
            class_id=self.class_box.class_id,
            seed=min(int(self.seed.text() or 0), MAX_SEED),
        )
        self._choose(replace(self._options, settings=changed_from(self._options.settings, shown, self._defaults)))

    def _scope_chosen(self) -> None:
        automatic = self.scope.currentData() is None
        self._choose(replace(self._options, scope=None if automatic else chosen(self.scope, Scope)))

    def _reset(self) -> None:
        """Go back to the model's defaults, but for class and seed."""
        before = self._options.settings
        settings = GenerationSettings(class_id=before.class_id, seed=before.seed)
        self._choose(replace(self._options, settings=settings))

    def _choose(self, options: RunOptions) -> None:
        if options != self._options:
            self._options = options
            self.options_chosen.emit(options)

    def _paint_icons(self) -> None:
        self.randomize.setIcon(self._theme.icon("dice-five"))
        self.randomize.setIconSize(QSize(18, 18))
        self.run.setIcon(self._theme.icon("play-fill", self._theme.colours.on_accent))


def _inside(text: str) -> str:
    """A text as it is written after a colon."""
    return text[0].lower() + text[1:]
