"""Small input parts of docks and dialogs: a pair of numbers, a section that folds, boxes of choices and numbers."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from nvg_studio.ui.qt.theme import Theme

Kind = TypeVar("Kind", bound=StrEnum)


class RampField(QWidget):
    """A value at the first and at the last level; `changed` after typing or wheel."""

    changed = Signal()

    def __init__(self, name: str, low: float, high: float, step: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ends = tuple(_number(low, high, step) for _ in range(2))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        arrow = QLabel("→")
        arrow.setProperty("role", "dim")
        row.addWidget(self._ends[0], stretch=1)
        row.addWidget(arrow)
        row.addWidget(self._ends[1], stretch=1)
        for box, where in zip(self._ends, ("first", "last"), strict=True):
            box.setAccessibleName(f"{name} at the {where} level")
            box.setToolTip(f"{name} at the {where} level")
            box.valueChanged.connect(self.changed)

    @property
    def value(self) -> tuple[float, float]:
        """(at the first level, at the last level)."""
        return self._ends[0].value(), self._ends[1].value()

    def set_value(self, value: tuple[float, float]) -> None:
        """Show a pair without emitting `changed`."""
        for box, number in zip(self._ends, value, strict=True):
            box.blockSignals(True)
            box.setValue(number)
            box.blockSignals(False)


class Fold(QWidget):
    """A header that shows and hides what is under it."""

    def __init__(self, title: str, body: QWidget, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.header = QToolButton()
        self.header.setText(title)
        self.header.setCheckable(True)
        self.header.setObjectName("fold")
        self.header.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._body = body
        body.setVisible(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.header)
        column.addWidget(body)
        self.header.toggled.connect(self._toggle)
        theme.changed.connect(self._paint_icon)
        self._paint_icon()

    def _toggle(self, on: bool) -> None:
        self._body.setVisible(on)
        self._paint_icon()

    def _paint_icon(self) -> None:
        name = "caret-down" if self.header.isChecked() else "caret-right"
        self.header.setIcon(self._theme.plain_icon(name, self._theme.colours.dim))


class FormGrid(QGridLayout):
    """Labels on the left, fields on the right, both centred on their row."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setContentsMargins(0, 0, 0, 0)
        self.setHorizontalSpacing(12)
        self.setVerticalSpacing(8)
        self.setColumnStretch(1, 1)
        self.setColumnMinimumWidth(0, 84)

    def add_field(self, label: str, *fields: QWidget) -> None:
        """Add a row; the first of several fields is stretched."""
        row = self.rowCount()
        self.addWidget(QLabel(label), row, 0)
        if len(fields) == 1:
            self.addWidget(fields[0], row, 1)
            return
        line = QHBoxLayout()
        line.setSpacing(6)
        for i, widget in enumerate(fields):
            line.addWidget(widget, stretch=0 if i else 1)
        self.addLayout(line, row, 1)


class _WheelGuard(QObject):
    """Passes wheel events of fields without focus on to their parent, which scrolls."""

    def eventFilter(self, field: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and isinstance(field, QWidget) and not field.hasFocus():
            event.ignore()
            return True
        return False


def scrolling(inner: QWidget) -> QScrollArea:
    """A column of fields that scrolls up and down; the wheel changes a field only while that has the focus."""
    area = QScrollArea()
    area.setWidget(inner)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    guard = _WheelGuard(area)
    for field in [*inner.findChildren(QAbstractSpinBox), *inner.findChildren(QComboBox)]:
        field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        field.installEventFilter(guard)
    return area


def compact(box: QComboBox) -> QComboBox:
    """A box as wide as its layout, whatever the length of its texts."""
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(6)
    return box


def choice_box(name: str, items: Mapping[Any, str | tuple[str, str]]) -> QComboBox:
    """A box of texts, or of texts with their tips, by their values."""
    box = QComboBox()
    box.setAccessibleName(name)
    for value, shown in items.items():
        text, tip = (shown, "") if isinstance(shown, str) else shown
        box.addItem(text, value)
        box.setItemData(box.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
    return box


def choose(box: QComboBox, value: object) -> QComboBox:
    """Show a value of a box; its first one where it has no such value."""
    box.setCurrentIndex(max(box.findData(value), 0))
    return box


def chosen(box: QComboBox, kind: type[Kind]) -> Kind:
    """The current value of a box of StrEnum values: Qt stores them as plain strings."""
    return kind(box.currentData())


def count_box(name: str, low: int, high: int) -> QSpinBox:
    """A narrow box for a small number."""
    box = QSpinBox()
    box.setRange(low, high)
    box.setKeyboardTracking(False)
    box.setAccessibleName(name)
    box.setAlignment(Qt.AlignmentFlag.AlignHCenter)
    return box


def _number(low: float, high: float, step: float) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(low, high)
    box.setSingleStep(step)
    box.setDecimals(2)
    box.setKeyboardTracking(False)
    box.setAlignment(Qt.AlignmentFlag.AlignHCenter)
    box.setMinimumWidth(60)
    return box
