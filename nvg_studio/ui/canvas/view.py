"""The canvas widget: shows `Layers`, zooms and pans, and passes pointer events to the current tool."""

from PySide6.QtCore import QEvent, QPointF, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QPointingDevice,
    QResizeEvent,
    QTabletEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QLineEdit, QWidget

from nvg_studio.editor.choices import ViewMode
from nvg_studio.ui.canvas.draw import draw_layers, draw_preview
from nvg_studio.ui.canvas.geometry import Viewport, fitted
from nvg_studio.ui.canvas.keys import bracket_step
from nvg_studio.ui.canvas.layers import Layers, Preview
from nvg_studio.ui.canvas.running_stroke import RunningStroke
from nvg_studio.ui.canvas.tool import NavigationTools, Pointer, Tool, ToolContext
from nvg_studio.ui.qt.theme import Theme

WHEEL_STEP = 1.0015  # zoom factor per eighth of a degree; one notch of a mouse wheel (120) is about 1.2
DIVIDER_REACH = 7.0  # widget pixels on each side of the divider
RIGHT_BUTTON = (
    "pick",
    "lock",
    "hand",
    "zoom",
    "divider",
)
"""The tools that use the right button; with others it opens a menu."""


class CanvasView(QWidget):
    """Emits `hovered` with the cell under the pointer (or None) and `viewport_changed` after zoom and pan."""

    hovered = Signal(object)
    viewport_changed = Signal()
    menu_requested = Signal(object, QPointF)
    size_stepped = Signal(int)

    def __init__(self, theme: Theme, navigation: NavigationTools, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("canvas")
        self.setAccessibleName("Canvas")
        self.setMouseTracking(True)
        self.setTabletTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(240, 200)
        self._theme = theme
        self._layers: Layers | None = None
        self.preview: Preview | None = None
        self.viewport = Viewport()
        self._fits = True
        self._tool: Tool = navigation.pan
        self._navigation = navigation
        self._tool_context: ToolContext | None = None
        self._stroke = RunningStroke(self, self._stroke_ended)
        self._still: tuple[object, QPixmap] | None = None
        self._last_pointer: Pointer | None = None
        self._space = False

    def set_tool_context(self, context: ToolContext) -> None:
        """Give the tools what they work on."""
        self._tool_context = context

    def set_tool(self, tool: Tool) -> None:
        """Use `tool` from the next press on; a stroke under way is cancelled."""
        self.cancel_stroke()
        self._tool = tool
        self._show_hover()
        self._set_cursor()

    @property
    def layers(self) -> Layers | None:
        """What is shown now; None before there is a document."""
        return self._layers

    @property
    def cell(self) -> int | None:
        """The cell under the pointer; None beside the picture."""
        if self._last_pointer is None or self._tool_context is None or self._layers is None:
            return None
        return self._tool_context.cell(self._last_pointer)

    def show_layers(self, layers: Layers | None) -> None:
        """Show another state; the first one, or one of another grid, is fitted."""
        fresh = layers is not None and (self._layers is None or self._layers.grid != layers.grid)
        self._layers = layers
        if layers is None or fresh:
            self.cancel_stroke()
            self.preview = None
        if fresh:
            self.fit()
        self._set_cursor()
        self.update()

    def show_preview(self, preview: Preview | None) -> None:
        """Show what the tool is about to do; None clears it."""
        self.preview = preview
        self.update()

    def refresh_hover(self) -> None:
        """Ask the tool again for its preview, because its options changed."""
        if not self._stroke.active:
            self._show_hover()

    # -- view -----------------------------------------------------------------------------------

    def fit(self) -> None:
        """Show the whole picture, and keep it fitted when the window is resized."""
        if self._layers is not None:
            self._fits = True
            self._set_viewport(fitted(QSizeF(self.size()), self._layers.grid))

    def actual_size(self) -> None:
        """One picture pixel on one screen pixel, about the middle of the view."""
        if self._layers is not None and self._layers.picture is not None:
            per_cell = self._layers.picture.side / self._layers.grid / self.devicePixelRatioF()
            self.zoom(per_cell / self.viewport.scale)

    def zoom(self, factor: float, about: QPointF | None = None) -> None:
        """Zoom by `factor` about a widget point (default: the middle)."""
        self._fits = False
        about = QPointF(self.width() / 2, self.height() / 2) if about is None else about
        self._set_viewport(self.viewport.zoomed(about, factor))

    def pan(self, by: QPointF) -> None:
        """Move the picture by widget pixels."""
        self._fits = False
        self._set_viewport(self.viewport.moved(by))

    def zoom_percent(self) -> float | None:
        """Screen pixels per picture pixel, times 100; None without a picture."""
        if self._layers is None or self._layers.picture is None:
            return None
        return 100 * self.viewport.scale * self.devicePixelRatioF() * self._layers.grid / self._layers.picture.side

    def _set_viewport(self, viewport: Viewport) -> None:
        if self._layers is not None:
            viewport = viewport.kept_visible(QSizeF(self.size()), self._layers.grid)
        self.viewport = viewport
        self.viewport_changed.emit()
        self.update()

    # -- painting -------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._still_picture())
        if self._layers is not None and self.preview is not None:
            draw_preview(painter, self.preview, self._layers.grid, self.viewport, self._theme.colours)
        painter.end()

    def _still_picture(self) -> QPixmap:
        """Everything but the tool's preview, drawn once for as long as it stays: the preview follows the pointer."""
        ratio = self.devicePixelRatioF()
        size = (QSizeF(self.size()) * ratio).toSize()
        key = (self._layers, self.viewport, self._theme.name, size)
        if self._still is None or self._still[0] != key:
            pixmap = QPixmap(size)
            pixmap.setDevicePixelRatio(ratio)
            pixmap.fill(QColor(self._theme.colours.canvas))
            if self._layers is not None:
                painter = QPainter(pixmap)
                draw_layers(painter, self._layers, self.viewport, self._theme.colours)
                painter.end()
            self._still = (key, pixmap)
        return self._still[1]

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._layers is not None:
            if self._fits:
                self.fit()
            else:
                self._set_viewport(self.viewport)

    # -- mouse and keys -------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._stroke.active or self._tool_context is None or self._layers is None:
            return
        self._press(event, event.button() == Qt.MouseButton.MiddleButton)

    def _press(self, event: QMouseEvent | QTabletEvent, middle: bool) -> None:
        assert self._tool_context is not None
        pointer = self._pointer(event)
        tool = self._tool_for(event, pointer, middle)
        if pointer.right and tool.name not in RIGHT_BUTTON:
            self.menu_requested.emit(self._tool_context.cluster(pointer), event.globalPosition())
            return
        self._set_cursor(dragging=tool.name == "hand")
        self._stroke.begin(tool.stroke(self._tool_context, pointer), pointer, event.button())

    def _tool_for(self, event: QMouseEvent | QTabletEvent, pointer: Pointer, middle: bool) -> Tool:
        if middle or self._space:
            return self._navigation.pan
        if self._on_divider(pointer):
            return self._navigation.divider
        eraser = event.pointerType() == QPointingDevice.PointerType.Eraser
        return self._navigation.pen_eraser if eraser else self._tool

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._move(event)

    def _move(self, event: QMouseEvent | QTabletEvent) -> None:
        self._last_pointer = self._pointer(event)
        if self._stroke.active:
            self._stroke.move(self._last_pointer)
        else:
            self._set_cursor()
            self._show_hover()
        self.hovered.emit(self.cell)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._release(event)

    def _release(self, event: QMouseEvent | QTabletEvent) -> None:
        self._last_pointer = self._pointer(event)
        self._stroke.release(self._last_pointer, event.button())
        self._set_cursor()
        self._show_hover()

    def tabletEvent(self, event: QTabletEvent) -> None:
        """A pen paints like the mouse; its other end erases."""
        kind = event.type()
        if (
            kind == QEvent.Type.TabletPress
            and not self._stroke.active
            and self._tool_context
            and self._layers is not None
        ):
            self._press(event, event.button() == Qt.MouseButton.MiddleButton)
        elif kind == QEvent.Type.TabletMove:
            self._move(event)
        elif kind == QEvent.Type.TabletRelease:
            self._release(event)
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self._layers is not None and event.angleDelta().y():
            self.zoom(WHEEL_STEP ** event.angleDelta().y(), event.position())
        event.accept()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self.zoom(1 + event.value(), event.position())
            return True
        return super().event(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        typing = isinstance(QApplication.focusWidget(), QLineEdit | QAbstractSpinBox)
        if not typing and self.window().isActiveWindow():
            self.setFocus(Qt.FocusReason.MouseFocusReason)

    def leaveEvent(self, event: QEvent) -> None:
        self._last_pointer = None
        self.hovered.emit(None)
        if not self._stroke.active:
            self.show_preview(None)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._space = False  # the key release goes to the widget that has the focus now
        self._set_cursor()
        super().focusOutEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            self._space = True
            self._set_cursor()
        elif event.key() == Qt.Key.Key_Escape:
            self.cancel_stroke()
        elif event.key() == Qt.Key.Key_Shift:
            self._modifiers_changed(shift=True)
        elif step := bracket_step(event):
            self.size_stepped.emit(step)
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space = False
            self._set_cursor()
        elif event.key() == Qt.Key.Key_Shift:
            self._modifiers_changed(shift=False)
        else:
            super().keyReleaseEvent(event)

    def cancel_stroke(self) -> None:
        """Cancel the current stroke; nothing is changed."""
        if self._stroke.cancel():
            self._set_cursor()

    def _stroke_ended(self) -> None:
        self._set_cursor()
        self._show_hover()

    def _modifiers_changed(self, shift: bool) -> None:
        if self._last_pointer is not None and not self._stroke.active:
            last = self._last_pointer
            self._last_pointer = Pointer(last.x, last.y, last.position, shift=shift)
            self._show_hover()

    def _show_hover(self) -> None:
        usable = self._tool_context is not None and self._layers is not None and not self._space
        usable = usable and not (self._last_pointer is not None and self._on_divider(self._last_pointer))
        if usable and self._last_pointer is not None and not self._stroke.active:
            self.show_preview(self._tool.hover(self._tool_context, self._last_pointer))  # type: ignore[arg-type]
        elif not self._stroke.active:
            self.show_preview(None)

    def _on_divider(self, pointer: Pointer) -> bool:
        """Whether a press at the pointer would drag the divider between before and after."""
        layers = self._layers
        if layers is None or layers.mode is not ViewMode.WIPE or not 0 <= pointer.y <= layers.grid:
            return False
        return abs(pointer.x - layers.wipe * layers.grid) * self.viewport.scale <= DIVIDER_REACH

    def _pointer(self, event: QMouseEvent | QTabletEvent) -> Pointer:
        x, y = self.viewport.to_cells(event.position())
        keys = event.modifiers()
        return Pointer(
            x,
            y,
            event.position(),
            right=event.button() == Qt.MouseButton.RightButton or bool(event.buttons() & Qt.MouseButton.RightButton),
            shift=bool(keys & Qt.KeyboardModifier.ShiftModifier),
            ctrl=bool(keys & Qt.KeyboardModifier.ControlModifier),
            alt=bool(keys & Qt.KeyboardModifier.AltModifier),
            pressure=event.pressure() if isinstance(event, QTabletEvent) else 1.0,
        )

    def _set_cursor(self, dragging: bool = False) -> None:
        if self._layers is None:
            self.setCursor(Qt.CursorShape.ArrowCursor)
        elif dragging:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        elif self._last_pointer is not None and not self._space and self._on_divider(self._last_pointer):
            self.setCursor(self._navigation.divider.cursor)
        else:
            self.setCursor(self._navigation.pan.cursor if self._space else self._tool.cursor)
