"""What was painted is held through the painted level by every run, until it is released."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nvg_studio.engine.scripted import run_stages
from nvg_studio.errors import LockError
from nvg_studio.granularity import edits
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.ids import ModelId
from nvg_studio.project import document as documents
from nvg_studio.project import results
from nvg_studio.project.document import Document, Layout, release_layout
from nvg_studio.project.planning import Plan, Scope, plan_run
from nvg_studio.project.run_effect import describe_run
from nvg_studio.project.storage.project_file import Project, load, save
from nvg_studio.sampling.pipeline import NVGPipeline
from nvg_studio.sampling.settings import GenerationSettings, RunRequest
from tests.granularity.strategies import random_locks, random_mask, random_sequence
from tests.project.damaged_files import entries_of, rewritten
from tests.project.documents import picture
from tests.tiny import tiny_pipeline

DEPTH = 6
Run = Callable[[GranularitySequence, Plan, int], GranularitySequence]


def scripted(sequence: GranularitySequence, plan: Plan, seed: int) -> GranularitySequence:
    """The last stage of the scripted engine's run."""
    return [*run_stages(sequence, plan.stage, plan.locks, GenerationSettings(class_id=0, seed=seed))][-1][1]


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> NVGPipeline:
    """A random model of 8 x 8 cells."""
    return tiny_pipeline(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def plain_pipeline(tmp_path_factory: pytest.TempPathFactory) -> NVGPipeline:
    """The same, trained without known cells."""
    return tiny_pipeline(tmp_path_factory.mktemp("plain"), conditions_on_known_cells=False)


def real(pipe: NVGPipeline) -> Run:
    """Runs of a pipeline."""

    def run(sequence: GranularitySequence, plan: Plan, seed: int) -> GranularitySequence:
        return pipe.run_from(sequence, plan.stage, GenerationSettings(class_id=0, seed=seed), plan.locks)

    return run


def accepted(document: Document, plan: Plan, after: GranularitySequence, seed: int = 0) -> Document:
    """A run's result as the next step, by the way that the window takes."""
    step = document.snapshot
    request = RunRequest(step.sequence, plan.stage, plan.locks, (GenerationSettings(seed=seed),), ModelId("f" * 64))
    made = results.results_of_run(request, step, [after], [picture(seed, 16)])
    return results.apply_result(document, made[0])


def run_once(document: Document, run: Run, seed: int, scope: Scope | None = None) -> Document:
    """Run as *Run* does."""
    plan = plan_run(document.snapshot, None, scope)
    return accepted(document, plan, run(document.sequence, plan, seed), seed)


def photo(seed: int = 0, free: bool = False) -> Document:
    return documents.open_photo(random_sequence(seed, DEPTH, free), picture(seed), "Open rose.jpg")


def across(document: Document, level: int = 3, count: int = 4) -> tuple[Document, np.ndarray]:
    """Cells of the last cluster of a level painted into the first, over the border of every coarser level."""
    labels = document.sequence.labels(level)
    cells = np.flatnonzero(labels == labels.max())[:count]
    after = edits.paint(document.sequence, cells, level, 0, inside_parent=False)
    return documents.apply_edit(document, after, f"Paint cluster 0, level {level}", level), cells


# -- random gestures ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Painted:
    """A document after random gestures, and the deepest level whose structure one of them changed."""

    document: Document
    level: int = 0


def gestures(document: Document, random: np.random.Generator, of_result: int) -> Iterator[Painted]:
    """Some gestures of all kinds, each applied as the window applies it; `of_result`: the deepest level before."""
    deepest = of_result
    for _ in range(int(random.integers(1, 5))):
        sequence, locks = document.sequence, document.snapshot.locks
        level = int(random.integers(1, DEPTH + 1))
        a, b = (int(cluster) for cluster in random.integers(0, 1 << level, 2))
        mask = random_mask(random, sequence.cells)
        stroke = edits.paint(sequence, mask, level, a, locks, inside_parent=bool(random.integers(0, 2)))
        other = random_sequence(int(random.integers(0, 1000)), DEPTH)
        kind = int(random.integers(0, 9))
        try:
            if kind in (0, 1):
                after = stroke
            elif kind == 2:
                after = edits.balance(stroke, level, locks, edits.changed_cells(sequence, stroke))
            elif kind == 3:
                after = edits.fill(sequence, level, b, a, locks, inside_parent=False)
            elif kind == 4:
                after = edits.merge(sequence, level, a, locks)
            elif kind == 5:
                after = edits.swap(sequence, level, a, b, locks)
            elif kind == 6:
                after = edits.transfer(sequence, other, (1, level), mask, 0, locks)
            elif kind == 7:
                after = edits.restore(sequence, document.snapshot.result, mask, None, locks)
            else:
                after = edits.set_token(sequence, level, a, edits.path_tokens(other, level, b), locks)
        except LockError:
            continue
        structure = edits.changed_cells(sequence, after, level).any() and kind != 7
        if kind == 6:
            document = documents.apply_layout(document, after, Layout(level), "Structure")
        else:
            document = documents.apply_edit(document, after, "Edit", level if kind < 6 else 0)
        deepest = max(deepest, level) if structure else deepest
        back = np.array_equal(document.sequence.bits, document.snapshot.result.bits)
        deepest = of_result if back and document.snapshot.layout is None else deepest
        yield Painted(document, deepest)


def check_runs_keep_the_painting(run: Run, seed: int, free: bool, locked: bool, scope: Scope | None) -> None:
    """Two runs with different seeds after random gestures, then more gestures and a run again."""
    document = photo(seed, free)
    if locked:
        document = documents.with_locks(document, random_locks(seed, DEPTH), "Lock")
    random, level = np.random.default_rng(seed), 0
    for number in range(2):
        for painted in gestures(document, random, level):
            document, level = painted.document, painted.level
        before = document.sequence.bits
        for second_seed in range(2):
            document = run_once(document, run, 10 * number + second_seed, scope)
            np.testing.assert_array_equal(document.sequence.bits[:, :level], before[:, :level])
            held = document.snapshot.locks.bits
            np.testing.assert_array_equal(document.sequence.bits[held], before[held])


scopes = st.sampled_from([None, Scope.WHOLE, Scope.PAINTED])


@given(st.integers(0, 2**31), st.booleans(), st.booleans(), scopes)
def test_runs_of_the_scripted_engine_keep_what_random_gestures_painted(
    seed: int, free: bool, locked: bool, scope: Scope | None
) -> None:
    check_runs_keep_the_painting(scripted, seed, free, locked, scope)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**31), st.booleans(), st.booleans(), scopes, st.booleans())
