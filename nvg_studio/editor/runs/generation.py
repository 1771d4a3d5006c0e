"""Generation: new pictures and layouts, runs of the document, and their results."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QObject, Signal

from nvg_studio.editor.context import EditorContext
from nvg_studio.editor.documents.open_document import NewDocument
from nvg_studio.editor.model_loader import ModelLoader
from nvg_studio.editor.notices import Kind, Notice, error_notice
from nvg_studio.editor.runs.run_queue import ActiveRun, RunQueue, RunResult
from nvg_studio.errors import NVGError
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.project import document as documents
from nvg_studio.project import results
from nvg_studio.project.document import Document, PendingResult
from nvg_studio.project.planning import plan_run
from nvg_studio.sampling.settings import RunRequest

RESULT_PENDING = "The run is done, but the document was edited meanwhile: its result waits in the history."
RESULT_NOT_USED = "The document was edited meanwhile, so the result was not used: it waits in the history."
DOCUMENT_CLOSED = "The result was not used: its document is not open any more."


class GenerationController(QObject):
    """Starts runs for the open document, and passes their results to the store.

    `results_available`: there are some to choose from. `exact_pixels`: whether locked pixels stay the picture's own in
    a result.
    """

    results_available = Signal()

    def __init__(
        self, context: EditorContext, runs: RunQueue, models: ModelLoader, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._context, self._store = context, context.store
        self._runs, self._models = runs, models
        self._latest_choice = 0
        self.exact_pixels = True
        runs.finished.connect(self._handle_result)

    @property
    def _document(self) -> Document | None:
        return self._store.version.document

    @property
    def pending_results(self) -> tuple[PendingResult, ...]:
        """The pending results of the document."""
        return () if self._document is None else self._document.pending_results

    @property
    def chosen_class(self) -> int | None:
        """The class of the next runs; None for none."""
        return self._runs.options.settings.class_id

    def generate(self) -> None:
        """Make a new picture from nothing; it becomes the document when it is done, unless that was edited since."""
        info = self._models.info
        if info is not None:
            blank = GranularitySequence.blank(info.cells, info.depth)
            opening = self._store.begin_opening("The new picture")
            self._runs.start(blank, 0, None, info, opening.version, opening=opening)

    def new_layout(self, class_id: int | None, bands: bool) -> None:
        """Begin a blank document: one region to paint on, or (`bands`) clusters of equal size in reading order."""
        info = self._models.info
        if info is None:
            return
        blank = GranularitySequence.blank(info.cells, info.depth)
        if not bands:
            blank = blank.replace(bits=np.zeros_like(blank.bits))
        document = documents.new_layout(blank, info.image_size, info.identity.tokenizer)
        self._store.open(NewDocument(document, "New layout", saved=True))
        self._runs.set_settings(replace(self._runs.options.settings, class_id=class_id))

    def run(self, stage: int | None = None, live: bool = False, keep_layout: bool = False) -> None:
        """Run from a stage (None: where the next run must start) with the document's locks and the chosen scope.

        `keep_layout`: what was painted is held even where `stage` is coarser.
        """
        asked, info = self._store.version, self._models.info
        if asked.document is None or info is None:
            return
        snapshot = asked.document.snapshot
        plan = plan_run(snapshot, stage, self._runs.options.scope, keep_layout)
        self._runs.start(snapshot.sequence, plan.stage, plan.locks, info, asked, live)

    def use_result(self, index: int) -> None:
        """Make a pending result a step once its picture is composed; only the latest call counts."""
        asked, exact = self._store.version, self.exact_pixels
        document = asked.document
        if document is None:
            return
        self._latest_choice += 1
        number = self._latest_choice

        def done(after: Document) -> None:
            if number == self._latest_choice and not self._store.commit_step(asked, after):
                self._context.notify(Notice(RESULT_NOT_USED if self._store.is_open(asked) else DOCUMENT_CLOSED))

        self._context.background.start(lambda: results.apply_pending(document, index, exact), done, self._report_error)

    def toggle_star(self, index: int) -> None:
        """Star a pending result, or remove its star."""
        self._change_document(lambda document: results.toggle_star(document, index))

    def clear_unstarred(self) -> None:
        """Drop all pending results without a star."""
        self._change_document(results.only_starred)

    def use_settings(self, request: RunRequest) -> None:
        """Use the settings of a result for the next runs; of another model's result the seed alone."""
        info = self._models.info
        if info is None:
            return
        self._runs.take_settings(request, info)
        seed = request.settings[0].seed
        if info.identity.current_model(request.model) == info.identity.model:
            self._context.notify(Notice(f"These settings are in the Generate dock now, seed {seed}."))
        else:
            text = f"This was made with another model: of its settings seed {seed} is in the Generate dock now."
            self._context.notify(Notice(text))

    def _handle_result(self, result: RunResult) -> None:
        order, store = result.queued, self._store
        made = results.results_of_run(order.request, order.started_from, result.sequences, result.pictures)
        if order.opening is not None:
            store.finish_new_picture(order.opening, made)
        elif len(made) > 1:
            store.add_pending(order.version, made, "")
        elif self._document is not None and order.started_from is self._document.snapshot:
            self._accept(result.run, made[0])
        else:
            self._handle_late(result.run, made[0])
        if len(made) > 1 and self.pending_results:
            self.results_available.emit()

    def _accept(self, run: ActiveRun, result: PendingResult) -> None:
        """Compose a result with its document; it becomes a step if the document has not changed meanwhile."""
        asked, exact, held = self._store.version, self.exact_pixels, self._runs.begin_commit(run)
        document = asked.document
        assert document is not None

        def done(after: Document) -> None:
            # The document first: whatever begins when the run is released sees the result.
            if self._runs.is_committing(held) and not self._store.commit_step(asked, after):
                self._handle_late(run, result)

        self._context.background.start(
            lambda: results.apply_result(document, result, exact),
            done,
            self._report_error,
            ended=lambda: self._runs.end_commit(held),
        )

    def _handle_late(self, run: ActiveRun, result: PendingResult) -> None:
        """Add a result that is too late to the pending ones; that of a live run is dropped."""
        if not run.queued.live:
            self._store.add_pending(run.queued.version, (result,), RESULT_PENDING)

    def _report_error(self, problem: Exception) -> None:
        self._context.notify(error_notice(problem, Kind.WARNING))

    def _change_document(self, change: Callable[[Document], Document]) -> None:
        if self._document is None:
            return
        try:
            self._store.edit(change(self._document))
        except NVGError as problem:
            self._report_error(problem)
