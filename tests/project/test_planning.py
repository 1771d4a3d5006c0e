"""What a run of a step keeps: start, layout, scope."""

import numpy as np
import pytest

from nvg_studio.granularity import edits
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.project import document as documents
from nvg_studio.project.document import Document, Layout
from nvg_studio.project.planning import Scope, painted_area, plan_run, scope_of
from nvg_studio.sampling.settings import GenerationSettings, RunRequest
from tests.project.documents import MODEL, TOKENIZER, picture

CELLS, DEPTH = 256, 8


def tree(seed: int) -> GranularitySequence:
    """A balanced tree with any tokens over 16 x 16 cells."""
    generator = np.random.default_rng(seed)
    blank = GranularitySequence.blank(CELLS, DEPTH)
    return blank.replace(token_map=generator.integers(1, 99, (DEPTH + 1, CELLS)).astype(np.int32))


def photo() -> Document:
    return documents.open_photo(tree(0), picture(0), "Open rose.jpg")


def painted(document: Document, cells: list[int], level: int = 2, cluster: int = 3) -> Document:
    after = edits.paint(document.sequence, np.array(cells), level, cluster, inside_parent=False)
    return documents.apply_edit(document, after, "Paint", level)


def blank() -> Document:
    everything = np.zeros((CELLS, DEPTH), np.uint8)
    return documents.new_layout(GranularitySequence.blank(CELLS, DEPTH).replace(bits=everything), 64, TOKENIZER)


def test_a_run_starts_at_the_lowest_change_unless_told_otherwise() -> None:
    document = painted(photo(), [0, 1])
    assert plan_run(document.snapshot).stage == 1
    assert plan_run(document.snapshot, 5).stage == 5
    assert plan_run(photo().snapshot).stage == DEPTH // 2


def test_a_small_stroke_is_run_alone_and_a_large_one_in_the_whole_picture() -> None:
    small, large = painted(photo(), [17]).snapshot, painted(photo(), list(range(100))).snapshot
    assert scope_of(small, None) is Scope.PAINTED
    assert scope_of(large, None) is Scope.WHOLE
    assert scope_of(large, Scope.PAINTED) is Scope.PAINTED
    assert scope_of(photo().snapshot, Scope.PAINTED) is Scope.WHOLE


def test_what_was_painted_grows_by_one_cell_and_all_else_is_held() -> None:
    snapshot = painted(photo(), [17 + 1]).snapshot
    area = painted_area(snapshot)
    assert area is not None
    assert sorted(np.flatnonzero(area)) == [1, 2, 3, 17, 18, 19, 33, 34, 35]
    locks = plan_run(snapshot, scope=Scope.PAINTED).locks
    assert np.array_equal(locks.region, ~area)
    assert plan_run(snapshot, scope=Scope.WHOLE).locks == snapshot.locks.with_structure(np.ones(CELLS, np.bool_), 2)


def test_a_layout_from_nothing_is_run_from_the_start_with_its_levels_held() -> None:
    document = painted(painted(blank(), list(range(64)), 1, 1), [0, 1], 3, 5)
    plan = plan_run(document.snapshot)
    assert document.snapshot.blank
    assert document.snapshot.layout == Layout(3)
    assert plan.stage == 0
    assert (plan.locks.structure == 3).all() and not plan.locks.content.any()
    assert plan_run(document.snapshot, 5).stage == 0
    assert scope_of(document.snapshot, Scope.PAINTED) is Scope.WHOLE


def test_locks_of_the_document_stay_in_the_plan() -> None:
    mask = np.arange(CELLS) < 16
    held = Locks.none(CELLS, DEPTH).with_structure(mask, DEPTH).with_content(mask)
    document = documents.with_locks(painted(photo(), [200]), held, "Lock")
    for scope in Scope:
        locks = plan_run(document.snapshot, scope=scope).locks
        assert locks.region[mask].all()
        assert locks | held == locks


@pytest.mark.parametrize("stages", [0, 2])
def test_a_reference_is_run_from_its_last_stage_of_content(stages: int) -> None:
    source = tree(3).replace(bits=tree(3).bits[::-1])
    after = edits.transfer(tree(0), source, (1, 4), None, stages)
    document = documents.apply_layout(photo(), after, Layout(4, stages), "Structure of rose.jpg")
    plan = plan_run(document.snapshot)
    assert plan.stage == stages
    assert (plan.locks.structure == 4).all()
    assert len(document.titles) == 2


def test_an_accepted_result_ends_the_layout() -> None:
    document = painted(blank(), [0], 1, 1)
    plan = plan_run(document.snapshot)
    run = RunRequest(document.sequence, plan.stage, plan.locks, (GenerationSettings(class_id=1),), MODEL)
    after = documents.accept_result(document, run, tree(4), picture(4))
    assert after.snapshot.layout is None
    assert not after.snapshot.blank
    assert after.undo().snapshot == document.snapshot
