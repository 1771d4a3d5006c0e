"""The file dialog for saving, and a second question about replacing where a suffix was added to the typed name."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from nvg_studio.atomic import MAX_NAME, fitted_name


def ask_save_path(parent: QWidget, title: str, proposal: Path, kinds: str, endings: Sequence[str]) -> Path | None:
    """Ask for a file to write; None where the user cancels.

    Args:
        proposal: folder and name, without an ending.
        kinds: the dialog's filter.
        endings: that the name may have; the first one is added where it has none of them.
    """
    proposed = proposal.with_name(fitted_name(proposal.name, MAX_NAME - len(endings[0]) - 1) + endings[0])
    name, _ = QFileDialog.getSaveFileName(parent, title, str(proposed), kinds)
    if not name:
        return None
    path = completed(Path(name), endings)
    # The dialog asked about replacing the file of the typed name, which is another file.
    if path != Path(name) and path.is_file() and not _confirm(f"{path.name} already exists. Replace it?", "", parent):
        return None
    return path


def completed(path: Path, endings: Sequence[str]) -> Path:
    """A path whose name has one of the endings, in any case of letters; otherwise the first is added to all of it."""
    name = path.name.lower()
    if any(name.endswith(ending) and len(name) > len(ending) for ending in endings):
        return path
    return path.with_name(path.name + endings[0])


def confirm_replacing_in(folder: Path, names: Sequence[str], parent: QWidget) -> bool:
    """Whether files of these names in a folder may be replaced."""
    shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    return _confirm(f"Replace files in {folder.name or folder}?", f"There already are {shown}.", parent)


def _confirm(text: str, details: str, parent: QWidget) -> bool:
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.NoIcon)
    box.setWindowTitle("Replace")
    box.setText(text)
    box.setInformativeText(details)
    box.setStandardButtons(QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.No)
    box.setDefaultButton(QMessageBox.StandardButton.No)
    return QMessageBox.StandardButton(box.exec()) == QMessageBox.StandardButton.Yes
