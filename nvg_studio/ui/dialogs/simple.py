"""Small dialogs: shortcuts, and what to do about unsaved changes."""

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QMessageBox,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from nvg_studio.ui.action_set import ActionSet, plain_text
from nvg_studio.ui.actions import TABLE


def shortcuts_dialog(actions: ActionSet, parent: QWidget) -> QDialog:
    """A list of all shortcuts, from the table of actions."""
    dialog = QDialog(parent)
    dialog.setWindowTitle("Shortcuts")
    inner = QWidget()
    grid = QGridLayout(inner)
    grid.setHorizontalSpacing(28)
    grid.setColumnStretch(0, 1)
    rows = [spec for spec in TABLE if spec.shortcuts]
    for row, spec in enumerate(rows):
        grid.addWidget(QLabel(plain_text(actions[spec.name])), row, 0)
        keys = (QKeySequence(k).toString(QKeySequence.SequenceFormat.NativeText) for k in spec.shortcuts)
        label = QLabel(", ".join(keys))
        label.setProperty("role", "dim")
        grid.addWidget(label, row, 1)
    for offset, (what, how) in enumerate(MOUSE):
        grid.addWidget(QLabel(what), len(rows) + offset, 0)
        label = QLabel(how)
        label.setProperty("role", "dim")
        grid.addWidget(label, len(rows) + offset, 1)
    area = QScrollArea()
    area.setWidget(inner)
    area.setWidgetResizable(True)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    column = QVBoxLayout(dialog)
    column.addWidget(area)
    column.addWidget(buttons)
    dialog.resize(440, 560)
    return dialog


MOUSE = (
    ("Zoom about the cursor", "Wheel, pinch"),
    ("Move the view", "Space and drag, middle button"),
    ("Straight line from the last stroke", "Shift-click"),
    ("Pick a cluster while painting", "Ctrl-click"),
    ("Give up a stroke", "Escape"),
)


def ask_remove(name: str, parent: QWidget) -> bool:
    """Whether a model is to be deleted from the disk."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.NoIcon)
    box.setWindowTitle("Remove model")
    box.setText(f"Delete {name} from this machine?")
    box.setInformativeText("It can be downloaded or imported again.")
    box.setStandardButtons(QMessageBox.StandardButton.Cancel)
    delete = box.addButton("Delete", QMessageBox.ButtonRole.DestructiveRole)
    box.setDefaultButton(QMessageBox.StandardButton.Cancel)
    box.exec()
    return box.clickedButton() is delete


def ask_unsaved(name: str, parent: QWidget) -> QMessageBox.StandardButton:
    """Save, Discard or Cancel, before a document with unsaved changes goes away."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.NoIcon)
    box.setWindowTitle("Unsaved changes")
    box.setText(f"Save the changes to {name}?")
    box.setInformativeText("Otherwise they are lost.")
    box.setStandardButtons(
        QMessageBox.StandardButton.Save | QMessageBox.StandardButton.Discard | QMessageBox.StandardButton.Cancel
    )
    box.setDefaultButton(QMessageBox.StandardButton.Save)
    return QMessageBox.StandardButton(box.exec())
