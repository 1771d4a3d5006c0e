"""The document: a list of values, one history for everything, exact pixels, states of the cards."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvg_studio.errors import LockError, PictureError, SequenceError
from nvg_studio.granularity.edits import first_changed_stage, paint
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.imaging.cells import cells_to_pixels
from nvg_studio.project import document as document_module
from nvg_studio.project.card_states import State, card_states
from nvg_studio.project.document import (
    Document,
    accept_result,
    apply_edit,
    from_result,
    open_photo,
    picture_key,
    with_locks,
    with_name,
)
from tests.project.documents import (
    CELLS,
    DEPTH,
    TOKENIZER,
    documents,
    held_region,
    locks,
    obeying,
    picture,
    request,
    seeds,
    sequence,
)


def photo() -> Document:
    return open_photo(sequence(0), picture(0), "Open", TOKENIZER)


def states(document: Document) -> list[str]:
    return [str(card.state) for card in card_states(document.snapshot)]


@given(documents())
def test_every_step_has_its_picture_and_no_picture_is_left_over(document: Document) -> None:
    assert set(document.pictures) == {step.base for step in document.history.snapshots}
    for key, image in document.pictures.items():
        assert picture_key(image) == key and not image.flags.writeable
    assert len(document.titles) == len(document.history.snapshots)


@given(documents())
def test_undo_to_the_start_and_redo_to_the_end(document: Document) -> None:
    steps = document.history.snapshots
    start = document
    while start.can_undo:
        start = start.undo()
    assert start.snapshot == steps[0] and start.undo() is start
    end = start
    while end.can_redo:
        end = end.redo()
    assert end.snapshot == steps[-1] and end.redo() is end
    assert end.history.snapshots == steps
    assert document.visit(10**6).index == len(steps) - 1 and document.visit(-5).index == 0
    assert document.visit(document.index) is document


@given(documents(), seeds)
def test_a_new_step_drops_what_was_undone(document: Document, seed: int) -> None:
    changed = apply_edit(document, obeying(document.sequence, document.snapshot.locks, seed), "Paint")
    if changed is document:
        return
    assert changed.index == document.index + 1 == len(changed.titles) - 1
    assert changed.undo().snapshot == document.snapshot
    assert not changed.can_redo


@given(documents(), seeds, st.booleans())
def test_accepted_result_keeps_locked_pixels(document: Document, seed: int, exact: bool) -> None:
    now = document.snapshot
    run = request(now.sequence, 1, now.locks)
    after = accept_result(document, run, obeying(now.sequence, now.locks, seed), picture(seed, 16), exact)
    inside = now.locks.region
    if exact and inside.any():
        pixels = cells_to_pixels(inside, len(document.base))
        np.testing.assert_array_equal(after.base[pixels], document.base[pixels])
    else:
        np.testing.assert_array_equal(after.base, picture(seed, 16))
    assert after.snapshot.result == after.sequence and after.snapshot.request == run
    assert set(states(after)) == {"fresh"}
    assert after.undo().snapshot == now


def test_locked_pixels_stay_through_many_runs_and_unlocking_changes_nothing_by_itself() -> None:
    document = with_locks(photo(), held_region(6), "Lock")
    inside = cells_to_pixels(held_region(6).region, 24)
    original = document.base
    for seed in range(1, 5):
        run = request(document.sequence, 0, document.snapshot.locks, seed)
        result = obeying(document.sequence, document.snapshot.locks, seed)
        document = accept_result(document, run, result, picture(seed, 16))
        np.testing.assert_array_equal(document.base[inside], original[inside])
    assert not np.array_equal(document.base[~inside], original[~inside])
    unlocked = with_locks(document, Locks.none(CELLS, DEPTH), "Unlock")
    assert unlocked.snapshot.base == document.snapshot.base


def test_the_mask_is_the_one_of_the_run() -> None:
    held = held_region(4)
    after = accept_result(photo(), request(sequence(0), 0, held), obeying(sequence(0), held, 5), picture(5))
    inside = cells_to_pixels(held.region, 24)
    np.testing.assert_array_equal(after.base[inside], photo().base[inside])
    assert after.snapshot.locks == Locks.none(CELLS, DEPTH)


def test_result_that_breaks_later_locks_is_refused() -> None:
    document = with_locks(photo(), held_region(3), "Lock")
    with pytest.raises(LockError, match="3 cells") as error:
        accept_result(document, request(sequence(0)), sequence(99), picture(1))
    assert "\n" not in str(error.value)
    assert accept_result(photo(), request(sequence(0)), sequence(99), picture(1)).sequence == sequence(99)


def test_result_of_another_size_is_refused() -> None:
    with pytest.raises(SequenceError, match="64 cells"):
        accept_result(photo(), request(sequence(0)), GranularitySequence.blank(64, 6), picture(1))


def test_nothing_changed_is_no_step() -> None:
    document = photo()
    same = GranularitySequence(document.sequence.bits, document.sequence.token_map)
    assert apply_edit(document, same, "Paint") is document
    assert with_locks(document, Locks.none(CELLS, DEPTH), "Lock") is document
    assert with_name(document, 1, 0, "") is document


def test_names_are_steps_too() -> None:
    document = with_name(with_name(photo(), 2, 3, "stem"), 1, 0, "petals")
    assert document.snapshot.names == ((1, 0, "petals"), (2, 3, "stem"))
    renamed = with_name(document, 2, 3, "leaf")
    assert renamed.snapshot.names == ((1, 0, "petals"), (2, 3, "leaf"))
    assert with_name(renamed, 1, 0, "").snapshot.names == ((2, 3, "leaf"),)
    assert renamed.undo().snapshot.names == document.snapshot.names
    for stage, cluster in ((5, 0), (2, 4), (2, -1), (-1, 0)):
        with pytest.raises(SequenceError):
            with_name(document, stage, cluster, "x")


def test_photo_and_result_start_fresh() -> None:
    run = request(GranularitySequence.blank(CELLS, DEPTH), 0)
    for document in (photo(), from_result(run, sequence(3), picture(3))):
        assert states(document) == ["fresh"] * (DEPTH + 1)
        assert not document.can_undo and not document.can_redo
        assert not any(card.locked for card in card_states(document.snapshot))
    assert from_result(run, sequence(3), picture(3)).snapshot.tokenizer == run.tokenizer


def test_the_caller_keeps_no_handle_on_the_picture() -> None:
    crop = picture(0)
    document = open_photo(sequence(0), crop, "Open")
    crop[:] = 0
    assert picture_key(document.base) == document.snapshot.base
    with pytest.raises(ValueError, match="read-only"):
        document.base[0, 0, 0] = 1
    with pytest.raises(TypeError):
        document.pictures["x"] = crop  # type: ignore[index]


@pytest.mark.parametrize("shape", [(8, 9, 3), (8, 8), (8, 8, 4)])
def test_odd_pictures_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(PictureError):
        open_photo(sequence(0), np.zeros(shape, np.uint8), "Open")


def test_one_changed_level_is_edited_below_kept_above_stale() -> None:
    document = photo()
    bits = document.sequence.bits.copy()
    bits[3, 1] ^= 1
    edited = apply_edit(document, document.sequence.replace(bits=bits), "Paint")
    assert states(edited) == ["kept", "kept", "edited", "stale", "stale"]
    assert first_changed_stage(edited.snapshot.result, edited.sequence) == 2
    assert states(edited.undo()) == ["fresh"] * 5


def test_changed_tokens_are_edited_at_their_stage() -> None:
    document = photo()
    tokens = document.sequence.token_map.copy()
    tokens[0] += 1
    tokens[3, 5] += 1
    edited = apply_edit(document, document.sequence.replace(token_map=tokens), "Colour")
    assert states(edited) == ["edited", "stale", "stale", "edited", "stale"]


@given(seeds, st.integers(1, DEPTH), st.integers(0, 2**CELLS - 1))
def test_after_a_stroke_the_first_edited_card_is_not_above_the_start_of_the_run(
    seed: int, level: int, stroke: int
) -> None:
    document = open_photo(sequence(seed), picture(0), "Open")
    mask = np.array([stroke >> cell & 1 for cell in range(CELLS)], dtype=bool)
    edited = apply_edit(document, paint(document.sequence, mask, level, 0), "Paint")
    start = first_changed_stage(edited.snapshot.result, edited.sequence)
    cards = [card.state for card in card_states(edited.snapshot)]
    if start is None:
        assert set(cards) == {State.FRESH}
    else:
        assert State.EDITED in cards[: start + 1]
        assert State.FRESH not in cards


def test_cards_show_where_locks_hold() -> None:
    none = Locks.none(CELLS, DEPTH)
    one = np.arange(CELLS) == 7
    layout = with_locks(photo(), none.with_structure(one, 2), "Lock")
    content = with_locks(photo(), none.with_content(one, 2), "Lock")
    assert [card.locked for card in card_states(layout.snapshot)] == [False, True, True, False, False]
    assert [card.locked for card in card_states(content.snapshot)] == [True, True, False, False, False]


def test_snapshots_are_values() -> None:
    one, other = photo().snapshot, photo().snapshot
    assert one == other and hash(one) == hash(other) and one is not other
    assert one != with_locks(photo(), locks(1), "Lock").snapshot
    with pytest.raises(SequenceError):
        type(one)(sequence(0), sequence(0), Locks.none(64, 6), "k", "t")


def test_the_oldest_steps_go_where_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_module, "LONGEST_HISTORY", 4)
    document = open_photo(sequence(0), picture(0), "Open")
    for seed in range(1, 7):
        document = apply_edit(document, sequence(seed), f"Paint {seed}")
    assert document.titles == ("Paint 3", "Paint 4", "Paint 5", "Paint 6") and document.index == 3
    run = request(document.sequence)
    for seed in range(4):
        document = accept_result(document, run, sequence(seed), picture(seed))
    assert set(document.pictures) == {step.base for step in document.history.snapshots} and len(document.pictures) == 4
    assert document.undo().undo().index == 1


def test_the_oldest_steps_go_where_their_pictures_are_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_module, "MAX_PICTURES", 3 * picture(0).nbytes)
    document = photo()
    for seed in range(1, 6):
        document = accept_result(
            document, request(document.sequence), sequence(seed), picture(seed), title=f"Run {seed}"
        )
        document = with_name(document, 1, 0, str(seed))
    assert document.titles[0] == "Run 3" and len(document.pictures) == 3 and len(document.titles) == 6
    monkeypatch.setattr(document_module, "MAX_PICTURES", 0)
    document = accept_result(document, request(document.sequence), sequence(9), picture(9))
    assert len(document.titles) == 1 and document.index == 0
