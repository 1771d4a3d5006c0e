"""The options of the tool in use, on the main toolbar: brush size, active clusters, switches, kind of lock."""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QSlider, QToolButton, QWidget

from nvg_studio.editor.choices import PAINTING, Choices, LockKind
from nvg_studio.ui.actions.action_set import ActionSet
from nvg_studio.ui.qt.form_fields import choice_box, choose, chosen
from nvg_studio.ui.qt.theme import Theme

MARGIN = SPACING = 6
WITH_SIZE = ("brush", "eraser", "lock")
WITH_ACTIVE_CLUSTER = ("brush", "fill", "lasso", "rectangle", "ellipse", "pick")
LOCK_NAMES = {
    LockKind.REGION: ("Region", "Everything: shape and content of all levels"),
    LockKind.LAYOUT: ("Layout", "The shape, up to the active level"),
    LockKind.COARSE: ("Coarse content", "The content, up to the active level"),
}


class ClusterSwatches(QWidget):
    """The two active clusters, overlapping as in painting programs; a click swaps them."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._colours = (QColor("grey"), QColor("grey"))
        self.setFixedSize(40, 28)

    def show_colours(self, front: QColor, back: QColor) -> None:
        """Show two colours."""
        self._colours = (front, back)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for (x, y), colour in (((16, 8), self._colours[1]), ((3, 2), self._colours[0])):
            painter.setPen(QColor(self._theme.colours.window))
            painter.setBrush(colour)
            painter.drawRoundedRect(x, y, 20, 17, 4, 4)
        painter.end()


class ToolOptions(QWidget):
    """Shows the choices that affect the current tool, and emits those that the user sets."""

    size_chosen = Signal(int)
    lock_kind_chosen = Signal(object)
    unlocking_chosen = Signal(bool)

    def __init__(self, theme: Theme, actions: ActionSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._make_size()
        self._make_lock()
        self._make_balance()
        self.swatches = ClusterSwatches(theme)
        self._cluster_text, self._hint = QLabel(), QLabel()
        self._hint.setProperty("role", "dim")
        self.swap = _button(actions, "brush.swap")
        self.inside = _button(actions, "brush.inside_parent", text=True)
        self.balanced = _button(actions, "brush.balanced", text=True)
        self.contiguous = _button(actions, "brush.contiguous", text=True)
        self._groups: dict[str, tuple[QWidget, ...]] = {
            "clusters": (self.swatches, self._cluster_text, self.swap),
            "size": (self.size_slider, self._size_text),
            "fill": (self.contiguous,),
            "paint": (self.inside, self.balanced, self.meter, self.to_move),
            "lock": (self.lock_kind, self.unlock),
            "hint": (self._hint,),
        }
        row = QHBoxLayout(self)
        row.setContentsMargins(MARGIN, 0, MARGIN, 0)
        row.setSpacing(SPACING)
        for widgets in self._groups.values():
            for widget in widgets:
                row.addWidget(widget)
        row.addStretch(1)
        self._secondary = (self._cluster_text, self._size_text, self.meter, self.to_move, self._hint)
        """Hidden where the toolbar is narrow; tool tips say the same."""
        self._shown: tuple[QWidget, ...] = ()

    def _make_size(self) -> None:
        self.size_slider = QSlider(Qt.Orientation.Horizontal)
        self.size_slider.setFixedWidth(60)
        self.size_slider.setRange(1, 16)
        self.size_slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.size_slider.setAccessibleName("Brush size in cells")
        self.size_slider.setToolTip("Brush size in cells  ([ and ])")
        self.size_slider.valueChanged.connect(self.size_chosen)
        self._size_text = QLabel()
        self._size_text.setFixedWidth(52)
        self._size_text.setProperty("role", "dim")

    def _make_balance(self) -> None:
        self.meter = QProgressBar()
        self.meter.setTextVisible(False)
        self.meter.setFixedWidth(36)
        self.meter.setAccessibleName("Distance from equal clusters")
        self.to_move = QLabel()
        self.to_move.setProperty("role", "dim")

    def _make_lock(self) -> None:
        self.lock_kind = choice_box("What the lock holds", LOCK_NAMES)
        self.lock_kind.activated.connect(self._lock_kind_chosen)
        self.unlock = QToolButton()
        self.unlock.setText("Unlock")
        self.unlock.setCheckable(True)
        self.unlock.setProperty("toggle", "true")
        self.unlock.setToolTip("Unlock instead of lock  (also the right mouse button)")
        self.unlock.toggled.connect(self.unlocking_chosen)

    def _lock_kind_chosen(self) -> None:
        self.lock_kind_chosen.emit(chosen(self.lock_kind, LockKind))

    def show_choices(self, choices: Choices, colours: tuple[QColor, QColor]) -> None:
        """Show the options of `choices.tool`; `colours` are those of the two active clusters."""
        tool = choices.tool
        hint = {
            "select": "Click a cluster to select it; Shift adds more",
            "hand": "Drag to move the view",
            "zoom": "Click to zoom in, Alt-click to zoom out",
        }
        visible = {
            "clusters": tool in WITH_ACTIVE_CLUSTER,
            "size": tool in WITH_SIZE,
            "fill": tool == "fill",
            "paint": tool in PAINTING,
            "lock": tool == "lock",
            "hint": tool in hint,
        }
        self._shown = tuple(widget for group, widgets in self._groups.items() if visible[group] for widget in widgets)
        self._hint.setText(hint.get(tool, ""))
        with QSignalBlocker(self.size_slider), QSignalBlocker(self.lock_kind), QSignalBlocker(self.unlock):
            self.size_slider.setMaximum(choices.max_size)
            self.size_slider.setValue(choices.size)
            choose(self.lock_kind, choices.lock_kind)
            self.unlock.setChecked(choices.unlocking)
        self._size_text.setText(f"{choices.size} cell{'s' if choices.size > 1 else ''}")
        self._cluster_text.setText(f"Cluster {choices.cluster}")
        self._show_fitting()
        self.swatches.show_colours(*colours)
        self.swatches.setToolTip(f"Active: cluster {choices.cluster}; behind it: cluster {choices.other}")

    def sizeHint(self) -> QSize:
        """Room for everything that the tool in use has."""
        return self._size_of(self._shown)

    def minimumSizeHint(self) -> QSize:
        """Room for what has to be reached."""
        return self._size_of([widget for widget in self._shown if widget not in self._secondary])

    def _size_of(self, widgets: Sequence[QWidget]) -> QSize:
        sizes = [one.sizeHint().expandedTo(one.minimumSize()).boundedTo(one.maximumSize()) for one in widgets]
        width = sum(size.width() for size in sizes) + SPACING * max(len(sizes) - 1, 0) + 2 * MARGIN
        return QSize(width, max((size.height() for size in sizes), default=0))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._show_fitting()

    def _show_fitting(self) -> None:
        """Show the secondary widgets of the tool only where there is room for all of them."""
        fits = self.width() >= self.sizeHint().width()
        for widgets in self._groups.values():
            for widget in widgets:
                widget.setVisible(widget in self._shown and (fits or widget not in self._secondary))
        self.updateGeometry()

    def show_structure(self, to_move: int, cells: int) -> None:
        """Show how far the level is from equal clusters (cells to move)."""
        self.meter.setRange(0, cells // 2)
        self.meter.setValue(to_move)
        self.to_move.setText(f"{to_move} uneven" if to_move else "Even")
        tip = f"{to_move} cells would have to move to make the clusters of this level equal in size"
        for widget in (self.meter, self.to_move):
            widget.setToolTip(tip if to_move else "All clusters of this level are equal in size")


def _button(actions: ActionSet, name: str, text: bool = False) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(actions[name])
    button.setIconSize(QSize(18, 18))
    style = Qt.ToolButtonStyle.ToolButtonTextOnly if text else Qt.ToolButtonStyle.ToolButtonIconOnly
    button.setToolButtonStyle(style)
    button.setProperty("toggle", "true" if text else "false")
    return button
