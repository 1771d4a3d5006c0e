"""The models: choose one, download, import from disk, remove. It is not modal, and stays open while a download runs."""

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from nvg_studio.editor.model_manager import ModelManager
from nvg_studio.editor.session import Session
from nvg_studio.hub.published import AUTOENCODER, licence_accepted
from nvg_studio.ui.dialogs.licence import LicenceDialog
from nvg_studio.ui.dialogs.simple import ask_remove
from nvg_studio.ui.qt.form_fields import FormGrid
from nvg_studio.ui.qt.theme import Theme
from nvg_studio.ui.view_models.model_rows import ModelRow, model_rows, percent, progress_text

CHECKPOINTS = "Published checkpoints (*.ckpt)"
LIST_WIDTH = 340


class ModelsDialog(QDialog):
    """Emits `use_requested` with the folder of a model."""

    use_requested = Signal(object)

    def __init__(self, models: ModelManager, session: Session, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("models")
        self.setWindowTitle("Models")
        self._models, self._session, self._theme = models, session, theme
        self.rows: list[ModelRow] = []
        self._chosen: tuple[Path | None, str] | None = None
        self._build()
        self.list.currentRowChanged.connect(self._choose_row)
        for signal in (models.changed, session.model_changed, theme.changed):
            signal.connect(self.refresh)
        models.installed.connect(self._chosen_by_default)
        self.refresh()
        models.refresh()

    # -- putting together -----------------------------------------------------------------------

    def _build(self) -> None:
        self.list = QListWidget()
        self.list.setAccessibleName("Models")
        self.list.setIconSize(QSize(22, 22))
        self.list.setFixedWidth(LIST_WIDTH)
        self.title = QLabel()
        self.title.setProperty("role", "title")
        self.details = QWidget()
        self._right = right = QVBoxLayout()
        right.setSpacing(12)
        for widget in (self.title, self.details):
            right.addWidget(widget)
        right.addLayout(self._build_model_buttons())
        right.addStretch()
        middle = QHBoxLayout()
        middle.setSpacing(20)
        middle.addWidget(self.list)
        middle.addLayout(right, stretch=1)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(12)
        column.addLayout(middle, stretch=1)
        column.addWidget(self._build_work())
        column.addLayout(self._build_buttons())
        self.resize(840, 480)

    def _build_model_buttons(self) -> QHBoxLayout:
        """What can be done with the chosen model."""
        self.use = QPushButton("Use this model")
        self.download = QPushButton("Download…")
        self.remove = QPushButton("Remove…")
        for button in (self.use, self.download):
            button.setObjectName("primary")
        self.use.clicked.connect(lambda: self.use_requested.emit(self.row.folder))
        self.download.clicked.connect(self._download)
        self.remove.clicked.connect(self._remove)
        buttons = QHBoxLayout()
        for button in (self.use, self.download, self.remove):
            buttons.addWidget(button)
        buttons.addStretch()
        return buttons

    def _build_work(self) -> QWidget:
        """The work under way, or why the last one failed."""
        self.line = QLabel()
        self.line.setWordWrap(True)
        self.line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress")
        self.cancel = QPushButton("Stop")
        self.cancel.clicked.connect(self._models.stop)
        left = QVBoxLayout()
        left.setSpacing(6)
        left.addWidget(self.line)
        left.addWidget(self.bar)
        work = QWidget()
        row = QHBoxLayout(work)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addLayout(left, stretch=1)
        row.addWidget(self.cancel)
        self.work = work
        return work

    def _build_buttons(self) -> QHBoxLayout:
        self.import_button = QPushButton("Import")
        menu = QMenu(self.import_button)
        menu.addAction("Model folder…", self._import_folder)
        menu.addAction("Published checkpoints…", self._import_checkpoints)
        self.import_button.setMenu(menu)
        self.close_button = QPushButton("Close")
        self.close_button.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.addWidget(self.import_button)
        row.addStretch()
        row.addWidget(self.close_button)
        return row

    # -- bringing up to date --------------------------------------------------------------------

    @property
    def row(self) -> ModelRow:
        """The chosen model."""
        return self.rows[max(self.list.currentRow(), 0)]

    def refresh(self) -> None:
        """Show the list and the work as they are now, with the same model chosen where it is still there."""
        rows = model_rows(self._models.found, self._session.info)
        if rows != self.rows:
            self.rows = rows
            self._fill()
        self._paint_icons()
        self._show_row()
        self._show_work()

    def _fill(self) -> None:
        self.list.blockSignals(True)
        self.list.clear()
        for row in self.rows:
            self.list.addItem(QListWidgetItem(f"{row.title}\n{row.detail}"))
        self.list.setCurrentRow(self._place())
        self.list.blockSignals(False)

    def _place(self) -> int:
        """Row of the chosen model; of the loaded one where none was chosen, or it was removed."""
        keys = [(row.folder, row.published) for row in self.rows]
        if self._chosen in keys:
            return keys.index(self._chosen)
        return next((place for place, row in enumerate(self.rows) if row.in_use), 0)

    def _choose_row(self) -> None:
        self._chosen = (self.row.folder, self.row.published)
        self._show_row()

    def _paint_icons(self) -> None:
        colours = self._theme.colours
        tints = {"check-circle": colours.fresh, "warning-circle": colours.error}
        for place, row in enumerate(self.rows):
            self.list.item(place).setIcon(self._theme.plain_icon(row.icon, tints.get(row.icon, colours.dim)))

    def _show_row(self) -> None:
        row, working = self.row, self._models.progress is not None
        self.title.setText(row.title)
        form = FormGrid()
        for label, value in row.facts.items():
            text = QLabel(value)
            text.setWordWrap(True)
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            form.add_field(label, text)
        self._replace_details(form)
        self.use.setVisible(not row.published)
        self.use.setEnabled(row.usable and self._session.loading is None)
        self.use.setText("In use" if row.in_use else "Use this model")
        self.download.setVisible(bool(row.published))
        self.download.setEnabled(not working)
        self.remove.setVisible(row.removable)
        self.remove.setEnabled(not working)
        self.import_button.setEnabled(not working)

    def _replace_details(self, form: FormGrid) -> None:
        details = QWidget()
        details.setLayout(form)
        self._right.replaceWidget(self.details, details)
        self.details.deleteLater()
        self.details = details

    def _show_work(self) -> None:
        progress, problem = self._models.progress, self._models.problem
        loading = self._session.loading
        self.work.setVisible(progress is not None or bool(problem) or loading is not None)
        self.bar.setVisible(progress is not None or loading is not None)
        self.cancel.setVisible(progress is not None)
        if progress is not None:
            done = percent(progress)
            self.bar.setRange(0, 0 if done is None else 100)
            self.bar.setValue(done or 0)
            self.line.setText(progress_text(progress))
        elif loading is not None:
            self.bar.setRange(0, 0)
            self.line.setText(f"Loading {loading}…")
        else:
            self.line.setText(problem)

    # -- what the buttons do --------------------------------------------------------------------

    def _chosen_by_default(self, folder: Path) -> None:
        """Choose a model that just came in, once it is in the list."""
        self._chosen = (folder, "")

    def _download(self) -> None:
        name = self.row.published
        if licence_accepted():
            self._models.download(name)
            return
        dialog = LicenceDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self._models.accept_and_download(name))
        dialog.open()

    def _import_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Model folder")
        if name:
            self._models.install_folder(Path(name))

    def _import_checkpoints(self) -> None:
        """Ask for the generator's file, and for the autoencoder's where it does not lie beside it."""
        name, _ = QFileDialog.getOpenFileName(self, "Checkpoint of the generator (d16.ckpt, …)", "", CHECKPOINTS)
        if not name:
            return
        autoencoder = Path(name).with_name(AUTOENCODER)
        if not autoencoder.is_file():
            other, _ = QFileDialog.getOpenFileName(
                self, f"Checkpoint of the autoencoder ({AUTOENCODER})", "", CHECKPOINTS
            )
            if not other:
                return
            autoencoder = Path(other)
        self._models.install_checkpoints(autoencoder, Path(name))

    def _remove(self) -> None:
        row = self.row
        if row.folder is not None and ask_remove(row.title, self):
            self._models.remove(row.folder)
