"""Making: new pictures and layouts, runs of the document, and what becomes of their results."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QObject, Signal

from nvg_studio.editor.context import EditorContext
from nvg_studio.editor.model_loader import ModelLoader
from nvg_studio.editor.notices import Kind, Notice, failure
from nvg_studio.editor.open_document import NewDocument
from nvg_studio.errors import NVGError
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.project import document as documents
from nvg_studio.project import results
from nvg_studio.project.document import Document, Made
from nvg_studio.project.planning import plan_run
from nvg_studio.sampling.settings import RunRequest
from nvg_studio.ui.runs import Result, Running, Runs

WAITS = "The run is done, but you went on editing: its result waits in the history."
NOT_USED = "You went on editing, so the result was not used: it waits in the history."
NOT_OPEN = "The result was not used: its document is not open any more."


class Making(QObject):
    """Starts runs for the open document, and hands their results to the store.

    `offered`: there are some to choose from. `exact_pixels`: whether locked pixels stay the picture's own in a result.
    """

    offered = Signal()

    def __init__(self, context: EditorContext, runs: Runs, models: ModelLoader, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context, self._store = context, context.store
        self._runs, self._models = runs, models
        self._chosen = 0
        self.exact_pixels = True
        runs.finished.connect(self._finished)

    @property
    def _document(self) -> Document | None:
        return self._store.version.document

    @property
    def made(self) -> tuple[Made, ...]:
        """The results that wait beside the history."""
        return () if self._document is None else self._document.made

    def generate(self) -> None:
        """Make a new picture from nothing; it becomes the document when it is done, unless that was edited since."""
        info = self._models.info
        if info is not None:
            blank = GranularitySequence.blank(info.cells, info.depth)
            opening = self._store.begin_opening("The new picture")
            self._runs.start(blank, 0, None, info, opening.asked, opening=opening)

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
        self._runs.choose(settings=replace(self._runs.settings, class_id=class_id))

    def run(self, stage: int | None = None, live: bool = False, keep_layout: bool = False) -> None:
        """Run from a stage (None: where the next run must start) with the document's locks and the chosen scope.

        `keep_layout`: what was painted is held even where `stage` is coarser.
        """
        asked, info = self._store.version, self._models.info
        if asked.document is None or info is None:
            return
        snapshot = asked.document.snapshot
        plan = plan_run(snapshot, stage, self._runs.scope, keep_layout)
        self._runs.start(snapshot.sequence, plan.stage, plan.locks, info, asked, live)

    def choose(self, index: int) -> None:
        """Use a result that waits, as one step, once its picture is composed; the latest choice wins."""
        asked, exact = self._store.version, self.exact_pixels
        document = asked.document
        if document is None:
            return
        self._chosen += 1
        number = self._chosen

        def done(after: Document) -> None:
            if number == self._chosen and not self._store.put_step(asked, after):
                self._context.say(Notice(NOT_USED if self._store.is_open(asked) else NOT_OPEN))

        self._context.work.start(lambda: results.choose(document, index, exact), done, self._refuse)

    def star(self, index: int) -> None:
        """Give a waiting result its star, or take it away."""
        self._edit(lambda document: results.star(document, index))

    def clear_unstarred(self) -> None:
        """Let go of all waiting results without a star."""
        self._edit(results.only_starred)

    def use_settings(self, request: RunRequest) -> None:
        """Take the settings behind a result for the next runs, as far as they mean something to the loaded model."""
        info = self._models.info
        if info is None:
            return
        self._runs.take_settings(request, info)
        seed = request.settings[0].seed
        if info.identity.current_model(request.model) == info.identity.model:
            self._context.say(Notice(f"These settings are in the Generate dock now, seed {seed}."))
        else:
            text = f"This was made with another model: of its settings seed {seed} is in the Generate dock now."
            self._context.say(Notice(text))

    def _finished(self, result: Result) -> None:
        order, store = result.order, self._store
        made = results.made_by(order.request, order.started, result.sequences, result.pictures)
        if order.opening is not None:
            store.finish_new_picture(order.opening, made)
        elif len(made) > 1:
            store.keep_results(order.asked, made, "")
        elif self._document is not None and order.started is self._document.snapshot:
            self._accept(result.run, made[0])
        else:
            self._came_late(result.run, made[0])
        if len(made) > 1 and self.made:
            self.offered.emit()

    def _accept(self, run: Running, made: Made) -> None:
        """Compose a result with the document it was made for; it becomes a step if the document is still that one."""
        asked, exact, held = self._store.version, self.exact_pixels, self._runs.hold(run)
        document = asked.document
        assert document is not None

        def done(after: Document) -> None:
            # The document first: whatever begins when the run is released sees the result.
            if self._runs.is_held(held) and not self._store.put_step(asked, after):
                self._came_late(run, made)

        self._context.work.start(
            lambda: results.accept(document, made, exact),
            done,
            self._refuse,
            ended=lambda: self._runs.release(held),
        )

    def _came_late(self, run: Running, made: Made) -> None:
        """A result that came too late waits beside the history; that of a live run is forgotten."""
        if not run.order.live:
            self._store.keep_results(run.order.asked, (made,), WAITS)

    def _refuse(self, problem: Exception) -> None:
        self._context.say(failure(problem, Kind.WARNING))

    def _edit(self, change: Callable[[Document], Document]) -> None:
        if self._document is None:
            return
        try:
            self._store.edit(change(self._document))
        except NVGError as problem:
            self._context.say(Notice(str(problem), Kind.WARNING))
