"""The engine process with real networks (a tiny random model): the same answers as the pipeline in this process."""

import time
from collections.abc import Iterator

import numpy as np
import pytest

from nvg_studio.engine.process import ProcessEngine
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.structure_method import HALVES
from nvg_studio.sampling.events import (
    LAST_EVENTS,
    Cancelled,
    CodeColours,
    Decoded,
    Done,
    Encoded,
    Event,
    ModelReady,
    StageDone,
)
from nvg_studio.sampling.pipeline import NVGPipeline
from nvg_studio.sampling.settings import GenerationSettings, RunRequest
from tests.tiny import tiny_pipeline

pytestmark = pytest.mark.e2e

IMAGE = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> NVGPipeline:
    return tiny_pipeline(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def engine(pipeline: NVGPipeline) -> Iterator[ProcessEngine]:
    engine = ProcessEngine()
    try:
        *_, ready = answers(engine, engine.load(pipeline.info.folder, device="cpu"))
        assert isinstance(ready, ModelReady)
        assert ready.info == pipeline.info
        yield engine
    finally:
        engine.close()


def answers(engine: ProcessEngine, job: int) -> list[Event]:
    """All events of a job, which ends in time even where importing torch takes minutes (a busy machine)."""
    events: list[Event] = []
    deadline = time.monotonic() + 400
    while not (events and isinstance(events[-1], LAST_EVENTS)):
        assert time.monotonic() < deadline
        events += [event for event in engine.poll() if event.job == job]
        time.sleep(0.005)
    return events


def test_run_is_the_pipelines(engine: ProcessEngine, pipeline: NVGPipeline) -> None:
    sequence = pipeline.encode(IMAGE)
    mask = np.arange(64) % 5 == 0
    locks = Locks.none(64, 6).with_structure(mask, 6).with_content(mask)
    settings = tuple(GenerationSettings(class_id=1, seed=seed) for seed in (3, 4))
    *stages, done = answers(
        engine, engine.run(RunRequest(sequence, 2, locks, settings, pipeline.info.identity.model, "cpu", "float32"))
    )
    expected = pipeline.run_from_batch(sequence, 2, settings, locks=locks)
    assert isinstance(done, Done)
    assert done.sequences == tuple(expected)
    assert all(map(np.array_equal, done.pictures, map(pipeline.decode, expected)))
    assert [(e.stage, e.item) for e in stages if isinstance(e, StageDone)] == [
        (s, i) for s in range(2, 7) for i in (0, 1)
    ]


def test_encode_and_decode_are_the_pipelines(engine: ProcessEngine, pipeline: NVGPipeline) -> None:
    (encoded,) = answers(engine, engine.encode(IMAGE))
    assert isinstance(encoded, Encoded)
    assert encoded.sequence == pipeline.encode(IMAGE)
    for structure in (HALVES, encoded.sequence.bits[:, ::-1].copy()):
        (asked,) = answers(engine, engine.encode(IMAGE, structure))
        assert isinstance(asked, Encoded) and asked.sequence == pipeline.encode(IMAGE, structure) != encoded.sequence
        assert np.array_equal(asked.brightness, encoded.brightness)
    (decoded,) = answers(engine, engine.decode(encoded.sequence, (0, 6)))
    assert isinstance(decoded, Decoded)
    for stage, picture in decoded.pictures.items():
        assert np.array_equal(picture, pipeline.decode(encoded.sequence, stage=stage))


def test_colours_of_codes_are_the_pipelines(engine: ProcessEngine, pipeline: NVGPipeline) -> None:
    (found,) = answers(engine, engine.colours((1, 2)))
    assert isinstance(found, CodeColours)
    assert np.array_equal(found.colours, pipeline.code_colours((1, 2)))


def test_cancel_takes_effect_between_network_calls(engine: ProcessEngine, pipeline: NVGPipeline) -> None:
    pid = engine.pid
    settings = (GenerationSettings(structure_steps=1000),)
    job = engine.run(RunRequest(pipeline.encode(IMAGE), 0, None, settings, pipeline.info.identity.model))
    engine.cancel(job)
    assert isinstance(answers(engine, job)[-1], Cancelled)
    assert engine.pid == pid
