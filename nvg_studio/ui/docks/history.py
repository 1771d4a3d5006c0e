"""History: the document's steps with thumbnails, and the results that wait beside them. A click visits or uses one."""

from collections.abc import Callable
from dataclasses import dataclass, field

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QImage, QPainter, QPixmap
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from nvg_studio.editor.timers import single_shot
from nvg_studio.ui.actions.action_set import ActionSet
from nvg_studio.ui.qt.pixmaps import static_icon
from nvg_studio.ui.qt.theme import Theme

ROLE = Qt.ItemDataRole.UserRole
THUMB = 34


@dataclass(frozen=True)
class HistoryRow:
    """One entry: a step of the document, or (`pending`) a result that waits. `index` counts each kind for itself.

    `detail`: where a result comes from; `picture` gives its thumbnail, or None while that is being made; `settings`:
    whether the settings behind it are known.
    """

    pending: bool
    index: int
    title: str
    detail: str
    picture: Callable[[], QImage | None] = field(compare=False)
    current: bool = False
    undone: bool = False
    starred: bool = False
    settings: bool = False


class PictureDelegate(QStyledItemDelegate):
    """Draws the rows that are in sight with their thumbnails: those of a long history are not held by its items."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        option.features |= QStyleOptionViewItem.ViewItemFeature.HasDecoration
        option.decorationSize = QSize(THUMB, THUMB)
        option.icon = self._icon(index.data(ROLE))

    def _icon(self, row: HistoryRow) -> QIcon:
        image = row.picture()
        pixmap = QPixmap(2 * THUMB, 2 * THUMB)
        pixmap.setDevicePixelRatio(2)
        pixmap.fill(self._theme.colours.field)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setOpacity(0.45 if row.undone else 1.0)
        if image is not None:
            painter.drawImage(pixmap.rect().adjusted(0, 0, -THUMB, -THUMB), image)
        painter.setOpacity(1.0)
        if row.starred:
            self._theme.plain_icon("star-fill", self._theme.colours.edited).paint(painter, THUMB - 15, 1, 14, 14)
        painter.end()
        return static_icon(pixmap)


class HistoryDock(QWidget):
    """Emits `visited` with a step, `pending_chosen`, `star_requested` with a result, `settings_requested` with a
    `HistoryRow`."""

    visited = Signal(int)
    pending_chosen = Signal(int)
    star_requested = Signal(int)
    settings_requested = Signal(object)

    def __init__(self, theme: Theme, actions: ActionSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._actions = actions
        self.rows: tuple[HistoryRow, ...] = ()
        self._theme_name = ""
        self.list = QListWidget()
        self.list.setAccessibleName("History")
        self.list.setIconSize(QSize(THUMB, THUMB))
        self.list.setItemDelegate(PictureDelegate(theme, self.list))
        self.list.setUniformItemSizes(True)
        self.list.setMinimumHeight(96)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.itemClicked.connect(self._clicked)
        self.list.itemActivated.connect(self._clicked)
        self.list.customContextMenuRequested.connect(self._menu)
        self._scroll_to_latest = single_shot(self, 0, self._show_current)
        self._bar = QWidget()
        row = QHBoxLayout(self._bar)
        row.setContentsMargins(4, 2, 4, 4)
        row.setSpacing(6)
        for name in ("run.results", "run.clear"):
            button = QToolButton()
            button.setDefaultAction(actions[name])
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            button.setProperty("toggle", "true")
            row.addWidget(button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 8, 6, 2)
        column.setSpacing(2)
        column.addWidget(self.list, stretch=1)
        column.addWidget(self._bar)

    def show_rows(self, rows: tuple[HistoryRow, ...]) -> None:
        """Show the steps, the current one marked, those that were undone dimmed, and the results that wait below."""
        self.list.viewport().update()  # a thumbnail may have come
        if rows == self.rows and self._theme_name == self._theme.name:
            return
        before = self.rows if self._theme_name == self._theme.name else ()
        self.rows, self._theme_name = rows, self._theme.name
        while self.list.count() > len(rows):
            self.list.takeItem(self.list.count() - 1)
        while self.list.count() < len(rows):
            self.list.addItem(QListWidgetItem())
        for n, row in enumerate(rows):
            if n >= len(before) or row != before[n]:
                self._fill(self.list.item(n), row)
        current = next((n for n, row in enumerate(rows) if row.current), None)
        if current is not None:
            self.list.setCurrentRow(current)
            self._show_current()
        self._bar.setVisible(any(row.pending for row in rows))

    def show_latest(self, visible: bool) -> None:
        """Scroll to the current step once the dock is in front: behind another one it has no size to scroll in."""
        if visible:
            self._scroll_to_latest.start()

    def _show_current(self) -> None:
        self.list.scrollToItem(self.list.currentItem())

    def _fill(self, item: QListWidgetItem, row: HistoryRow) -> None:
        item.setText(f"{row.title}\n{row.detail}" if row.detail else row.title)
        item.setData(ROLE, row)
        font = item.font()
        font.setBold(row.current)
        item.setFont(font)
        item.setData(Qt.ItemDataRole.ForegroundRole, QColor(self._theme.colours.faint) if row.undone else None)
        waiting = "A result that waits: click to use it, as a step that can be undone" if row.pending else ""
        item.setToolTip("Undone: click to go there again" if row.undone else waiting)

    def _clicked(self, item: QListWidgetItem) -> None:
        row: HistoryRow = item.data(ROLE)
        (self.pending_chosen if row.pending else self.visited).emit(row.index)

    def _menu(self, where: QPoint) -> None:
        item = self.list.itemAt(where)
        if item is not None:
            menu = self.menu_for(item.data(ROLE))
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(self.list.viewport().mapToGlobal(where))

    def menu_for(self, row: HistoryRow) -> QMenu:
        """What can be done with an entry."""
        menu = QMenu(self)
        if row.pending:
            menu.addAction("Use this result", lambda: self.pending_chosen.emit(row.index))
            menu.addAction("Take the star away" if row.starred else "Star", lambda: self.star_requested.emit(row.index))
            menu.addAction(self._actions["run.results"])
        else:
            menu.addAction("Go to this step", lambda: self.visited.emit(row.index))
        settings = menu.addAction("Use these settings", lambda: self.settings_requested.emit(row))
        settings.setEnabled(row.settings)
        return menu
