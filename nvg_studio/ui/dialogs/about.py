"""About: versions, model, device, where the log is; and the same to be copied into a bug report."""

import platform
from pathlib import Path

import PySide6
from PySide6.QtCore import Qt, qVersion
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from nvg_studio import __version__
from nvg_studio.editor.files.log_file import log_file
from nvg_studio.sampling.settings import ModelInfo
from nvg_studio.ui.qt.form_fields import FormGrid
from nvg_studio.ui.qt.theme import application_icon
from nvg_studio.ui.view_models.model_rows import below_home

BLURB = (
    "Pictures made from coarse to fine, with a hand on every level.\n"
    "Next Visual Granularity Generation, arXiv 2508.12811."
)


def facts(info: ModelInfo | None) -> dict[str, str]:
    """The data for a bug report: versions, system, model and device; its only path is the model's folder."""
    program = {
        "NVG Studio": __version__,
        "Python": platform.python_version(),
        "Qt": f"{qVersion()}, PySide6 {PySide6.__version__}",
        "System": f"{platform.system()} {platform.release()}, {platform.machine()}",
    }
    if info is None:
        return program | {"Model": "none loaded"}
    return program | {
        "Runtime": info.runtime,
        "Model": f"{info.name}, {info.image_size} pixels, {info.identity.short}",
        "Device": f"{info.device}, {info.dtype}",
        "Folder": below_home(Path(info.folder)),
    }


def diagnostics(info: ModelInfo | None) -> str:
    """`facts` as text, a line each."""
    return "\n".join(f"{name}: {value}" for name, value in facts(info).items())


class AboutDialog(QDialog):
    """Shows `facts`; a button copies them."""

    def __init__(self, info: ModelInfo | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("about")
        self.setWindowTitle("About NVG Studio")
        picture, title, blurb = QLabel(), QLabel("NVG Studio"), QLabel(BLURB)
        picture.setPixmap(application_icon().pixmap(56, 56))
        title.setProperty("role", "title")
        blurb.setProperty("role", "dim")
        blurb.setWordWrap(True)
        head = QVBoxLayout()
        head.addWidget(title)
        head.addWidget(blurb)
        top = QHBoxLayout()
        top.setSpacing(16)
        top.addWidget(picture, alignment=Qt.AlignmentFlag.AlignTop)
        top.addLayout(head, stretch=1)
        form = FormGrid()
        for name, value in (facts(info) | {"Log": str(log_file())}).items():
            form.add_field(name, _value(value))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy = buttons.addButton("Copy diagnostics", QDialogButtonBox.ButtonRole.ActionRole)
        self.copy.setToolTip("Copy versions, system, model and device for a bug report")
        self.copy.clicked.connect(lambda: QApplication.clipboard().setText(diagnostics(info)))
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 14)
        column.setSpacing(16)
        column.addLayout(top)
        column.addLayout(form)
        column.addWidget(buttons)
        self.setMinimumWidth(480)


def _value(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
