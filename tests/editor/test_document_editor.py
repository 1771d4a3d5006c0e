"""The document editor with nothing but a store: every edit is one step, or a notice."""

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from nvg_studio.editor.background import BackgroundWork
from nvg_studio.editor.choices import Choices
from nvg_studio.editor.context import EditorContext
from nvg_studio.editor.document_editor import DocumentEditor
from nvg_studio.editor.documents.open_document import NewDocument
from nvg_studio.editor.documents.store import DocumentStore
from nvg_studio.editor.notices import Notice
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.project import document as documents
from nvg_studio.project.project_lock import ProjectLocks
from nvg_studio.project.storage.project_file import Project

PHOTO = np.zeros((16, 16, 3), np.uint8)


class Bench:
    """An editor, and what it reports."""

    def __init__(self) -> None:
        self.store = DocumentStore()
        self.background = BackgroundWork()
        self.notices: list[Notice] = []
        context = EditorContext(self.store, self.background, ProjectLocks(), self.notices.append, self._to_project)
        self.editor = DocumentEditor(context)

    @property
    def document(self) -> documents.Document:
        document = self.store.version.document
        assert document is not None
        return document

    def _to_project(self) -> Project:
        return Project(self.document)


@pytest.fixture
def bench(qtbot: QtBot) -> Bench:
    bench = Bench()
    bench.store.open(NewDocument(documents.open_photo(GranularitySequence.blank(16, 4), PHOTO, "Open"), "photo"))
    return bench


def test_a_stroke_is_one_step_that_can_be_undone_and_redone(bench: Bench, qtbot: QtBot) -> None:
    editor, before = bench.editor, bench.document.sequence
    cells = np.flatnonzero(before.labels(1) == 0)[:2]
    stroke = np.isin(np.arange(16), cells)
    with qtbot.waitSignals([editor.cells_rebalanced, editor.edited], order="strict"):
        editor.paint(stroke, Choices(level=1, depth=4, cluster=1))
    after = bench.document.sequence
    assert (after.labels(1)[stroke] == 1).all() and (after.labels(1) == 1).sum() == 8
    editor.undo()
    assert bench.document.sequence == before
    editor.redo()
    assert bench.document.sequence == after
    editor.go_to_step(0)
    assert bench.document.sequence == before and not bench.notices


def test_an_edit_that_changes_nothing_is_a_notice_and_no_step(bench: Bench) -> None:
    before = bench.document
    bench.editor.balance(1)
    assert bench.document is before and len(bench.notices) == 1


def test_without_a_document_nothing_happens(qtbot: QtBot) -> None:
    bench = Bench()
    bench.editor.undo()
    bench.editor.redo()
    bench.editor.go_to_step(3)
    bench.editor.rename(1, 0, "sky")
    bench.editor.release_layout()
    assert bench.store.current is None and not bench.notices