def test_runs_of_a_model_keep_what_random_gestures_painted(
    pipeline: NVGPipeline,
    plain_pipeline: NVGPipeline,
    seed: int,
    free: bool,
    locked: bool,
    scope: Scope | None,
    plain: bool,
) -> None:
    run = real(plain_pipeline if plain else pipeline)
    check_runs_keep_the_painting(run, seed, free, locked, scope)


# -- single rules ---------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", list(Scope))
def test_cells_painted_over_a_coarser_border_stay_where_they_were_painted(scope: Scope) -> None:
    document, cells = across(photo())
    plan = plan_run(document.snapshot, None, scope)
    assert plan.stage == 1
    after = run_once(document, scripted, 1, scope)
    assert (after.sequence.labels(3)[cells] == 0).all()
    assert not np.array_equal(after.sequence.token_map[1:, cells], document.sequence.token_map[1:, cells])


def test_another_seed_keeps_the_painting() -> None:
    document, cells = across(photo())
    for seed in range(3):
        document = run_once(document, scripted, seed)
        assert document.snapshot.held_levels == 3
        assert (document.sequence.labels(3)[cells] == 0).all()
    again = plan_run(document.snapshot, 1, keep_layout=True)
    assert (scripted(document.sequence, again, 9).labels(3)[cells] == 0).all()


def test_the_layout_of_a_new_picture_is_kept_by_another_seed() -> None:
    blank = GranularitySequence.blank(1 << DEPTH, DEPTH)
    document = documents.new_layout(blank.replace(bits=np.zeros_like(blank.bits)), 64)
    painted = edits.paint(document.sequence, np.arange(20), 2, 3, inside_parent=False)
    document = run_once(documents.apply_edit(document, painted, "Paint", 2), scripted, 0)
    assert document.snapshot.layout is None
    plan = plan_run(document.snapshot, 0, keep_layout=True)
    second = scripted(document.sequence, plan, 1)
    assert np.array_equal(second.labels(2), painted.labels(2))
    assert not np.array_equal(second.token_map[0], document.sequence.token_map[0])


def test_a_run_from_a_coarser_level_gives_the_painting_up_and_undo_brings_it_back() -> None:
    document = run_once(across(photo())[0], scripted, 0)
    plan = plan_run(document.snapshot, 1)
    assert (plan.held_levels, plan.stage) == (1, 1)
    after = accepted(document, plan, scripted(document.sequence, plan, 5))
    assert after.snapshot.held_levels == 1
    assert not np.array_equal(after.sequence.labels(3), document.sequence.labels(3))
    assert after.undo().snapshot.held_levels == 3
    assert plan_run(document.snapshot, 5).held_levels == 3


def test_a_run_from_where_the_edits_start_is_no_coarser_one() -> None:
    document, cells = across(photo())
    for stage in (1, 2, 3):
        plan = plan_run(document.snapshot, stage)
        assert plan.held_levels == 3
        assert (scripted(document.sequence, plan, 2).labels(3)[cells] == 0).all()
    assert plan_run(document.snapshot, 0).held_levels == 0


