"""One export: has missing stage pictures decoded, then writes the files on a thread that can be stopped."""

import threading
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal

from nvg_studio.editor.background import Lane
from nvg_studio.editor.context import EditorContext
from nvg_studio.editor.engine_client import EngineClient
from nvg_studio.editor.model_loader import ModelLoader
from nvg_studio.editor.notices import Kind, Notice, error_notice
from nvg_studio.errors import Cancelled as Stopped
from nvg_studio.project.export.kinds import Format, LayerChoice
from nvg_studio.project.rendering import Rendering
from nvg_studio.sampling.events import LAST_EVENTS, Decoded, Event, Failed


class ExportJob(QObject):
    """Exports the document as it is now. `finished` when its files are written, or it failed or was cancelled.

    `progressed` carries the number of written parts and that of all parts.
    """

    finished = Signal()
    progressed = Signal(int, int)
    _advanced = Signal(int, int)

    def __init__(
        self,
        context: EditorContext,
        engine: EngineClient,
        models: ModelLoader,
        kind: Format,
        choice: LayerChoice,
        target: Path,
        parent: QObject,
    ) -> None:
        """`target`: a file, or for `Format.PNG` a folder. There must be a document."""
        super().__init__(parent)
        self._context, self._engine, self._models = context, engine, models
        self._kind, self._choice, self._target = kind, choice, target
        self._project = context.to_project()
        self._stop = threading.Event()
        self._job: int | None = None
        self._advanced.connect(self.progressed, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        """Write at once, or have the engine decode the missing stages first."""
        from nvg_studio.project.export.export import stages_needed

        needed = stages_needed(self._project, self._kind, self._choice)
        if self._project.has_stages(needed):
            self._write()
            return
        snapshot, info = self._project.document.snapshot, self._models.info
        if info is None or info.depth != snapshot.sequence.depth or not info.identity.owns(snapshot.tokenizer):
            name = self._project.model_name or "another model"
            self._finish(Notice(f"Cannot export: the stages of this step need the model {name}; load it.", Kind.ERROR))
            return
        self._engine.event_received.connect(self._handle_event)
        self._job = self._engine.decode(snapshot.sequence, needed)

    def stop(self) -> None:
        """Cancel; nothing is written any more."""
        self._stop.set()
        if self._job is not None:
            self._engine.cancel(self._job)

    def _handle_event(self, event: Event) -> None:
        if event.job != self._job or not isinstance(event, LAST_EVENTS):
            return
        self._engine.event_received.disconnect(self._handle_event)
        self._job = None
        if isinstance(event, Decoded) and self._models.info is not None:
            known = self._project.current_rendering
            pictures = event.pictures if known is None else {**known.pictures, **event.pictures}
            model = self._models.info.identity.model
            rendering = Rendering.known(model, self._project.document.sequence, pictures)
            self._project = replace(self._project, rendering=rendering)
            self._write()
        elif isinstance(event, Failed):
            self._finish(Notice(event.message, Kind.ERROR, event.details))
        else:
            self._finish(Notice("The export was cancelled."))

    def _write(self) -> None:
        project, kind, choice, target = self._project, self._kind, self._choice, self._target

        def work() -> bool:
            from nvg_studio.project.export.export import export_to  # half a second to import
            from nvg_studio.project.export.picture import holds_work

            export_to(project, kind, choice, target, self._advance)
            return kind is not Format.PICTURE or holds_work(target.read_bytes())

        self._context.background.start(
            work,
            lambda whole: self._finish(Notice(f"Exported {target.name}.") if whole else _without_work(target)),
            self._report_error,
            Lane.LONG,
            label=f"Exporting {target.name}",
            stop=self._stop,
        )

    def _advance(self, done: int, total: int) -> None:
        """Called on the thread that writes."""
        if self._stop.is_set():
            raise Stopped("The export was cancelled.")
        self._advanced.emit(done, total)

    def _report_error(self, problem: Exception) -> None:
        if isinstance(problem, Stopped):
            self._finish(Notice(str(problem)))
        else:
            self._finish(error_notice(problem))

    def _finish(self, notice: Notice) -> None:
        self._context.notify(notice)
        self.finished.emit()
        self.deleteLater()


def _without_work(target: Path) -> Notice:
    text = f"Exported {target.name} without the work, which is too large for a picture: save the project (Ctrl+S)."
    return Notice(text, Kind.WARNING)
