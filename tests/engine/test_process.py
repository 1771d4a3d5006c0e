"""The engine process: answers, cancel, death and restart. A fake pipeline stands in for the networks."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from nvg_studio.engine import scripted
from nvg_studio.engine.process import ProcessEngine
from nvg_studio.engine.protocol import Engine
from nvg_studio.engine.scripted import SCRIPTED_INFO
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.ids import ModelId
from nvg_studio.sampling.events import (
    LAST_EVENTS,
    Cancelled,
    Decoded,
    Done,
    Encoded,
    Event,
    Failed,
    ModelReady,
    StageDone,
)
from nvg_studio.sampling.settings import GenerationSettings, RunRequest
from tests.engine import fake_pipeline as fake

pytestmark = pytest.mark.e2e

SEQUENCE = GranularitySequence.blank(256, 8)
LIMIT = 200.0
"""Generous: the machine may be busy. Nothing here is timed."""


class Watched:
    """An engine and everything it has said."""

    def __init__(self, engine: ProcessEngine) -> None:
        self.engine = engine
        self.events: list[Event] = []

    def until(self, found: Callable[[Event], bool]) -> Event:
        """Poll until an event comes that was not there before."""
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline:
            new = self.engine.poll()
            self.events += new
            for event in new:
                if found(event):
                    return event
            time.sleep(0.005)
        raise AssertionError(f"nothing came; so far: {self.events}")

    def last(self, job: int) -> Event:
        """The event that ends a job."""
        seen = [event for event in self.events if event.job == job and isinstance(event, LAST_EVENTS)]
        return seen[-1] if seen else self.until(lambda event: event.job == job and isinstance(event, LAST_EVENTS))

    def run(self, *seeds: int, stage: int = 0, locks: Locks | None = None) -> int:
        settings = tuple(GenerationSettings(seed=seed) for seed in seeds)
        return self.engine.run(RunRequest(SEQUENCE, stage, locks, settings, SCRIPTED_INFO.identity.model))

    def run_under_way(self, seed: int) -> int:
        """Start a run and wait until it is in the middle."""
        job = self.run(seed)
        self.until(lambda event: event.job == job and isinstance(event, StageDone) and event.stage == 1)
        return job

    def works(self) -> None:
        """The next run gives a result."""
        assert isinstance(self.last(self.run(fake.FINE)), Done)


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended but was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def watched() -> Iterator[Watched]:
    """A loaded engine; afterwards no process and no thread of it is left."""
    threads, processes = set(threading.enumerate()), set(multiprocessing.active_children())
    engine = ProcessEngine(fake.FACTORY)
    try:
        watched = Watched(engine)
        assert isinstance(watched.last(engine.load("some/folder")), ModelReady)
        yield watched
    finally:
        engine.close()
    assert set(threading.enumerate()) == threads
    assert set(multiprocessing.active_children()) == processes


def test_run_tells_every_stage_and_the_result(watched: Watched) -> None:
    job = watched.run(fake.FINE, 99, stage=3)
    done = watched.last(job)
    assert isinstance(done, Done)
    stages = [(e.item, e.stage) for e in watched.events if isinstance(e, StageDone)]
    assert stages == [(item, stage) for item in range(2) for stage in range(3, 9)]
    for seed, sequence, picture in zip((fake.FINE, 99), done.sequences, done.pictures, strict=True):
        *_, (_, expected) = scripted.run_stages(SEQUENCE, 3, None, GenerationSettings(seed=seed))
        assert sequence == expected
        assert np.array_equal(picture, scripted.draw(expected, 8, SCRIPTED_INFO))


def test_arrays_are_read_only_after_the_way_through_the_pipe(watched: Watched) -> None:
    done = watched.last(watched.run(fake.FINE))
    assert isinstance(done, Done)
    with pytest.raises(ValueError, match="read-only"):
        done.sequences[0].bits[0, 0] = 1


def test_encode_and_decode(watched: Watched) -> None:
    image = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    encoded = watched.last(watched.engine.encode(image))
    assert isinstance(encoded, Encoded)
    assert encoded.sequence == scripted.encode(image, SCRIPTED_INFO)
    decoded = watched.last(watched.engine.decode(encoded.sequence, (0, 5)))
    assert isinstance(decoded, Decoded)
    assert sorted(decoded.pictures) == [0, 5]
    assert np.array_equal(decoded.pictures[5], scripted.draw(encoded.sequence, 5, SCRIPTED_INFO))


def test_decode_is_served_in_the_middle_of_a_run(watched: Watched) -> None:
    run = watched.run_under_way(fake.SLOW)
    queued = watched.run(fake.FINE)
    decode = watched.engine.decode(SEQUENCE, (8,))
    assert isinstance(watched.last(decode), Decoded)
    assert not [e for e in watched.events if e.job in (run, queued) and isinstance(e, LAST_EVENTS)]
    assert isinstance(watched.last(run), Done)
    assert isinstance(watched.last(queued), Done)


def test_decode_does_not_overtake_another_model(watched: Watched) -> None:
    watched.run_under_way(fake.SLOW)
    load = watched.engine.load("another/folder")
    decode = watched.engine.decode(SEQUENCE, (8,))
    watched.last(decode)
    answered = [event.job for event in watched.events if isinstance(event, LAST_EVENTS)]
    assert answered.index(load) < answered.index(decode)


def test_cancel_by_the_flag_keeps_the_process(watched: Watched) -> None:
    pid = watched.engine.pid
    job = watched.run_under_way(fake.SLOW)
    watched.engine.cancel(job)
    seen = len(watched.events)
    assert isinstance(watched.last(job), Cancelled)
    assert not [event for event in watched.events[seen:] if isinstance(event, StageDone)]
    watched.works()
    assert watched.engine.pid == pid


def test_cancel_of_waiting_jobs_comes_at_once(watched: Watched) -> None:
    watched.run_under_way(fake.SLOW)
    waiting = [watched.run(fake.FINE), watched.engine.decode(SEQUENCE, (1,)), watched.run(fake.FINE)]
    watched.engine.cancel(waiting[0])
    assert isinstance(watched.last(waiting[0]), Cancelled)
    watched.engine.cancel()
    for job in waiting[2:]:
        assert isinstance(watched.last(job), Cancelled)
    watched.works()


def test_cancelled_job_never_gives_a_result(watched: Watched) -> None:
    for _ in range(10):
        job = watched.run(fake.FINE)
        watched.engine.cancel(job)
        assert isinstance(watched.last(job), Cancelled)


@pytest.mark.parametrize("seed", [fake.DEAF, fake.GRAB])
def test_job_that_ignores_its_cancel_is_killed(watched: Watched, seed: int) -> None:
    pid = watched.engine.pid
    assert pid is not None
    job = watched.run_under_way(seed)
    unconcerned = watched.run(fake.FINE)
    unwanted = watched.run(fake.FINE)
    watched.engine.cancel(job)
    watched.engine.cancel(unwanted)
    assert isinstance(watched.last(job), Cancelled)
    assert watched.engine.pid != pid
    assert isinstance(watched.last(unconcerned), Done)
    assert isinstance(watched.last(unwanted), Cancelled)
    assert sum(isinstance(event, ModelReady) for event in watched.events) == 2
    wait_until(lambda: not alive(pid))


def test_kill_during_a_run_fails_that_run_only(watched: Watched) -> None:
    assert watched.engine.pid is not None
    job = watched.run_under_way(fake.SLOW)
    waiting = watched.run(fake.FINE)
    os.kill(watched.engine.pid, signal.SIGKILL)
    failed = watched.last(job)
    assert isinstance(failed, Failed)
    assert "killed" in failed.message
    assert "\n" not in failed.message
    assert isinstance(watched.last(waiting), Done)
    ready = [event for event in watched.events if isinstance(event, ModelReady)]
    assert len(ready) == 2
    assert ready[0].job == ready[1].job


def test_kill_while_idle_starts_again_by_itself(watched: Watched) -> None:
    assert watched.engine.pid is not None
    os.kill(watched.engine.pid, signal.SIGKILL)
    watched.until(lambda event: isinstance(event, ModelReady))
    watched.works()


def test_pipeline_that_kills_its_process_does_not_loop(watched: Watched) -> None:
    for _ in range(2):
        assert isinstance(watched.last(watched.run(fake.DIE)), Failed)
    watched.works()


@pytest.mark.parametrize(
    ("seed", "message", "detail"),
    [
        (fake.OOM, "Out of memory on cpu: make fewer pictures", "MemoryError"),
        (fake.CUDA_OOM, "Out of memory on cpu: make fewer pictures", "Tried to allocate"),
        (fake.BUG, "Internal error (ZeroDivisionError: a bug)", "Traceback"),
        (fake.REFUSE, "The locks of two cells contradict each other.", "Traceback"),
    ],
)
def test_failure_is_one_line_with_details(watched: Watched, seed: int, message: str, detail: str) -> None:
    pid = watched.engine.pid
    failed = watched.last(watched.run(seed))
    assert isinstance(failed, Failed)
    assert failed.message.startswith(message)
    assert "\n" not in failed.message
    assert detail in failed.details
    watched.works()
    assert watched.engine.pid == pid


def test_request_for_another_model_or_device_is_refused(watched: Watched) -> None:
    settings = (GenerationSettings(),)
    other_model = watched.engine.run(RunRequest(SEQUENCE, 0, None, settings, ModelId("0" * 64)))
    other_device = watched.engine.run(RunRequest(SEQUENCE, 0, None, settings, SCRIPTED_INFO.identity.model, "cuda"))
    for job, word in ((other_model, "another model"), (other_device, "device cuda")):
        failed = watched.last(job)
        assert isinstance(failed, Failed)
        assert word in failed.message


def test_failed_load_keeps_the_model_before(watched: Watched) -> None:
    failed = watched.last(watched.engine.load("missing"))
    assert isinstance(failed, Failed)
    assert failed.message == "There is no model in missing: choose another folder."
    watched.works()
    assert isinstance(watched.last(watched.engine.load("crash")), Failed)
    watched.works()


def test_model_that_went_away_is_not_loaded_for_ever(watched: Watched, tmp_path: Path) -> None:
    folder = tmp_path / "once"
    folder.touch()
    load = watched.engine.load(str(folder))
    assert isinstance(watched.last(load), ModelReady)
    assert watched.engine.pid is not None
    os.kill(watched.engine.pid, signal.SIGKILL)
    watched.until(lambda event: event.job == load and isinstance(event, Failed))
    failed = watched.last(watched.run(fake.FINE))
    assert isinstance(failed, Failed)
    assert "No model is loaded" in failed.message


def test_poll_does_not_wait_for_large_pictures(watched: Watched) -> None:
    """A process that reads nothing for a while (it computes) must not hold up the calls: the pipe takes 64 KiB."""
    job = watched.run_under_way(fake.GRAB)
    image = np.zeros((4000, 4000, 3), np.uint8)
    jobs = [watched.engine.encode(image) for _ in range(3)]
    assert watched.engine.poll() == []
    watched.engine.cancel(job)
    assert isinstance(watched.last(job), Cancelled)
    for waiting in jobs:
        assert isinstance(watched.last(waiting), Encoded)


def test_close_in_the_middle_of_a_run_leaves_nothing(watched: Watched) -> None:
    pid = watched.engine.pid
    assert pid is not None
    watched.run_under_way(fake.DEAF)
    watched.engine.close()
    assert not alive(pid)
    assert watched.engine.poll() == []


def test_close_without_ever_starting() -> None:
    engine: Engine = ProcessEngine(fake.FACTORY)
    assert engine.poll() == []
    engine.close()


PARENT = f"""
import sys, time
from nvg_studio.engine.process import ProcessEngine
from nvg_studio.sampling.events import StageDone
from nvg_studio.sampling.settings import GenerationSettings, RunRequest
from nvg_studio.granularity.sequence import GranularitySequence

