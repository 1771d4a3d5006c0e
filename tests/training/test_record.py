"""What a run leaves for people: logs without doubled rows, and TensorBoard where there is one."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from nvg_studio.training.loop.curves import write_grid
from nvg_studio.training.loop.record import Record, read_rows


class Board:
    """Stands in for TensorBoard's writer: notes what it is given."""

    made: list["Board"] = []

    def __init__(self, folder, purge_step):
        self.folder, self.purge_step, self.scalars, self.images = folder, purge_step, [], []
        self.made.append(self)

    def add_scalar(self, name, value, step):
        self.scalars.append((name, value, step))

    def add_image(self, name, picture, step, dataformats):
        self.images.append((name, picture, step, dataformats))

    def flush(self):
        """Nothing to write."""

    def close(self):
        self.closed = True


@pytest.fixture
def board(monkeypatch):
    monkeypatch.setattr(Board, "made", [])
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", SimpleNamespace(SummaryWriter=Board))


@pytest.fixture
def no_board(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)


def test_rows_after_the_saved_step_are_taken_back(tmp_path, no_board):
    record = Record(tmp_path, 0)
    for step in range(1, 6):
        record.step(step, 0.5 * step, {"total": 1 / step})
    record.report(2, 1.0, {"val": 3.0})
    record.report(4, 2.0, {"val": 2.0})
    with (tmp_path / "losses.jsonl").open("a") as file:
        file.write('{"step": 6, "sec')  # killed in the middle of a line
    record = Record(tmp_path, 3)
    assert [row["step"] for row in read_rows(tmp_path / "losses.jsonl")] == [1, 2, 3]
    record.step(4, 2.0, {"total": 0.25})
    record.report(4, 2.0, {"val": 1.0})
    record.report(4, 2.0, {"val": 0.5})
    assert [json.loads(line)["step"] for line in (tmp_path / "losses.jsonl").read_text().splitlines()] == [1, 2, 3, 4]
    assert [row["val"] for row in read_rows(tmp_path / "reports.jsonl")] == [3.0, 0.5]
    assert not list(tmp_path.glob("*.partial")) and not (tmp_path / "tensorboard").exists()


def test_tensorboard_gets_every_step_and_the_pictures_of_reports(tmp_path, board):
    record = Record(tmp_path, 7)
    assert [(made.folder, made.purge_step) for made in Board.made] == [(str(tmp_path / "tensorboard"), 8)]
    record.step(8, 1.0, {"lr": 0.5, "total": 2.0})
    red = np.zeros((1, 8, 8, 3), np.uint8)
    red[..., 0] = 255
    write_grid(red, 1, tmp_path / "samples-000008.png")
    write_grid(red, 1, tmp_path / "samples-000007.png")
    record.report(8, 1.0, {"val_psnr": 20.0})
    record.close()
    made = Board.made[0]
    assert made.scalars == [("train/lr", 0.5, 8), ("train/total", 2.0, 8), ("held out/val_psnr", 20.0, 8)]
    (name, picture, step, layout), *more = made.images
    assert (name, step, layout, more) == ("samples", 8, "HWC", []) and picture[5, 5].tolist() == [255, 0, 0]
    assert made.closed


def test_only_the_first_of_several_processes_writes(tmp_path, board, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    record = Record(tmp_path, 0)
    record.step(1, 1.0, {"total": 2.0})
    record.close()
    assert not list(tmp_path.iterdir()) and not Board.made
