"""Projects of before get the ids of the loaded model, and keep everything else."""

from dataclasses import replace
from pathlib import Path

from nvg_studio.ids import Identity, ModelId, TokenizerId, model_with, tokenizer_of
from nvg_studio.project import results
from nvg_studio.project.renaming import with_current_ids
from nvg_studio.project.storage.project_file import Project, load, save
from tests.project.damaged_files import full_project
from tests.project.documents import MODEL, waiting_of

DATA = Path(__file__).parent / "data"
TOKENIZER = TokenizerId("c" * 64)
TODAY = model_with(TOKENIZER, "d" * 64)
EXACT = Identity(TOKENIZER, TODAY, MODEL, frozenset({MODEL, "m"}))
"""A model that was called MODEL, and one of the same tokenizer "m"."""
CHANGED = Identity(TOKENIZER, TODAY, "e" * 64, frozenset({"e" * 64, MODEL, "m"}))
"""A model with another few-step network than the one that was called MODEL."""


def test_every_name_in_a_project_of_before_becomes_todays() -> None:
    project = with_current_ids(full_project(), EXACT)
    document = project.document
    assert {step.tokenizer for step in document.history.snapshots} == {TOKENIZER}
    assert {step.request.model for step in document.history.snapshots if step.request} == {TODAY}
    assert {made.request.model for made in document.pending_results} == {TODAY}
    assert project.rendering is not None and project.rendering.model == TODAY
    assert project.complete_rendering is not None


def test_what_another_model_of_the_tokenizer_made_does_not_become_the_loaded_ones() -> None:
    project = with_current_ids(full_project(), CHANGED)
    step = project.document.snapshot
    assert step.tokenizer == TOKENIZER and step.request is not None
    assert step.request.model == model_with(TOKENIZER, MODEL) != TODAY
    assert project.rendering is not None and project.rendering.model != TODAY
    assert project.complete_rendering is not None  # it can be looked at and exported as it was


def test_results_that_wait_stay_with_their_steps() -> None:
    before = full_project().document
    after = with_current_ids(Project(before), EXACT).document
    assert [results.step_of(after, made) for made in after.pending_results] == [
        results.step_of(before, m) for m in before.pending_results
    ]
    chosen = results.apply_pending(after, 0)
    assert chosen.snapshot.tokenizer == TOKENIZER


def test_a_result_that_waits_names_its_own_tokenizer() -> None:
    """A blank layout of one model, run with another: the result is of the second."""
    before = full_project().document
    other = TokenizerId("9" * 64)
    made = replace(
        before.pending_results[0], request=replace(before.pending_results[0].request, model=model_with(other, "8" * 64))
    )
    assert results.apply_result(before, made).snapshot.tokenizer == other


def test_the_rest_stays_and_nothing_is_done_twice() -> None:
    project = full_project()
    once = with_current_ids(project, EXACT)
    assert with_current_ids(once, EXACT) is once
    strange = Identity(TokenizerId("7" * 64), model_with(TokenizerId("7" * 64), "6" * 64), "5" * 64)
    assert with_current_ids(project, strange) is project
    assert once.document.sequence == project.document.sequence and once.document.titles == project.document.titles
    assert len(once.document.pending_results) == len(project.document.pending_results)


def test_files_hold_both_kinds_of_names(tmp_path: Path) -> None:
    project = with_current_ids(full_project(), EXACT)
    save(project, tmp_path / "work.nvgs")
    loaded = load(tmp_path / "work.nvgs")
    assert loaded.document.history == project.document.history
    assert waiting_of(loaded.document) == waiting_of(project.document)
    old = load(DATA / "version-2.nvgs").document.snapshot
    assert (
        old.tokenizer == TokenizerId(MODEL)
        and old.request is not None
        and tokenizer_of(old.request.model) == old.tokenizer
    )
    assert EXACT.owns(old.tokenizer) and not EXACT.owns(TokenizerId("0" * 64))


def test_a_fingerprint_of_before_is_its_own_tokenizer() -> None:
    assert tokenizer_of(ModelId("f" * 64)) == TokenizerId("f" * 64)
