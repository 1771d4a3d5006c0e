"""The status bar: what is under the cursor, what is running, model and device, zoom."""

from PySide6.QtWidgets import QLabel, QStatusBar, QWidget

from nvg_studio.editor.choices import Choices
from nvg_studio.editor.session import Session
from nvg_studio.hub.progress import Progress
from nvg_studio.ui.view_models.model_rows import progress_text


class StatusBar(QStatusBar):
    """Its labels are always visible, so that none of them moves when another one changes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.under_cursor = QLabel()
        self.activity = QLabel()
        self.model = QLabel()
        self.zoom = QLabel()
        self.addWidget(self.under_cursor, 1)
        for label in (self.activity, self.model, self.zoom):
            self.addPermanentWidget(label)

    def show_session(self, session: Session, work: Progress | None) -> None:
        """Model, device, and what is running: `work` on the models, or a run."""
        info = session.info
        if session.loading is not None:
            self.model.setText(f"Loading {session.loading}…")
        elif info is None:
            self.model.setText("No model")
        else:
            made_with = f"  ·  picture made with {session.document_model_name}" if session.made_with_other_model else ""
            self.model.setText(f"{info.name} · {info.device.upper()} · {info.dtype}{made_with}")
            self.model.setToolTip(info.folder)
        self.activity.setText(_activity(session) if work is None else progress_text(work))

    def show_cell(self, session: Session, choices: Choices, cell: int | None) -> None:
        """Name the cell and its cluster."""
        if cell is None or session.document is None:
            self.under_cursor.setText("")
            return
        sequence, level = session.sequence, choices.level
        cluster = int(sequence.labels(level)[cell])
        size = int((sequence.labels(level) == cluster).sum())
        path = "".join(str(bit) for bit in sequence.bits[cell, :level]) or "root"
        row, column = divmod(cell, session.grid)
        name = session.cluster_name(level, cluster)
        which = f"{name + ', ' if name else ''}cluster {cluster} of level {level}"
        parts = [which, f"path {path}", f"{size} cell{'s' if size != 1 else ''}"]
        if session.snapshot is not None and not session.snapshot.blank:
            parts.append(f"token {sequence.token_map[level, cell]}")
        self.under_cursor.setText("  ·  ".join((f"Cell {column}, {row}", *parts)))

    def show_zoom(self, percent: float | None) -> None:
        """The zoom in per cent of the picture's pixels."""
        self.zoom.setText("" if percent is None else f"{percent:.0f} %")


def _activity(session: Session) -> str:
    run = session.run_queue.running
    if run is not None:
        return f"Running from level {run.request.stage}"
    if session.pending_photo is not None:
        return "Reading the structure"
    if session.run_queue.last_seconds is not None:
        return f"Last run {session.run_queue.last_seconds:.1f} s"
    return ""
