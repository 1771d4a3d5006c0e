"""What can go wrong in a training is said in one line, with what to do; what was saved stays whole."""

import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from nvg_studio.atomic import write_atomic
from nvg_studio.imaging import read
from nvg_studio.training.__main__ import main
from nvg_studio.training.data.pack import decode
from nvg_studio.training.loop import train_loop
from nvg_studio.training.loop.state import load_training_state

ROOT = Path(__file__).resolve().parents[2]


def train(photos, out, steps=3, part="tokenizer"):
    fixed = "--size tiny --crops 1 --batch 4 --precision float32 --device cpu".split()
    return main([part, str(photos), "--out", str(out), "--steps", str(steps), *fixed])


def only_line(capsys):
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("nvg-studio: ")]
    assert len(lines) == 1
    return lines[0]


def no_room_on_the_cpu(*_):
    torch.empty(10**15)


def no_room_on_the_gpu(*_):
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")


def no_room_for_numpy(*_):
    np.empty(10**15)


@pytest.mark.parametrize("fails", [no_room_on_the_cpu, no_room_on_the_gpu, no_room_for_numpy])
def test_too_little_memory_says_what_to_lower(photos, tmp_path, capsys, monkeypatch, fails):
    monkeypatch.setattr(train_loop, "_step", fails)
    assert train(photos, tmp_path) == 2
    line = only_line(capsys)
    assert all(word in line for word in ("Out of memory", "--batch", "--size", "--crops"))


def test_other_failures_are_not_taken_for_too_little_memory(photos, tmp_path, monkeypatch):
    def breaks(*_):
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(train_loop, "_step", breaks)
    with pytest.raises(RuntimeError, match="shapes"):
        train(photos, tmp_path)


def write_to_a_full_disk(path, content):
    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", full)
        write_atomic(path, content)


def test_a_full_disk_leaves_the_saved_state_whole_and_the_run_goes_on(photos, tmp_path, capsys, monkeypatch):
    assert train(photos, tmp_path, 2) == 0
    with monkeypatch.context() as patch:
        patch.setattr("nvg_studio.training.loop.state.write_atomic", write_to_a_full_disk)
        assert train(photos, tmp_path, 4) == 2
    line = only_line(capsys)
    assert "state.pt" in line and "No space left" in line and "make room" in line
    assert load_training_state(tmp_path / "tokenizer" / "state.pt")["step"] == 2
    assert not list((tmp_path / "tokenizer").glob(".*.partial"))
    assert train(photos, tmp_path, 4) == 0
    assert load_training_state(tmp_path / "tokenizer" / "state.pt")["step"] == 4


def test_a_model_that_cannot_be_written_is_one_line(photos, tmp_path, capsys):
    assert train(photos, tmp_path, 1) == 0
    weights = tmp_path / "model" / "tokenizer.safetensors"
    weights.unlink()
    weights.mkdir()
    (weights / "in the way").touch()
    assert train(photos, tmp_path, 1) == 2
    assert "Cannot write" in only_line(capsys)


def test_an_out_folder_that_cannot_be_is_one_line(photos, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert train(photos, tmp_path / "file" / "run") == 2
    assert str(tmp_path / "file") in only_line(capsys)


def test_broken_pictures_are_counted_and_if_all_are_it_is_said(photos, tmp_path, capsys):
    for name in ("disc", "square"):
        (tmp_path / "some" / name).mkdir(parents=True)
        (tmp_path / "all" / name).mkdir(parents=True)
        (tmp_path / "all" / name / "a.jpg").write_bytes(b"no picture")
        (tmp_path / "some" / name / "b.heic").write_bytes(b"no picture that can be read")
        for number in range(3):
            (tmp_path / "some" / name / f"{number}.png").write_bytes((photos / name / f"{number}.png").read_bytes())
    assert train(tmp_path / "all", tmp_path / "out") == 2
    assert "No readable picture" in (line := only_line(capsys)) and "all 2 are broken" in line
    assert train(tmp_path / "some", tmp_path / "out", 1) == 0
    assert "Skipped 2 of 8 that could not be read: disc/b.heic, square/b.heic." in capsys.readouterr().out


def encoded(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def test_pictures_of_all_kinds_are_read_as_the_program_reads_them():
    ramp = np.tile(np.arange(64, dtype=np.uint8) * 4, (32, 1))
    grey, rgb = Image.fromarray(ramp), Image.fromarray(np.stack([ramp, ramp // 2, 255 - ramp], -1))
    turned = Image.Exif()
    turned[0x0112] = 6
    deep = cv2.imencode(".png", ramp.astype(np.uint16) * 257)[1].tobytes()
    clear = rgb.copy()
    clear.putalpha(0)
    np.testing.assert_array_equal(decode(encoded(grey, "PNG")), np.stack([ramp] * 3, -1))
    np.testing.assert_array_equal(decode(deep), np.stack([ramp] * 3, -1))
    assert decode(encoded(rgb, "JPEG", exif=turned)).shape == (64, 32, 3)
    assert (decode(encoded(clear, "PNG")) == 255).all()
    assert decode(encoded(rgb.convert("CMYK"), "JPEG")).shape == (32, 64, 3)
    for kind in ("WEBP", "AVIF", "TIFF", "BMP", "GIF", "PPM"):
        assert np.abs(decode(encoded(rgb, kind)).astype(int) - np.asarray(rgb)).mean() < 12, kind


def test_pictures_that_are_too_large_or_too_small_are_skipped(monkeypatch):
    picture = encoded(Image.new("RGB", (200, 200)), "PNG")
    assert decode(picture) is not None
    monkeypatch.setattr(read, "MAX_PIXELS", 30_000)
    assert decode(picture) is None and decode(encoded(Image.new("RGB", (90, 7)), "PNG")) is None


def test_without_pillow_opencv_reads(monkeypatch):
    monkeypatch.setitem(sys.modules, "nvg_studio.imaging.read", None)
    ramp = np.tile(np.arange(64, dtype=np.uint8) * 4, (32, 1))
    coloured = np.stack([ramp, ramp // 2, 255 - ramp], -1)
    np.testing.assert_array_equal(decode(encoded(Image.fromarray(coloured), "PNG")), coloured)
    assert decode(b"no picture") is None and decode(encoded(Image.new("RGB", (90, 7)), "PNG")) is None
    bomb = bytearray(encoded(Image.new("RGB", (8, 8)), "BMP"))
    bomb[18:26] = np.array([60_000, 60_000], "<i4").tobytes()
    assert decode(bytes(bomb)) is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the trainings are forked")
def test_killed_trainings_end_with_the_weights_of_one_left_alone():
    """Two kills; `benchmarks/killed_training.py` does 20."""
    command = [sys.executable, "benchmarks/killed_training.py", "--kills", "2", "--steps", "12"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Largest difference: 0;" in done.stdout
