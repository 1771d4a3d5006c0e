"""Results beside the history: variations are chosen, starred and cleared; the history stays whole."""

import numpy as np
import pytest

from nvg_studio.errors import LockError
from nvg_studio.imaging.cells import cells_to_pixels
from nvg_studio.project import results
from nvg_studio.project.document import Document, apply_edit, open_photo, with_locks
from nvg_studio.sampling.settings import GenerationSettings, RunRequest
from tests.project.documents import CELLS, DEPTH, MODEL, TOKENIZER, held_region, obeying, picture, request, sequence


def photo() -> Document:
    return open_photo(sequence(0), picture(0), "Open rose.jpg", TOKENIZER)


def with_variations(document: Document, count: int = 3) -> Document:
    """`count` variations of a run of the current step."""
    now = document.snapshot
    settings = tuple(GenerationSettings(class_id=1, seed=n) for n in range(count))
    run = RunRequest(now.sequence, 0, now.locks if now.locks.any else None, settings, MODEL)
    sequences = [obeying(now.sequence, now.locks, 100 + n) for n in range(count)]
    made = results.results_of_run(run, now, sequences, [picture(100 + n) for n in range(count)])
    return results.with_pending(document, made)


def test_each_variation_knows_its_own_settings_and_step() -> None:
    document = with_variations(photo())
    assert [made.request.settings[0].seed for made in document.pending_results] == [0, 1, 2]
    assert all(len(made.request.settings) == 1 for made in document.pending_results)
    assert document.pending_results[1].title == "Run from level 0, variation 2 of 3"
    assert results.step_of(document, document.pending_results[0]) == 0
    assert len(document.titles) == 1


def test_choosing_is_a_step_that_is_undone_and_others_can_be_tried() -> None:
    before = with_variations(photo())
    after = results.apply_pending(before, 1)
    assert after.sequence == before.pending_results[1].sequence
    assert np.array_equal(after.base, before.pending_results[1].picture)
    assert after.snapshot.request == before.pending_results[1].request
    assert after.undo().snapshot == before.snapshot
    other = results.apply_pending(after, 2)
    assert other.sequence == before.pending_results[2].sequence
    assert len(other.titles) == 3
    assert len(other.pending_results) == 3


def test_locked_pixels_are_the_same_in_every_variation() -> None:
    held = held_region(4)
    document = with_variations(with_locks(photo(), held, "Lock"))
    inside = cells_to_pixels(held.region, len(document.base))
    for index in range(3):
        after = results.apply_pending(document, index)
        assert np.array_equal(after.base[inside], document.base[inside])
        again = results.apply_pending(after, 0)
        assert np.array_equal(again.base, results.apply_pending(document, 0).base)


def test_a_result_that_would_change_what_was_locked_since_is_refused() -> None:
    document = with_locks(with_variations(photo()), held_region(CELLS), "Lock")
    with pytest.raises(LockError, match="locked since it was started"):
        results.apply_pending(document, 0)


def test_stars_survive_clearing_and_history_goes_on_beside_the_results() -> None:
    document = results.toggle_star(with_variations(photo()), 2)
    document = apply_edit(document, sequence(7), "Paint")
    assert [made.starred for made in document.pending_results] == [False, False, True]
    assert [made.starred for made in results.only_starred(document).pending_results] == [True]
    assert not any(made.starred for made in results.toggle_star(document, 2).pending_results)
    assert document.undo().pending_results == document.pending_results


def test_the_oldest_results_without_a_star_go_first() -> None:
    document = results.toggle_star(with_variations(photo(), results.MAX_PENDING), 0)
    document = with_variations(document, 2)
    assert len(document.pending_results) == results.MAX_PENDING
    assert document.pending_results[0].starred
    assert document.pending_results[1].request.settings[0].seed == 3


def test_a_step_that_is_gone_from_the_history_is_known_to_be_gone() -> None:
    document = with_variations(apply_edit(photo(), sequence(1), "Paint"))
    assert results.step_of(document, document.pending_results[0]) == 1
    document = apply_edit(document.undo(), sequence(2), "Paint otherwise")
    assert results.step_of(document, document.pending_results[0]) is None


def test_one_result_is_no_variation() -> None:
    run = request(sequence(0), DEPTH)
    made = results.results_of_run(run, photo().snapshot, [sequence(1)], [picture(1)])
    assert made[0].title == f"Run from level {DEPTH}"
    assert results.results_of_run(run, None, [sequence(1)], [picture(1)])[0].title == "New picture"
