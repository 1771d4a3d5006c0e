"""The document store: what becomes of an answer depends on what it was asked for, and on nothing else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from nvg_studio.editor.documents.open_document import (
    DocumentVersion,
    NewDocument,
    OpenDocument,
    OpenRequest,
    SaveRequest,
)
from nvg_studio.editor.documents.store import DocumentStore, Outcome, Replacement
from nvg_studio.editor.notices import Notice
from nvg_studio.granularity.grid import tree_depth
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.ids import Identity, ModelId, TokenizerId, model_with, tokenizer_of
from nvg_studio.project import document as documents
from nvg_studio.project.document import Document, PendingResult
from nvg_studio.sampling.events import Picture
from nvg_studio.sampling.settings import GenerationSettings, RunRequest
from tests.project.damaged_files import full_project
from tests.project.documents import MODEL

PHOTO = np.zeros((16, 16, 3), np.uint8)
CELLS = 16


def document(title: str = "Open", cells: int = CELLS) -> Document:
    return documents.open_photo(GranularitySequence.blank(cells, tree_depth(cells)), PHOTO, title)


def edited(now: Document, name: str) -> Document:
    return documents.with_name(now, 1, 0, name)


def result(cells: int = CELLS, seed: int = 0) -> PendingResult:
    sequence = GranularitySequence.blank(cells, tree_depth(cells))
    request = RunRequest(sequence, 0, None, (GenerationSettings(seed=seed),), ModelId("model"))
    return PendingResult(request, sequence, PHOTO, None, "New picture")


@pytest.fixture
def store() -> DocumentStore:
    """With a document open and unchanged."""
    store = DocumentStore()
    store.open(NewDocument(document(), "first", saved=True))
    return store


@pytest.mark.parametrize("way", ["at once", "when it is read", "after the question about unsaved changes"])
def test_a_project_of_before_gets_the_ids_of_the_loaded_model(store: DocumentStore, way: str) -> None:
    """Whichever way it is opened, or a run could not tell that it would only repeat the last one."""
    tokenizer = TokenizerId("c" * 64)
    identity = Identity(tokenizer, model_with(tokenizer, "d" * 64), "e" * 64, frozenset({"e" * 64, MODEL, "m"}))
    store.set_identity(identity)
    project = full_project()
    new = NewDocument(project.document, "old", saved=True, project=project)
    if way == "at once":
        store.open(new)
    else:
        replacements: list[Replacement] = []
        store.replace_requested.connect(replacements.append)
        request = store.begin_opening("old")
        if way != "when it is read":
            store.edit(edited(document(), "unsaved"))
        store.finish_opening(request, new)
        for replacement in replacements:
            replacement.accept()
    now = store.current
    assert now is not None and now.name == "old" and not now.modified
    assert {step.tokenizer for step in now.document.history.snapshots} == {tokenizer}
    requests = [step.request for step in now.document.history.snapshots if step.request is not None]
    assert requests and all(tokenizer_of(request.model) == tokenizer for request in requests)
    assert now.project is not None and now.project.document is now.document
    assert now.project.rendering is not None and tokenizer_of(now.project.rendering.model) == tokenizer


def test_a_project_of_another_model_keeps_its_ids(store: DocumentStore) -> None:
    other = TokenizerId("7" * 64)
    store.set_identity(Identity(other, model_with(other, "6" * 64), "5" * 64))
    project = full_project()
    store.open(NewDocument(project.document, "old", saved=True, project=project))
    assert store.version.document is project.document


def test_identities_are_never_used_again_and_revisions_grow(store: DocumentStore) -> None:
    first = store.version
    store.edit(edited(document(), "a"))
    assert store.version.id == first.id and store.version.revision == first.revision + 1
    store.open(NewDocument(document(), "second"))
    assert store.version.id not in (first.id, DocumentStore().version.id) and not store.is_open(first)


def test_a_request_is_opened_asked_about_or_dropped(store: DocumentStore) -> None:
    asked: list[Replacement] = []
    dropped: list[OpenRequest] = []
    store.replace_requested.connect(asked.append)
    store.dropped.connect(dropped.append)
    request = store.begin_opening("b")
    store.edit(edited(document(), "mine"))
    assert store.finish_opening(request, NewDocument(document(), "b")) is Outcome.ASKED
    asked[0].decline()
    assert dropped == [request] and store.current is not None and store.current.name == "first"
    request = store.begin_opening("c")
    assert store.finish_opening(request, NewDocument(document(), "c", saved=True)) is Outcome.OPENED
    assert store.current.name == "c" and store.current.request is request
    early, late = store.begin_opening("d"), store.begin_opening("e")
    assert store.finish_opening(early, NewDocument(document(), "d")) is Outcome.DROPPED
    assert store.finish_opening(late, NewDocument(document(), "e")) is Outcome.OPENED


def test_an_answer_to_the_question_that_comes_too_late_opens_nothing(store: DocumentStore) -> None:
    asked: list[Replacement] = []
    store.replace_requested.connect(asked.append)
    request = store.begin_opening("b")
    store.edit(edited(document(), "mine"))
    store.finish_opening(request, NewDocument(document(), "b"))
    store.open(NewDocument(document(), "c"))
    asked[0].accept()
    assert store.current is not None and store.current.name == "c"


def test_a_new_picture_that_does_not_fit_is_asked_about(store: DocumentStore) -> None:
    asked: list[Replacement] = []
    store.replace_requested.connect(asked.append)
    request = store.begin_opening("The new picture")
    store.edit(edited(document(), "mine"))
    assert store.finish_new_picture(request, (result(cells=64),)) is Outcome.ASKED
    asked[0].accept()
    assert store.current is not None and store.current.name == "Untitled" and store.current.modified


def test_saves_bind_their_own_document_to_the_latest_file(store: DocumentStore) -> None:
    slow = store.begin_saving()
    quick = store.begin_saving()
    assert store.finish_saving(quick, Path("quick.nvgs")) and not store.finish_saving(slow, Path("slow.nvgs"))
    assert store.current is not None and store.current.path == Path("quick.nvgs")
    late = store.begin_saving()
    store.open(NewDocument(document(), "second"))
    assert not store.finish_saving(late, Path("late.nvgs")) and store.current.path is None


def reference_of(store: DocumentStore) -> Picture | None:
    assert store.current is not None
    return store.current.reference


def test_a_reference_that_was_chosen_early_goes_to_the_first_document() -> None:
    store = DocumentStore()
    assert store.set_reference(store.version, PHOTO)
    store.open(NewDocument(document(), "first"))
    assert store.current is not None and store.current.reference is PHOTO
    asked = store.version
    store.open(NewDocument(document(), "second"))
    assert reference_of(store) is None and not store.set_reference(asked, PHOTO)
    assert reference_of(store) is None


class Answers(RuleBasedStateMachine):
    """Work is asked for and answered in any order, between edits and other documents."""

    openings, saves, versions = Bundle("openings"), Bundle("saves"), Bundle("versions")

    def __init__(self) -> None:
        super().__init__()
        self.store = DocumentStore()
        self.asked = False
        self.by_hand: dict[int, str] = {}
        self.store.replace_requested.connect(lambda _: setattr(self, "asked", True))
        self.notices: list[Notice] = []
        self.store.notified.connect(self.notices.append)
        self.number = 0
        self.files: dict[int, Path] = {}

    def fresh(self) -> str:
        self.number += 1
        return f"name {self.number}"

    @property
    def now(self) -> OpenDocument | None:
        return self.store.current

    @rule(saved=st.booleans())
    def open_at_once(self, saved: bool) -> None:
        self.store.open(NewDocument(document(), self.fresh(), saved=saved))

    @rule()
    def edit(self) -> None:
        if self.now is not None:
            name = self.fresh()
            self.store.edit(edited(self.now.document, name))
            self.by_hand[self.now.id] = name

    @rule(target=openings)
    def ask_for_a_document(self) -> OpenRequest:
        return self.store.begin_opening(self.fresh())

    @rule(request=openings, picture=st.booleans())
    def a_document_comes(self, request: OpenRequest, picture: bool) -> None:
        before, self.asked = self.now, False
        if picture:
            outcome = self.store.finish_new_picture(request, (result(),))
        else:
            outcome = self.store.finish_opening(request, NewDocument(document(), request.title, saved=True))
        assert (outcome is Outcome.ASKED) is self.asked
        if outcome is Outcome.OPENED:
            touched = before is not None and before.revision != request.version.revision
            assert before is None or before.id == request.version.id
            assert before is None or not (touched and before.modified)
        else:
            assert (self.now is None) is (before is None)
            if before is not None and self.now is not None:
                assert self.now.id == before.id and self.now.document.history is before.document.history

    @rule(target=versions)
    def ask_for_a_step(self) -> DocumentVersion:
        return self.store.version

    @rule(version=versions)
    def a_step_comes(self, version: DocumentVersion) -> None:
        before = self.now
        after = edited(version.document, self.fresh()) if version.document is not None else document()
        taken = self.store.commit_step(version, after)
        same = before is not None and before.id == version.id and version.document is not None
        assert taken is (same and before.document.snapshot is version.document.snapshot)
        assert taken or self.now is before

    @rule(version=versions)
    def a_result_comes_late(self, version: DocumentVersion) -> None:
        before = self.now
        outcome = self.store.add_pending(version, (result(),), "It waits.") if before is not None else None
        if before is not None and self.now is not None:
            kept = len(self.now.document.pending_results) - len(before.document.pending_results)
            assert kept == (outcome is Outcome.WAITING) == (before.id == version.id)

    @rule(target=saves)
    def ask_for_a_save(self) -> SaveRequest:
        return self.store.begin_saving()

    @rule(request=saves)
    def a_save_ends(self, request: SaveRequest) -> None:
        path = Path(self.fresh())
        if self.store.finish_saving(request, path):
            self.files[request.version.id] = path

    @invariant()
    def a_document_has_only_a_file_that_was_written_for_it(self) -> None:
        if self.now is not None:
            assert self.now.path == self.files.get(self.now.id)


Answers.TestCase.settings = settings(max_examples=15, stateful_step_count=30, deadline=None)
TestAnswers = Answers.TestCase


def test_stars_that_were_given_meanwhile_stay(store: DocumentStore) -> None:
    asked = store.version
    assert asked.document is not None
    store.add_pending(asked, (result(),), "")
    now = store.current
    assert now is not None
    store.edit(replace(now.document, pending_results=(replace(now.document.pending_results[0], starred=True),)))
    assert store.commit_step(asked, edited(asked.document, "composed"))
    assert store.current is not None and store.current.document.pending_results[0].starred
