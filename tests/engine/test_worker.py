"""The inside of the engine process, here in this one: what it draws, and what it has drawn already."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nvg_studio.engine.messages import Decode, Load, Run, Started
from nvg_studio.engine.scripted import SCRIPTED_INFO, identity_named
from nvg_studio.engine.worker import _Worker
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.sampling.events import Decoded, Done, Event, StageDone
from nvg_studio.sampling.settings import GenerationSettings, RunRequest
from tests.engine import fake_pipeline as fake

SEQUENCE = GranularitySequence.blank(256, 8)


class Letters:
    """A mailbox with nobody at the other end."""

    def __init__(self) -> None:
        self.sent: list[Event | Started] = []
        self.stopped: set[int] = set()

    def reply(self, answer: Event | Started) -> None:
        self.sent.append(answer)

    def take_decode(self) -> None:
        return None


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The stages that the decoder drew, one after the other."""
    stages: list[int] = []
    decode = fake.FakePipeline.decode

    def counted(self: fake.FakePipeline, sequence: GranularitySequence, stage: int | None = None) -> np.ndarray:
        stages.append(self.info.depth if stage is None else stage)
        return decode(self, sequence, stage)

    monkeypatch.setattr(fake.FakePipeline, "decode", counted)
    yield stages


@pytest.fixture
def worker() -> _Worker:
    letters = Letters()
    worker = _Worker(letters, fake.FACTORY)  # type: ignore[arg-type]
    worker.perform(Load(1, "model", "auto", "auto"))
    return worker


def sent(worker: _Worker) -> list[Event | Started]:
    assert isinstance(worker._mailbox, Letters)
    return worker._mailbox.sent


def last(worker: _Worker) -> Event | Started:
    return sent(worker)[-1]


def run(worker: _Worker, stage: int, count: int = 1) -> Done:
    settings = tuple(GenerationSettings(seed=fake.FINE, class_id=n) for n in range(count))
    worker.perform(Run(2, RunRequest(SEQUENCE, stage, None, settings, SCRIPTED_INFO.identity.model)))
    done = last(worker)
    assert isinstance(done, Done)
    return done


def test_the_picture_of_a_result_is_that_of_its_last_stage(worker: _Worker, drawn: list[int]) -> None:
    done = run(worker, 6, count=2)
    assert drawn == [6, 7, 8, 6, 7, 8]
    seen = [event for event in sent(worker) if isinstance(event, StageDone) and event.stage == 8]
    for event, picture in zip(seen, done.pictures, strict=True):
        np.testing.assert_array_equal(event.preview, picture)


def test_stages_that_a_run_drew_or_kept_are_not_drawn_again(worker: _Worker, drawn: list[int]) -> None:
    worker.perform(Decode(2, SEQUENCE, (0, 1)))
    result = run(worker, 2).sequences[0]
    drawn.clear()
    worker.perform(Decode(3, result, tuple(range(9))))
    answer = last(worker)
    assert isinstance(answer, Decoded) and sorted(answer.pictures) == list(range(9))
    assert drawn == []
    worker.perform(Decode(4, result.replace(bits=1 - result.bits), (8,)))
    assert drawn == []  # a picture depends on the tokens alone
    worker.perform(Decode(5, result.replace(token_map=result.token_map + 1), (8,)))
    assert drawn == [8]


def test_rough_pictures_are_not_taken_for_the_decoders(
    worker: _Worker, drawn: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_from_batch = fake.FakePipeline.run_from_batch

    def rough(self: fake.FakePipeline, *given: Any, on_event: Callable[[Event], None], **named: Any) -> Any:
        def hook(event: Event) -> None:
            if isinstance(event, StageDone) and event.preview is not None and event.stage < 8:
                event = replace(event, preview=event.preview & np.uint8(0xC0), rough=True)
            on_event(event)

        return run_from_batch(self, *given, on_event=hook, **named)  # type: ignore[misc]

    monkeypatch.setattr(fake.FakePipeline, "run_from_batch", rough)
    result = run(worker, 6).sequences[0]
    drawn.clear()
    worker.perform(Decode(3, result, (6, 7, 8)))
    assert drawn == [6, 7]


def test_another_model_draws_its_own(worker: _Worker, drawn: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    worker.perform(Decode(2, SEQUENCE, (3,)))
    worker._pipeline.info = replace(worker._pipeline.info, identity=identity_named("ab" * 32))
    worker.perform(Decode(3, SEQUENCE, (3,)))
    assert drawn == [3, 3]