def test_releasing_the_layout_is_a_step_that_can_be_undone() -> None:
    document, _ = across(photo())
    released = release_layout(document)
    assert released.snapshot.held_levels == 0 and len(released.titles) == len(document.titles) + 1
    assert not plan_run(released.snapshot, scope=Scope.WHOLE).locks.any
    assert released.undo().snapshot == document.snapshot
    assert release_layout(photo()).titles == photo().titles


def test_giving_everything_back_takes_the_hold_back_too() -> None:
    document = run_once(across(photo())[0], scripted, 0)
    deeper, _ = across(document, level=5)
    assert deeper.snapshot.held_levels == 5
    back = documents.apply_edit(deeper, deeper.snapshot.result, "Restore")
    assert back.snapshot.held_levels == 3
    first, _ = across(photo())
    assert documents.apply_edit(first, first.snapshot.result, "Restore").snapshot.held_levels == 0


def test_a_result_holds_what_the_step_held_that_it_was_made_from() -> None:
    start = photo()
    document, _ = across(start)
    plan = plan_run(document.snapshot)
    step, after = document.snapshot, scripted(document.sequence, plan, 0)
    request = RunRequest(step.sequence, plan.stage, plan.locks, (GenerationSettings(),), ModelId("f" * 64))
    waiting = results.with_pending(document, results.results_of_run(request, step, [after], [picture(0, 16)]))
    assert results.apply_pending(waiting.undo(), 0).snapshot.held_levels == 3
    deeper, _ = across(waiting, level=5)
    assert results.apply_pending(deeper, 0).snapshot.held_levels == 3


def test_content_alone_holds_no_structure() -> None:
    start = photo()
    after = edits.set_token(start.sequence, 3, 1, 7)
    assert documents.apply_edit(start, after, "Colour").snapshot.held_levels == 0


def test_the_hold_is_in_the_file_and_old_files_open(tmp_path: Path) -> None:
    document = run_once(across(photo())[0], scripted, 0)
    save(Project(document), tmp_path / "a.nvgs")
    assert load(tmp_path / "a.nvgs").document.history == document.history


def test_a_file_without_the_hold_opens_and_holds_its_layout(tmp_path: Path) -> None:
    start = photo()
    taken = edits.transfer(start.sequence, random_sequence(9, DEPTH), (1, 4))
    save(Project(documents.apply_layout(start, taken, Layout(4), "Structure")), tmp_path / "a.nvgs")
    manifest = json.loads(entries_of(tmp_path / "a.nvgs")["manifest.json"])
    for step in manifest["steps"]:
        del step["held_levels"]
    content = json.dumps(manifest).encode()
    rewritten(tmp_path / "a.nvgs", lambda entries: entries.update({"manifest.json": content}))
    assert [step.held_levels for step in load(tmp_path / "a.nvgs").document.history.snapshots] == [0, 4]


# -- in words -------------------------------------------------------------------------------------


def test_a_run_says_what_it_makes_and_what_it_keeps() -> None:
    def said(document: Document, stage: int | None = None, scope: Scope | None = None) -> str:
        return describe_run(document.snapshot, plan_run(document.snapshot, stage, scope))

    start = photo()
    assert said(start) == "Makes levels 3 to 6 anew, keeps the layout of levels 1 to 3"
    assert said(start, 0) == "Makes all levels anew, keeps nothing of this picture"
    document, _ = across(start)
    assert said(document, scope=Scope.WHOLE) == "Makes levels 1 to 6 anew, keeps the layout of levels 1 to 3"
    assert said(document, 0, Scope.WHOLE) == (
        "Makes all levels anew, keeps nothing of this picture, gives up the painted layout of levels 1 to 3"
    )
    mask = np.arange(1 << DEPTH) < 8
    held = documents.with_locks(document, document.snapshot.locks.with_content(mask), "Lock")
    assert said(held, 6, Scope.PAINTED) == (
        "Makes level 6 anew where you painted, keeps the layout of levels 1 to 6 and everything locked"
    )


def test_without_edits_a_run_never_replaces_the_picture() -> None:
    document = photo()
    plan = plan_run(document.snapshot)
    assert plan.stage == DEPTH // 2
    after = scripted(document.sequence, plan, 3)
    assert np.array_equal(after.token_map[: plan.stage], document.sequence.token_map[: plan.stage])
    assert np.array_equal(after.labels(plan.stage), document.sequence.labels(plan.stage))


def test_a_snapshot_refuses_levels_that_it_does_not_have() -> None:
    with pytest.raises(Exception, match="up to level 6"):
        replace(photo().snapshot, held_levels=DEPTH + 1)
