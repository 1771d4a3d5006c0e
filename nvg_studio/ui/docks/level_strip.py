"""The level strip: one card per stage with its structure map and its picture. While a run works, cards fill in."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from nvg_studio.ui.canvas.draw import cell_path, hatch
from nvg_studio.ui.canvas.geometry import Viewport
from nvg_studio.ui.qt.theme import Colours, Theme

GAP = 6
PADDING = 7
WIDEST = 176
RUN_ICON, STATE_ICON = 12, 14
HEAD_SPACING = 2
HATCH = 7.0  # pixels between the lines over locked cells


@dataclass(frozen=True, eq=False)
class CardView:
    """What a card shows; images may be missing.

    `layout_held`, `content_held` bool [L]: cells whose part of the layout, or whose content, is locked at this stage.
    `run_tip`: what a run from this stage would do.
    `state`: "fresh", "kept", "edited" or "stale" of a document, "working" or "waiting" in a run, "empty" without both.
    """

    stage: int
    clusters: int
    state: str
    layout_held: NDArray[np.bool_] | None
    content_held: NDArray[np.bool_] | None
    structure: QImage | None
    picture: QImage | None
    active: bool
    can_run: bool
    run_tip: str = ""


@dataclass(frozen=True)
class StateLook:
    """How a card shows its state: word and icon ("" for none) in a colour of the theme, and the tool tip."""

    word: str
    icon: str
    colour: Callable[[Colours], str]
    tip: str


STATES = {
    "empty": StateLook("", "", lambda colours: colours.faint, "Nothing here yet"),
    "fresh": StateLook(
        "Fresh",
        "check-circle",
        lambda colours: colours.fresh,
        "Structure and content come from the last run or the photo",
    ),
    "kept": StateLook("Kept", "check", lambda colours: colours.dim, "Below the edit: the next run does not change it"),
    "edited": StateLook(
        "Edited",
        "pencil-simple",
        lambda colours: colours.edited,
        "The lowest level that was edited: the next run starts here",
    ),
    "stale": StateLook("Stale", "clock", lambda colours: colours.faint, "Above the edit: the next run replaces it"),
    "working": StateLook("Working", "", lambda colours: colours.accent, "The run is at this level"),
    "waiting": StateLook("Waiting", "clock", lambda colours: colours.faint, "The run has not reached this level yet"),
}
STATE_LABELS = tuple((look.word, bool(look.icon)) for look in STATES.values())


class Thumb(QWidget):
    """A square picture, smooth or cell by cell; dimmed where it is out of date."""

    def __init__(self, smooth: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._smooth = smooth
        self._image: QImage | None = None
        self._dimmed = False
        self._held: NDArray[np.bool_] | None = None
        self._shown: tuple[object, ...] = ()
        self._theme: Theme | None = None

    def show_image(
        self, image: QImage | None, dimmed: bool, theme: Theme, held: NDArray[np.bool_] | None = None
    ) -> None:
        """Show a picture, or an empty frame; cells bool [L] that are `held` are hatched under a padlock."""
        held = held if held is not None and held.any() else None
        shown = (image, dimmed, theme.colours, None if held is None else held.tobytes())
        if shown != self._shown:
            self._shown = shown
            self._image, self._dimmed, self._theme, self._held = image, dimmed, theme, held
            self.update()

    @property
    def filled(self) -> bool:
        """Whether there is a picture to see."""
        return self._image is not None

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._theme is None:
            return
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colours.field)
        if self._image is not None:
            painter.setOpacity(0.4 if self._dimmed else 1.0)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._smooth)
            image = self._image
            side = round(self.width() * self.devicePixelRatioF())
            if self._smooth and image.width() > 2 * side:
                image = image.scaled(side, side, mode=Qt.TransformationMode.SmoothTransformation)
            painter.drawImage(self.rect(), image)
            painter.setOpacity(1.0)
        if self._held is not None and self._image is not None:
            grid = round(len(self._held) ** 0.5)
            path = cell_path(self._held, grid, Viewport(self.width() / grid))
            hatch(painter, path, QColor(255, 255, 255, 150), HATCH)
            corner = QRect(self.width() - 19, 2, 17, 17)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(0, 0, 0, 170))
            painter.drawRoundedRect(corner, 4, 4)
            self._theme.plain_icon("lock-simple-fill", "#ffffff").paint(painter, corner.adjusted(2, 2, -2, -2))
        painter.end()


class StageCard(QFrame):
    """One stage. A click chooses the level; the button runs from here."""

    chosen = Signal(int)
    run_requested = Signal(int)
    menu_requested = Signal(int, QPoint)

    def __init__(self, stage: int, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.stage = stage
        self.view: CardView | None = None
        self._theme = theme
        self.title = QLabel(f"Level {stage}")
        self._state_icon = QLabel()
        self.state = QLabel()
        self.structure, self.picture = Thumb(smooth=False), Thumb(smooth=True)
        self.run = QToolButton()
        self.run.setText("Run from here")
        self.run.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.run.setObjectName("run_here")
        self.run.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.run.setIconSize(QSize(RUN_ICON, RUN_ICON))
        self.run.setAccessibleName(f"Run from level {stage}")
        self.run.clicked.connect(lambda: self.run_requested.emit(stage))
        self._lay_out()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(HEAD_SPACING)
        head.addWidget(self.title)
        head.addStretch(1)
        head.addWidget(self._state_icon)
        head.addWidget(self.state)
        thumbs = QHBoxLayout()
        thumbs.setSpacing(GAP)
        thumbs.addWidget(self.structure)
        thumbs.addWidget(self.picture)
        column = QVBoxLayout(self)
        column.setContentsMargins(PADDING, PADDING - 2, PADDING, PADDING - 4)
        column.setSpacing(4)
        column.addLayout(head)
        column.addLayout(thumbs)
        column.addWidget(self.run)

    def set_width(self, width: int) -> None:
        """Give the card a width in pixels; both pictures share it."""
        self.setFixedWidth(width)
        side = (width - 2 * PADDING - GAP) // 2
        for thumb in (self.structure, self.picture):
            thumb.setFixedSize(QSize(side, side))
        layout = self.layout()
        assert layout is not None
        layout.activate()  # or sizeHint would be that of the last width until the event loop runs

    def least_width(self) -> int:
        """The width in pixels that the card needs for its texts, whatever its state is."""
        self.ensurePolished()
        advance = self.state.fontMetrics().horizontalAdvance
        state = max(advance(word) + icon * (STATE_ICON + HEAD_SPACING) for word, icon in STATE_LABELS)
        head = self.title.sizeHint().width() + HEAD_SPACING + state
        # What a tool button takes beside its text: 4 after the icon, border and padding of #run_here.
        run = self.run.fontMetrics().horizontalAdvance(self.run.text()) + RUN_ICON + 4 + 4
        # Margin and border of #card stand outside the padding of the layout.
        return max(head, run) + 2 * PADDING + 4

    def show_view(self, view: CardView) -> None:
        """Show a state of the stage."""
        activity_changed = self.view is None or self.view.active != view.active
        self.view = view
        colours = self._theme.colours
        look = STATES[view.state]
        colour = look.colour(colours)
        self.state.setText(look.word)
        self.state.setToolTip(look.tip)
        self.state.setStyleSheet(f"color: {colour};")
        self._state_icon.setVisible(bool(look.icon))
        if look.icon:
            self._state_icon.setPixmap(self._theme.icon(look.icon, colour).pixmap(STATE_ICON, STATE_ICON))
        dimmed = view.state in ("stale", "waiting")
        self.structure.show_image(view.structure, dimmed, self._theme, view.layout_held)
        self.picture.show_image(view.picture, dimmed, self._theme, view.content_held)
        self.run.setIcon(self._theme.icon("play", colours.accent if view.can_run else colours.faint))
        self.run.setEnabled(view.can_run)
        self.run.setToolTip(view.run_tip)
        held = {"layout": view.layout_held, "content": view.content_held}
        locked = "".join(
            f", {what} {'' if cells.all() else 'partly '}locked"
            for what, cells in held.items()
            if cells is not None and cells.any()
        )
        self.setToolTip(f"Level {view.stage}: {view.clusters} cluster{'s' if view.clusters > 1 else ''}{locked}")
        self.setAccessibleName(f"Level {view.stage}, {look.word}{locked}")
        if activity_changed:
            self.setProperty("active", "true" if view.active else "false")
            self.style().unpolish(self)
            self.style().polish(self)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(self.stage)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_requested.emit(self.stage, event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit(self.stage)
        else:
            super().keyPressEvent(event)


class LevelStrip(QFrame):
    """All cards in a row; they widen with the window and scroll when it is narrow."""

    level_chosen = Signal(int)
    run_requested = Signal(int)
    menu_requested = Signal(int, QPoint)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("strip")
        self._theme = theme
        self.cards: list[StageCard] = []
        self._row_widget = QWidget()
        self._row = QHBoxLayout(self._row_widget)
        self._row.setContentsMargins(10, 8, 10, 8)
        self._row.setSpacing(GAP)
        self._row.addStretch(1)
        self._row.addStretch(1)
        self._area = QScrollArea()
        self._area.setWidget(self._row_widget)
        self._area.setWidgetResizable(True)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self._area)
        self.set_stages(9)

    def set_stages(self, count: int) -> None:
        """Have `count` cards."""
        while len(self.cards) > count:
            card = self.cards.pop()
            self._row.removeWidget(card)
            card.deleteLater()
        while len(self.cards) < count:
            card = StageCard(len(self.cards), self._theme)
            card.chosen.connect(self.level_chosen)
            card.run_requested.connect(self.run_requested)
            card.menu_requested.connect(self.menu_requested)
            self._row.insertWidget(self._row.count() - 1, card)
            self.cards.append(card)
        self._fit_cards()

    def show_views(self, views: list[CardView]) -> None:
        """Show all stages."""
        if len(views) != len(self.cards):
            self.set_stages(len(views))
        for card, view in zip(self.cards, views, strict=True):
            if view.active and (card.view is None or not card.view.active):
                self._area.ensureWidgetVisible(card)
            card.show_view(view)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit_cards()

    def showEvent(self, event: QShowEvent) -> None:
        self._fit_cards()  # only now do the cards know their style, and with it their height

    def _fit_cards(self) -> None:
        count = len(self.cards)
        share = (self.width() - 20 - GAP * (count - 1)) // count
        least = max(card.least_width() for card in self.cards)
        for card in self.cards:
            card.set_width(min(max(share, least), WIDEST))
        bar = self._area.horizontalScrollBar().sizeHint().height() if share < least else 0
        self.setFixedHeight(max(card.sizeHint().height() for card in self.cards) + 16 + bar + 1)
        self._column.setGeometry(self.contentsRect())  # the height may have changed within a resize or show event
