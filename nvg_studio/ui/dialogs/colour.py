"""Give a cluster a colour: pick one, and choose among the nearest codes of the model."""

import numpy as np
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import (
    QButtonGroup,
    QColorDialog,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from nvg_studio.editor.pictures.codebook_colours import CodebookColours
from nvg_studio.imaging.nearest import nearest_colours

SUGGESTIONS = 8
SWATCH = QSize(44, 32)


class ColourDialog(QDialog):
    """Emits `chosen` with a token when it is accepted. `path`: the tokens of the coarser levels."""

    chosen = Signal(int)

    def __init__(
        self,
        colours: CodebookColours,
        path: tuple[int, ...],
        initial: tuple[int, ...],
        title: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("colour")
        self.setWindowTitle(title)
        self._colours, self._path = colours, path
        self.tokens: tuple[int, ...] = ()
        self.picker = QColorDialog(QColor(*initial))
        self.picker.setWindowFlags(Qt.WindowType.Widget)
        self.picker.setOptions(
            QColorDialog.ColorDialogOption.NoButtons | QColorDialog.ColorDialogOption.DontUseNativeDialog
        )
        self.swatches = [_swatch(number) for number in range(SUGGESTIONS)]
        self._group = QButtonGroup(self)
        self._hint = QLabel()
        self._hint.setProperty("role", "dim")
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.ok = self._buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.ok.setText("Give this colour")
        self.ok.setObjectName("primary")
        self._lay_out()
        self.picker.currentColorChanged.connect(self._suggest)
        # Escape reaches the dialog inside first, which would close itself alone.
        self.picker.rejected.connect(self.reject)
        colours.ready.connect(self._suggest)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        self.accepted.connect(lambda: self.chosen.emit(self.tokens[self._group.checkedId()]))
        self.finished.connect(colours.cancel)
        colours.request(path)
        self._suggest()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        for number, swatch in enumerate(self.swatches):
            self._group.addButton(swatch, number)
            row.addWidget(swatch)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 16, 14)
        column.setSpacing(10)
        column.addWidget(self.picker)
        column.addWidget(self._hint)
        column.addLayout(row)
        column.addWidget(self._buttons)

    def _suggest(self) -> None:
        """Show the codes nearest to the picked colour, the nearest one chosen."""
        colours = self._colours.cached(self._path)
        self.ok.setEnabled(colours is not None)
        for swatch in self.swatches:
            swatch.setEnabled(colours is not None)
        if colours is None:
            self._hint.setText("Asking the model for the colours of its codes…")
            return
        self._hint.setText("The nearest codes, as they look in this cluster")
        target = self.picker.currentColor()
        nearest = nearest_colours(colours, (target.red(), target.green(), target.blue()), SUGGESTIONS)
        self.tokens = tuple(int(token) for token in nearest)
        for swatch, token, colour in zip(self.swatches, self.tokens, np.asarray(colours)[nearest], strict=False):
            _paint(swatch, token, QColor(*(int(value) for value in colour)))
        self.swatches[0].setChecked(True)


def _swatch(number: int) -> QToolButton:
    swatch = QToolButton()
    swatch.setObjectName("swatch")
    swatch.setCheckable(True)
    swatch.setIconSize(SWATCH)
    swatch.setAccessibleName(f"Code {number + 1} of the nearest")
    return swatch


def _paint(swatch: QToolButton, token: int, colour: QColor) -> None:
    pixmap = QPixmap(SWATCH)
    pixmap.fill(colour)
    swatch.setIcon(QIcon(pixmap))
    swatch.setToolTip(f"Token {token}, {colour.name()}")
    swatch.setAccessibleName(f"Token {token}, colour {colour.name()}")
