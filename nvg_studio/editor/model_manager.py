"""The model library of this computer: listed on a thread; downloads and conversions in a process of their own."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from nvg_studio.editor.background import Lane
from nvg_studio.editor.context import EditorContext
from nvg_studio.editor.latest import LatestOnly
from nvg_studio.editor.model_loader import ModelLoader
from nvg_studio.editor.notices import Notice, error_notice
from nvg_studio.errors import Cancelled
from nvg_studio.hub import install, library, published
from nvg_studio.hub.library import DamagedModel, ModelFacts
from nvg_studio.hub.progress import Progress
from nvg_studio.hub.subprocess_task import run_in_subprocess

Found = tuple[ModelFacts | DamagedModel, ...]


class ModelManager(QObject):
    """Runs one task at a time (a download, an installation, a conversion).

    Signals: `changed` when `found`, `progress` or `problem` change; `installed` with the folder of a new model.
    """

    changed = Signal()
    installed = Signal(object)
    _progressed = Signal(object, object)

    def __init__(self, context: EditorContext, models: ModelLoader, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context, self._background, self._models = context, context.background, models
        self._stop = threading.Event()
        self._list_requested = LatestOnly()
        self.found: Found = ()
        self.progress: Progress | None = None
        """Of the task that is running; None: none is."""
        self.problem = ""
        """Why the last task failed; "" where it did not."""
        self._progressed.connect(self._set_progress, Qt.ConnectionType.QueuedConnection)

    def refresh(self) -> None:
        """List the models again."""
        folder = self._models.info.folder if self._models.info is not None else ""
        elsewhere = Path(folder) if folder else None
        request = self._list_requested.ask()
        work = lambda: tuple(library.list_models(elsewhere))  # noqa: E731
        self._background.start(work, request.only(self._set_found), request.only(self._report_error), Lane.FILES)

    def accept_and_download(self, name: str) -> None:
        """Record that the licence is accepted, then download a published model."""
        self._background.start(published.accept_licence, lambda _: self.download(name), self._report_error, Lane.FILES)

    def download(self, name: str) -> None:
        """Download a published model whose licence is accepted."""
        self._start(f"Looking for {name}", install.install_published, name, None)

    def install_folder(self, folder: Path) -> None:
        """Copy a model folder into the library."""
        self._start(f"Checking {folder.name}", install.install_folder, folder, None)

    def install_checkpoints(self, autoencoder: Path, generator: Path) -> None:
        """Convert two published checkpoints into the library."""
        self._start(f"Converting {generator.name}", install.install_checkpoints, autoencoder, generator, True, None)

    def remove(self, folder: Path) -> None:
        """Delete a model of the user's own folder."""
        self._background.start(lambda: library.remove(folder), lambda _: self.refresh(), self._report_error, Lane.FILES)

    def stop(self) -> None:
        """Cancel the task; what was downloaded so far is used the next time."""
        self._stop.set()

    def _start(self, text: str, work: Callable[..., Path], *arguments: Any) -> None:
        if self.progress is not None:
            return
        # A flag for every task: one that ends late must not see the flag of the next.
        self._stop = stop = threading.Event()
        self.progress, self.problem = Progress(text), ""
        self.changed.emit()
        self._background.start(
            lambda: run_in_subprocess(work, arguments, lambda progress: self._progressed.emit(stop, progress), stop),
            self._installed,
            self._failed,
            Lane.LONG,
            label=text,
            stop=stop,
        )

    def _set_progress(self, work: threading.Event, progress: Progress) -> None:
        """Show the progress of the task with this flag; that of an ended task is ignored."""
        if self.progress is not None and work is self._stop:
            self.progress = progress
            self.changed.emit()

    def _installed(self, folder: Path) -> None:
        self.progress = None
        self._context.notify(Notice(f"{folder.name} is here now: choose it under Run, Models."))
        self.installed.emit(folder)
        self.refresh()

    def _failed(self, problem: Exception) -> None:
        self.progress = None
        self._report_error(problem)

    def _report_error(self, problem: Exception) -> None:
        if not isinstance(problem, Cancelled):
            notice = error_notice(problem)
            self.problem = notice.text
            self._context.notify(notice)
        self.changed.emit()

    def _set_found(self, found: Found) -> None:
        self.found = found
        self.changed.emit()
