"""Making: new pictures and layouts, runs of the document, and what becomes of their results."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal

from nvg_studio.errors import NVGError
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.project import document as documents
from nvg_studio.project import results
from nvg_studio.project.document import Document, Made
from nvg_studio.project.planning import plan_run
from nvg_studio.sampling.settings import RunRequest
from nvg_studio.ui.messages import Kind, Notice
from nvg_studio.ui.runs import Result, Running

if TYPE_CHECKING:
    from nvg_studio.ui.session import Session


class Making(QObject):
    """Starts runs for a session and puts their results into its document. `offered`: there are some to choose from."""

    offered = Signal()

    def __init__(self, session: "Session") -> None:
        super().__init__(session)
        self._session = session
        self._chosen = 0
        session.runs.finished.connect(self._finished)

    @property
    def made(self) -> tuple[Made, ...]:
        """The results that wait beside the history."""
        document = self._session.document
        return () if document is None else document.made

    def generate(self) -> None:
        """Make a new picture from nothing; it becomes the document when it is done."""
        info = self._session.info
        if info is not None:
            blank = GranularitySequence.blank(info.cells, info.depth)
            self._session.runs.start(blank, 0, None, info, None)

    def new_layout(self, class_id: int | None, bands: bool) -> None:
        """Begin a blank document: one region to paint on, or (`bands`) clusters of equal size in reading order."""
        session, info = self._session, self._session.info
        if info is None:
            return
        session.runs.choose(settings=replace(session.runs.settings, class_id=class_id))
        blank = GranularitySequence.blank(info.cells, info.depth)
        if not bands:
            blank = blank.replace(bits=np.zeros_like(blank.bits))
        session.drop_opening()
        session.replace_document(
            documents.new_layout(blank, info.image_size, info.identity.tokenizer), "New layout", saved=True
        )

    def run(self, stage: int | None = None, live: bool = False, keep_layout: bool = False) -> None:
        """Run from a stage (None: where the next run must start) with the document's locks and the chosen scope.

        `keep_layout`: what was painted is held even where `stage` is coarser.
        """
        session, snapshot = self._session, self._session.snapshot
        if snapshot is None or session.info is None:
            return
        plan = plan_run(snapshot, stage, session.runs.scope, keep_layout)
        session.runs.start(snapshot.sequence, plan.stage, plan.locks, session.info, snapshot, live)

    def choose(self, index: int) -> None:
        """Use a result that waits, as one step, once its picture is composed; the latest choice wins."""
        session, document = self._session, self._session.document
        if document is None:
            return
        exact = session.exact_pixels
        self._chosen += 1
        number = self._chosen

        def done(after: Document) -> None:
            if number == self._chosen and not self._put(after, document):
                session.said.emit(Notice("You went on editing, so the result was not used: it waits in the history."))

        session.jobs.start(lambda: results.choose(document, index, exact), done, self._refuse)

    def star(self, index: int) -> None:
        """Give a waiting result its star, or take it away."""
        self._edit(lambda document: results.star(document, index))

    def clear_unstarred(self) -> None:
        """Let go of all waiting results without a star."""
        self._edit(results.only_starred)

    def use_settings(self, request: RunRequest) -> None:
        """Take the settings behind a result for the next runs, as far as they mean something to the loaded model."""
        session, info = self._session, self._session.info
        if info is None:
            return
        session.runs.take_settings(request, info)
        seed = request.settings[0].seed
        if request.model == info.identity.model:
            session.said.emit(Notice(f"These settings are in the Generate dock now, seed {seed}."))
        else:
            text = f"This was made with another model: of its settings seed {seed} is in the Generate dock now."
            session.said.emit(Notice(text))

    def _finished(self, result: Result) -> None:
        session, order = self._session, result.order
        made = results.made_by(order.request, order.started, result.sequences, result.pictures)
        if order.started is None:
            first = made[0]
            session.replace_document(documents.from_result(first.request, first.sequence, first.picture), "Untitled")
        elif len(made) == 1 and order.started is session.snapshot:
            self._accept(result.run, made[0])
            return
        if len(made) > 1:
            self._edit(lambda document: results.with_made(document, made))
            self.offered.emit()
        elif order.started is not None:
            self._keep_waiting(made[0], order.live)

    def _accept(self, run: Running, made: Made) -> None:
        """Compose a result with the document it was made for; it becomes a step if the document is still that one."""
        session, document = self._session, self._session.document
        assert document is not None
        exact, held = session.exact_pixels, session.runs.hold(run)

        def done(after: Document) -> None:
            # The document first: whatever begins when the run is released sees the result.
            wanted = session.runs.running is not None and session.runs.running.job == held.job
            if wanted and not self._put(after, document):
                self._keep_waiting(made, run.order.live)
            session.runs.release(held)

        def failed(problem: Exception) -> None:
            session.runs.release(held)
            self._refuse(problem)

        session.jobs.start(lambda: results.accept(document, made, exact), done, failed)

    def _put(self, after: Document, before: Document) -> bool:
        """Go on with what was made of `before`, unless the document has another step by now."""
        now = self._session.document
        if now is None or now.snapshot is not before.snapshot:
            return False
        self._session.put(replace(after, made=now.made))  # stars may have been given meanwhile
        return True

    def _keep_waiting(self, made: Made, live: bool) -> None:
        """A result that came too late waits beside the history; that of a live run is forgotten."""
        if not live:
            self._edit(lambda document: results.with_made(document, (made,)))
            text = "The run is done, but you went on editing: its result waits in the history."
            self._session.said.emit(Notice(text))

    def _refuse(self, problem: Exception) -> None:
        text = str(problem) if isinstance(problem, NVGError) else f"Something went wrong: {problem!r}"
        self._session.said.emit(Notice(text, Kind.WARNING))

    def _edit(self, deed: Callable[[Document], Document]) -> None:
        document = self._session.document
        if document is None:
            return
        try:
            self._session.put(deed(document))
        except NVGError as problem:
            self._session.said.emit(Notice(str(problem), Kind.WARNING))
