"""Reference: a picture, the structure found in it, and how much of it to apply."""

from dataclasses import dataclass, replace

from PySide6.QtCore import QMimeData, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from nvg_studio.editor.reference.structure_source import COUNTED, Area, ReferenceChoices, Source
from nvg_studio.imaging.regions import MAX_REGIONS
from nvg_studio.ui.actions.action_set import ActionSet
from nvg_studio.ui.docks.crop_view import SIDE, CropView
from nvg_studio.ui.docks.level_strip import Thumb
from nvg_studio.ui.qt.dropped_data import may_be_usable
from nvg_studio.ui.qt.form_fields import FormGrid, choice_box, choose, chosen, compact, count_box, scrolling
from nvg_studio.ui.qt.theme import Theme

SOURCES = {
    Source.MODEL: ("Model's clusters", "The structure that the model itself sees in the picture"),
    Source.HALVES: ("Balanced halves", "Compact regions that stay what they are when a picture is read again"),
    Source.SUPERPIXELS: ("Superpixels", "Compact regions of like colour (SLIC)"),
    Source.COLOURS: ("Colours", "Regions of like colour and place (k-means in Lab)"),
    Source.BOX: ("Cut out in a box", "The thing inside a box, and the rest (GrabCut)"),
    Source.FILE: ("Label map or mask…", "Regions from a file: PNG, or a numpy array"),
}
AREAS = {Area.WHOLE: "Whole picture", Area.SELECTED: "Selected cluster", Area.PAINTED: "Painted area"}


@dataclass(frozen=True, eq=False)
class ReferenceView:
    """What the dock shows. `preview`: the structure map that applying would give; `status`: one line."""

    choices: ReferenceChoices
    picture: QImage | None
    centre: tuple[float, float]
    preview: QImage | None
    status: str
    levels: int
    content: bool
    can_apply: bool
    can_run: bool


class ReferenceDock(QWidget):
    """Emits `chosen` with the `ReferenceChoices` that were set, and what the user requests."""

    chosen = Signal(object)
    crop_moved = Signal(float, float)
    map_requested = Signal()
    dropped = Signal(QMimeData)
    apply_requested = Signal(bool)

    def __init__(self, theme: Theme, actions: ActionSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._choices = ReferenceChoices()
        self.setAcceptDrops(True)
        self.crop = CropView(theme)
        self.preview = Thumb(smooth=False)
        self.preview.setFixedSize(QSize(SIDE, SIDE))
        self.preview.setToolTip("The structure map that applying gives")
        self.preview.setAccessibleName("Structure map to be applied")
        self.open = _button(actions, "edit.reference")
        self.paste = _button(actions, "edit.reference_paste")
        self.status = QLabel()
        self.status.setProperty("role", "dim")
        self.status.setWordWrap(True)
        self.status.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.status.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self.source = compact(choice_box("Where the regions come from", SOURCES))
        self.count = count_box("Number of regions", 2, MAX_REGIONS)
        self.levels = count_box("Last level", 1, 8)
        self.levels.setPrefix("1 to ")
        self.levels.setSpecialValueText("1")
        self.stages = count_box("Stages of content", 0, 9)
        self.stages.setSpecialValueText("no content")
        self.stages.setToolTip("Apply the content of the first stages, too")
        self.area = compact(choice_box("Where the structure goes", AREAS))
        self.apply = QPushButton("Apply")
        self.apply.setToolTip("Apply the structure, as one step that can be undone")
        self.apply_run = QPushButton("Apply and run")
        self.apply_run.setObjectName("primary")
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        top = QGridLayout()
        top.setContentsMargins(0, 0, 0, 0)
        top.setSpacing(6)
        top.addWidget(self.crop, 0, 0, 2, 1)
        top.addWidget(self.preview, 0, 1, 2, 1)
        top.addWidget(self.open, 0, 2)
        top.addWidget(self.paste, 0, 3)
        top.addWidget(self.status, 1, 2, 1, 3)
        top.setRowStretch(1, 1)
        top.setColumnStretch(4, 1)
        form = FormGrid()
        form.setVerticalSpacing(4)
        form.setColumnMinimumWidth(0, 56)
        self.count.setFixedWidth(58)
        form.add_field("Regions", self.source, self.count)
        form.add_field("Levels", self.levels, self.stages)
        form.add_field("Into", self.area)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(12, 6, 12, 0)
        column.setSpacing(4)
        column.addLayout(top)
        column.addLayout(form)
        column.addStretch(1)
        area = scrolling(inner)
        foot = QHBoxLayout()
        foot.setContentsMargins(12, 4, 12, 4)
        foot.setSpacing(6)
        foot.addWidget(self.apply)
        foot.addWidget(self.apply_run, stretch=1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(area, stretch=1)
        outer.addLayout(foot)

    def _connect(self) -> None:
        self.crop.crop_moved.connect(self.crop_moved)
        self.crop.box_drawn.connect(lambda box: self._choose(replace(self._choices, box=box)))
        self.source.activated.connect(self._source_chosen)
        self.count.valueChanged.connect(lambda value: self._choose(replace(self._choices, count=value)))
        self.levels.valueChanged.connect(lambda value: self._choose(replace(self._choices, levels=value)))
        self.stages.valueChanged.connect(lambda value: self._choose(replace(self._choices, stages=value)))
        self.area.activated.connect(lambda: self._choose(replace(self._choices, area=chosen(self.area, Area))))
        self.apply.clicked.connect(lambda: self.apply_requested.emit(False))
        self.apply_run.clicked.connect(lambda: self.apply_requested.emit(True))

    def show_view(self, view: ReferenceView) -> None:
        """Show the reference as it is."""
        self._choices = choices = view.choices
        self.crop.show_picture(view.picture, view.centre, choices.box, choices.source is Source.BOX)
        self.preview.show_image(view.preview, False, self._theme)
        self.status.setText(view.status)
        self.status.setToolTip(view.status)
        boxes = (self.source, self.count, self.levels, self.stages, self.area)
        blockers = [QSignalBlocker(box) for box in boxes]
        choose(self.source, choices.source)
        self.count.setValue(choices.count)
        self.count.setVisible(choices.source in COUNTED)
        self.levels.setMaximum(view.levels)
        self.levels.setValue(choices.levels)
        self.stages.setValue(choices.stages if view.content else 0)
        self.stages.setPrefix("content of " if choices.stages and view.content else "")
        self.stages.setEnabled(view.content)
        choose(self.area, choices.area)
        for blocker in blockers:
            blocker.unblock()
        self.apply.setEnabled(view.can_apply)
        self.apply_run.setEnabled(view.can_apply and view.can_run)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if may_be_usable(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.dropped.emit(event.mimeData())

    def _source_chosen(self) -> None:
        source = chosen(self.source, Source)
        if source is Source.FILE:
            self.map_requested.emit()
        else:
            self._choose(replace(self._choices, source=source))

    def _choose(self, choices: ReferenceChoices) -> None:
        self._choices = choices
        self.chosen.emit(choices)


def _button(actions: ActionSet, name: str) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(actions[name])
    button.setIconSize(QSize(18, 18))
    return button
