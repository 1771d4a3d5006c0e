"""Small dialogs: shortcuts, and what to do about unsaved changes."""

from PySide6.QtCore import Qt
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

from nvg_studio.ui.actions.action_set import ActionSet, plain_text
from nvg_studio.ui.actions.table import TABLE

MOUSE = (
    ("Zoom about the cursor", "Wheel, pinch"),
    ("Move the view", "Space and drag, middle button"),
    ("Straight line from the last stroke", "Shift-click"),
    ("Pick a cluster while painting", "Ctrl-click"),
    ("Cancel a stroke", "Escape"),
)


def shortcuts_dialog(actions: ActionSet, parent: QWidget) -> QDialog:
    """A list of all shortcuts, menu by menu, from the table of actions."""
    dialog = QDialog(parent)
    dialog.setWindowTitle("Shortcuts")
    area = QScrollArea()
    area.setWidget(_shortcut_table(actions))
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    column = QVBoxLayout(dialog)
    column.setContentsMargins(18, 12, 18, 14)
    column.setSpacing(12)
    column.addWidget(area)
    column.addWidget(buttons)
    dialog.resize(500, 600)
    return dialog


def _shortcut_table(actions: ActionSet) -> QWidget:
    sections: dict[str, list[tuple[str, str]]] = {}
    for spec in TABLE:
        if spec.shortcuts:
            keys = ", ".join(QKeySequence(k).toString(QKeySequence.SequenceFormat.NativeText) for k in spec.shortcuts)
            sections.setdefault(spec.menu.replace("&", ""), []).append((plain_text(actions[spec.name]), keys))
    table = QWidget()
    grid = QGridLayout(table)
    grid.setContentsMargins(0, 0, 12, 0)
    grid.setHorizontalSpacing(28)
    grid.setColumnStretch(0, 1)
    for title, rows in (*sections.items(), ("Mouse and pen", MOUSE)):
        heading = QLabel(title)
        heading.setProperty("role", "section")
        heading.setContentsMargins(0, 10 if grid.count() else 0, 0, 2)
        grid.addWidget(heading, grid.rowCount(), 0, 1, 2)
        for what, keys in rows:
            label = QLabel(keys)
            label.setProperty("role", "dim")
            row = grid.rowCount()
            grid.addWidget(QLabel(what), row, 0)
            grid.addWidget(label, row, 1)
    return table


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
    """Save, Discard or Cancel, before a document with unsaved changes is closed."""
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