if __name__ == "__main__":
    engine = ProcessEngine({fake.FACTORY!r})
    engine.load("some/folder")
    settings = (GenerationSettings(seed={fake.BUSY}),)
    engine.run(RunRequest(GranularitySequence.blank(256, 8), 0, None, settings, {SCRIPTED_INFO.identity.model!r}))
    while not any(isinstance(event, StageDone) and event.stage == 1 for event in engine.poll()):
        time.sleep(0.005)
    print(engine.pid, "torch" in sys.modules, flush=True)
    time.sleep(600)
"""


def test_process_does_not_run_the_main_module_again(tmp_path: Path) -> None:
    """It would import Qt before torch there."""
    script = tmp_path / "window.py"
    script.write_text(f"""
import sys, time
from nvg_studio.engine.process import ProcessEngine

print("main", flush=True)
engine = ProcessEngine({fake.FACTORY!r})
engine.load("some/folder")
while not engine.poll():
    time.sleep(0.005)
engine.close()
print(sys.modules["__main__"].__file__)
""")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == ["main", str(script)]


@pytest.mark.parametrize("seed", [fake.DEAF, fake.BUSY])
def test_process_ends_when_its_window_is_killed(seed: int) -> None:
    """And importing the engine loads no torch into the window."""
    code = PARENT.replace(f"seed={fake.BUSY}", f"seed={seed}")
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=root) as parent:
        assert parent.stdout is not None
        pid, torch_loaded = parent.stdout.readline().split()
        parent.kill()
    assert torch_loaded == "False"
    wait_until(lambda: not alive(int(pid)))
