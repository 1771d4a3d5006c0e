"""Sequences, requests and documents for the tests of the project room."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.ids import ModelId, TokenizerId
from nvg_studio.project.document import (
    Document,
    Layout,
    apply_edit,
    apply_layout,
    new_layout,
    open_photo,
    with_locks,
    with_name,
)
from nvg_studio.project.results import results_of_run, step_of, toggle_star, with_pending
from nvg_studio.sampling.settings import GenerationSettings, RunRequest

DEPTH = 4
CELLS = 1 << DEPTH
TOKENIZER = TokenizerId("a" * 64)
MODEL = ModelId("f" * 64)
"""As in the stored files of older versions."""


def picture(seed: int, size: int = 24) -> NDArray[np.uint8]:
    """Noise, uint8 [size, size, 3]."""
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3)).astype(np.uint8)


def sequence(seed: int) -> GranularitySequence:
    """Any tree with any tokens, 16 cells."""
    generator = np.random.default_rng(seed)
    bits = generator.integers(0, 2, (CELLS, DEPTH)).astype(np.uint8)
    return GranularitySequence(bits, generator.integers(0, 9, (DEPTH + 1, CELLS)).astype(np.int32))


def locks(seed: int) -> Locks:
    """Some structure and content held."""
    generator = np.random.default_rng(seed)
    structure, content = (generator.integers(0, DEPTH + n, CELLS).astype(np.int16) for n in (1, 2))
    return Locks(structure, content)


def held_region(cells: int) -> Locks:
    """The first cells held entirely."""
    mask = np.arange(CELLS) < cells
    return Locks.none(CELLS, DEPTH).with_structure(mask, DEPTH).with_content(mask)


def request(start: GranularitySequence, stage: int = 2, held: Locks | None = None, seed: int = 0) -> RunRequest:
    """A run with one variation."""
    settings = GenerationSettings(class_id=1, seed=seed, top_p=(1.0, 0.5), greedy=False)
    return RunRequest(start, stage, held, (settings,), MODEL)


def obeying(start: GranularitySequence, held: Locks, seed: int) -> GranularitySequence:
    """A result that keeps what the locks hold."""
    fresh = sequence(seed)
    bits = np.where(held.bits, start.bits, fresh.bits)
    return GranularitySequence(bits, np.where(held.tokens, start.token_map, fresh.token_map))


def with_waiting(document: Document, count: int, seed: int = 0) -> Document:
    """`count` variations of the current step wait, the last one starred."""
    now = document.snapshot
    settings = tuple(GenerationSettings(class_id=1, seed=n) for n in range(count))
    run = RunRequest(now.sequence, 1, now.locks, settings, MODEL)
    sequences = [obeying(now.sequence, now.locks, seed + n) for n in range(count)]
    waiting = with_pending(document, results_of_run(run, now, sequences, [picture(seed + n, 16) for n in range(count)]))
    return toggle_star(waiting, len(waiting.pending_results) - 1)


def waiting_of(document: Document) -> list[Any]:
    """All that is told of the results that wait, as values that can be compared."""
    return [
        (made.title, made.starred, made.request, made.sequence, made.started_from, step_of(document, made))
        + (made.picture.tobytes(), made.picture.shape)
        for made in document.pending_results
    ]


seeds = st.integers(0, 2**31)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Photos after some edits, locks, names, accepted and waiting results, and undos."""
    from nvg_studio.project.document import accept_result

    first = sequence(draw(seeds))
    if draw(st.booleans()):
        document = open_photo(first, picture(draw(seeds)), "Open rose.jpg", TOKENIZER)
    else:
        document = new_layout(first.replace(token_map=np.zeros_like(first.token_map)), 24, TOKENIZER)
    for deed in draw(st.lists(st.sampled_from("eelnrrutw"), max_size=8)):
        seed = draw(seeds)
        now = document.snapshot
        if deed == "e":
            document = apply_edit(document, obeying(now.sequence, now.locks, seed), "Paint", seed % (DEPTH + 1))
        elif deed == "t":
            layout = Layout(seed % (DEPTH + 1), seed % 3)
            document = apply_layout(document, obeying(now.sequence, now.locks, seed), layout, "Structure of rose.jpg")
        elif deed == "l":
            document = with_locks(document, locks(seed), "Lock ☀")
        elif deed == "n":
            document = with_name(document, 2, seed % 4, ["", "petals", "stem\n"][seed % 3])
        elif deed == "r":
            run = request(now.sequence, seed % (DEPTH + 1), now.locks, seed)
            document = accept_result(document, run, obeying(now.sequence, now.locks, seed), picture(seed, 16))
        elif deed == "w":
            document = with_waiting(document, 1 + seed % 3, seed)
        else:
            document = document.undo()
    return document
