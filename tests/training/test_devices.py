"""Several processes: torchrun with the same command line, the same losses, and what happens when one is killed."""

import json
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from nvg_studio.errors import DeviceError, TrainingError
from nvg_studio.training.__main__ import main
from nvg_studio.training.data.crops import random_batch
from nvg_studio.training.data.pack import PhotoSet
from nvg_studio.training.data.prefetcher import Prefetcher
from nvg_studio.training.loop import devices
from nvg_studio.training.loop.train_loop import step_rng

ROOT = Path(__file__).resolve().parents[2]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", "nvg_studio.training"]


def command(photos, out, steps, *more):
    fixed = "--size tiny --crops 2 --batch 8 --precision float32 --device cpu".split()
    return ["all", str(photos), "--out", str(out), "--steps", str(steps), *fixed, *more]


def start(arguments):
    pipe = subprocess.PIPE
    return subprocess.Popen([*TORCHRUN, *arguments], cwd=ROOT, stdout=pipe, stderr=pipe, text=True)


def shared_batch(photos, share, step):
    return random_batch(photos, 16, 6, step_rng(0, step), share)


def losses(folder, part):
    return [json.loads(line) for line in (folder / part / "losses.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def alone(photos, tmp_path_factory):
    """A run of one process: 20 steps of either part, and more, so that unused codes are revived once."""
    folder = tmp_path_factory.mktemp("alone")
    assert main(command(photos, folder, 80)) == 0
    return folder


def test_two_processes_have_the_losses_of_one_with_the_same_total_batch(photos, alone, tmp_path):
    # Both generators learn from the same crops: a rounding in a tokenizer can move a cell to another cluster.
    (tmp_path / "generator").mkdir()
    for name in ("train.npz", "val.npz"):
        shutil.copy(alone / "generator" / name, tmp_path / "generator")
    run = start(command(photos, tmp_path, 80))
    _, errors = run.communicate(timeout=120)
    assert run.returncode == 0 and "Warning" not in errors, errors
    for part in ("tokenizer", "generator"):
        one, two = losses(alone, part), losses(tmp_path, part)
        assert [row["step"] for row in two] == list(range(1, 81)), "one process writes"
        for mine, theirs in zip(one, two, strict=True):
            names = mine.keys() - {"seconds"}
            assert {name: theirs[name] for name in names} == pytest.approx(
                {name: mine[name] for name in names}, abs=1e-4
            )
    kept = [torch.load(folder / "tokenizer" / "state.pt", weights_only=True)["kept"] for folder in (alone, tmp_path)]
    assert kept[0]["uses"].sum() == kept[1]["uses"].sum() > 0, "uses are those of all processes"


def test_a_killed_process_ends_all_with_one_line_and_the_same_command_goes_on(photos, tmp_path):
    run = start(command(photos, tmp_path, 3000, "--save-every", "0.1"))
    while not (tmp_path / "tokenizer" / "state.pt").exists():
        assert run.poll() is None, run.communicate()
        time.sleep(0.02)
    ranks = {p.environ().get("RANK"): p for p in psutil.Process(run.pid).children(recursive=True)}
    killed = time.monotonic()
    ranks["1"].kill()
    _, errors = run.communicate(timeout=60)
    assert run.returncode != 0 and time.monotonic() - killed < 30
    lines = [line for line in errors.splitlines() if "nvg-studio" in line]
    assert len(lines) == 1 and devices.ENDED in lines[0], errors
    saved = torch.load(tmp_path / "tokenizer" / "state.pt", weights_only=True)["step"]
    assert saved > 0
    assert main(command(photos, tmp_path, saved + 2)) == 0
    assert [row["step"] for row in losses(tmp_path, "tokenizer")] == list(range(1, saved + 3))


def test_what_is_wrong_is_said_once(photos, tmp_path):
    run = start(command(photos, tmp_path, 5, "--batch", "7"))
    _, errors = run.communicate(timeout=60)
    assert run.returncode != 0
    lines = [line for line in errors.splitlines() if "nvg-studio" in line]
    assert lines == ["nvg-studio: 2 processes cannot share a batch of 7 evenly. Make --batch a multiple of 2."]


def test_shares_make_up_the_batch_and_are_made_ahead(monkeypatch):
    pictures = list(np.random.default_rng(0).integers(256, size=(5, 20, 24, 3), dtype=np.uint8))
    photos = PhotoSet(pictures, np.zeros(5, np.int64), list("abcde"), ("a",), ())
    whole = random_batch(photos, 16, 6, step_rng(0, 3))
    parts = []
    for number in range(3):
        monkeypatch.setattr(devices, "world_size", lambda: 3)
        monkeypatch.setattr(devices, "rank", partial(int, number))
        parts.append(Prefetcher(partial(shared_batch, photos, devices.share(6)))(3))
    assert torch.equal(torch.stack(parts, 1).flatten(0, 1), whole)
    with pytest.raises(TrainingError, match="3 processes cannot share a batch of 7"):
        devices.share(7)


def test_one_process_needs_no_others():
    values = torch.tensor([1.0, 2.0], requires_grad=True)
    assert torch.equal(devices.averaged(values), values) and not devices.averaged(values).requires_grad
    assert torch.equal(devices.gathered(values), values) and devices.synchronized(2.5, True) == (2.5, True)
    with devices.process_group(), devices.main_process_first():
        assert devices.is_main() and devices.share(5) == slice(0, 5, 1)
    devices.barrier()
    assert not torch.distributed.is_initialized()


def test_several_processes_share_the_gpus_of_a_machine(monkeypatch):
    monkeypatch.setattr(devices, "_joined", lambda: True)
    monkeypatch.setattr(devices, "resolve_device", torch.device)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "set_device", lambda index: None)
    monkeypatch.setenv("LOCAL_RANK", "0")
    assert devices.local_device("cuda") == torch.device("cuda", 0) and devices.local_device("cpu").type == "cpu"
    monkeypatch.setenv("LOCAL_RANK", "1")
    with pytest.raises(DeviceError, match="more processes than the 1 GPUs"):
        devices.local_device("cuda")
    with pytest.raises(DeviceError, match="without torchrun"):
        devices.local_device("mps")
