"""The engine's stand-in keeps the promises of the real one."""

import numpy as np
import pytest

from nvg_studio.engine.protocol import Engine
from nvg_studio.engine.scripted import SCRIPTED_INFO, ScriptedEngine, draw, encode
from nvg_studio.granularity.hierarchy import is_balanced
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.sampling.events import Cancelled, Decoded, Done, Encoded, Failed, ModelReady, StageDone
from nvg_studio.sampling.settings import GenerationSettings, RunRequest

PHOTO = np.random.default_rng(0).integers(0, 256, (80, 100, 3), np.uint8)
SEQUENCE = encode(PHOTO, SCRIPTED_INFO)


def request(*seeds: int, stage: int = 0, locks: Locks | None = None) -> RunRequest:
    settings = tuple(GenerationSettings(class_id=1, seed=seed) for seed in seeds)
    return RunRequest(SEQUENCE, stage, locks, settings, SCRIPTED_INFO.identity.model)


def result(asked: RunRequest) -> Done:
    engine = ScriptedEngine(manual=True)
    engine.run(asked)
    engine.finish()
    *_, done = engine.poll()
    assert isinstance(done, Done)
    return done


def test_it_is_an_engine() -> None:
    engine: Engine = ScriptedEngine()
    load = engine.load("folder")
    (ready,) = engine.poll()
    assert isinstance(ready, ModelReady)
    assert (ready.job, ready.info.folder) == (load, "folder")
    engine.close()


def test_photo_becomes_a_mosaic_from_coarse_to_fine() -> None:
    assert is_balanced(SEQUENCE.bits, 8)
    coarse, fine = draw(SEQUENCE, 0, SCRIPTED_INFO), draw(SEQUENCE, 8, SCRIPTED_INFO)
    assert len(np.unique(coarse.reshape(-1, 3), axis=0)) == 1
    assert len(np.unique(fine.reshape(-1, 3), axis=0)) > 100
    assert fine.shape == (64, 64, 3)


def test_run_keeps_what_is_below_the_start_and_locked() -> None:
    mask = np.arange(256) % 3 == 0
    locks = Locks.none(256, 8).with_structure(mask, 8).with_content(mask)
    sequence = result(request(7, stage=3, locks=locks)).sequences[0]
    assert np.array_equal(sequence.bits[:, :3], SEQUENCE.bits[:, :3])
    assert np.array_equal(sequence.token_map[:3], SEQUENCE.token_map[:3])
    assert np.array_equal(sequence.bits[mask], SEQUENCE.bits[mask])
    assert np.array_equal(sequence.token_map[:, mask], SEQUENCE.token_map[:, mask])
    assert not np.array_equal(sequence.bits[~mask, 3:], SEQUENCE.bits[~mask, 3:])


def test_run_is_balanced_and_depends_on_the_request_alone() -> None:
    first, again = result(request(1, 2)), result(request(1, 2))
    assert first.sequences == again.sequences
    assert first.sequences[0] != first.sequences[1]
    assert all(is_balanced(sequence.bits, 8) for sequence in first.sequences)
    assert np.array_equal(first.pictures[0], draw(first.sequences[0], 8, SCRIPTED_INFO))


def test_free_tree_runs_to_the_end() -> None:
    bits = np.zeros((256, 8), np.uint8)
    bits[:3, 0] = 1
    free = SEQUENCE.replace(bits=bits)
    done = result(RunRequest(free, 1, None, (GenerationSettings(),), SCRIPTED_INFO.identity.model))
    assert np.array_equal(done.sequences[0].bits[:, 0], bits[:, 0])


def test_every_poll_is_a_step() -> None:
    engine = ScriptedEngine()
    asked = request(1, stage=6)
    job = engine.run(asked)
    kinds = [type(event) for _ in range(5) for event in engine.poll()]
    assert kinds == [StageDone, StageDone, StageDone, Done]
    assert not engine.busy
    assert engine.requests == [asked]
    assert job == 1


def test_decode_goes_before_the_rest_of_a_run() -> None:
    engine = ScriptedEngine(manual=True)
    run = engine.run(request(1))
    engine.step(2)
    decode = engine.decode(SEQUENCE, (0, 8))
    engine.step()
    *stages, decoded = engine.poll()
    assert [event.job for event in stages] == [run, run]
    assert isinstance(decoded, Decoded)
    assert decoded.job == decode
    assert sorted(decoded.pictures) == [0, 8]


def test_manual_engine_waits() -> None:
    engine = ScriptedEngine(manual=True)
    engine.encode(PHOTO)
    assert engine.poll() == []
    engine.step()
    (encoded,) = engine.poll()
    assert isinstance(encoded, Encoded)
    assert encoded.sequence == SEQUENCE


@pytest.mark.parametrize("everything", [True, False])
def test_cancel(everything: bool) -> None:
    engine = ScriptedEngine(manual=True)
    first, second = engine.run(request(1)), engine.run(request(2))
    engine.step(3)
    engine.poll()
    engine.cancel(None if everything else second)
    engine.finish()
    cancelled = [event.job for event in engine.poll() if isinstance(event, Cancelled)]
    assert cancelled == ([first, second] if everything else [second])


def test_accidents() -> None:
    engine = ScriptedEngine(manual=True)
    load = engine.load("folder")
    engine.finish()
    engine.fail_next("Out of memory.")
    failing = engine.run(request(1))
    engine.finish()
    dying = engine.run(request(1))
    engine.step(4)
    engine.poll()
    engine.die()
    later = engine.run(request(1))
    engine.finish()
    failed, ready, *_, done = engine.poll()
    assert isinstance(failed, Failed)
    assert failed.job == dying != failing
    assert isinstance(ready, ModelReady)
    assert ready.job == load
    assert isinstance(done, Done)
    assert done.job == later


def test_one_failure_is_one_failure() -> None:
    engine = ScriptedEngine(manual=True)
    engine.fail_next("Out of memory.")
    jobs = [engine.run(request(1)), engine.run(request(1))]
    engine.finish()
    failed = [event for event in engine.poll() if isinstance(event, Failed)]
    assert [(event.job, event.message) for event in failed] == [(jobs[0], "Out of memory.")]


def test_blank_sequence_can_be_run() -> None:
    blank = GranularitySequence.blank(256, 8)
    done = result(RunRequest(blank, 0, None, (GenerationSettings(),), SCRIPTED_INFO.identity.model))
    assert done.sequences[0] != blank
