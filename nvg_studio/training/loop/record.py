"""The record of a run: losses and reports as JSON lines, curves as PNG, and both for TensorBoard where
it is installed."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from nvg_studio.atomic import write_atomic
from nvg_studio.training.loop import devices
from nvg_studio.training.loop.curves import plot_losses

Row = dict[str, Any]


class Record:
    """The record of a run that resumes from `step`; what was noted after it, before a kill, is taken back.

    Of several processes the first keeps it, the others' stay silent.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self.folder = folder
        self._losses, self._reports = folder / "losses.jsonl", folder / "reports.jsonl"
        self._board = None
        if devices.is_main():
            _write_rows(self._losses, [row for row in read_rows(self._losses) if row["step"] <= step])
            self._board = _board(folder / "tensorboard", step)

    def step(self, step: int, elapsed: float, numbers: dict[str, float]) -> None:
        """Note the losses of a step."""
        if not devices.is_main():
            return
        with self._losses.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, "seconds": round(elapsed, 2), **numbers}) + "\n")
        self._scalars("train", step, numbers)

    def report(self, step: int, elapsed: float, numbers: dict[str, float]) -> None:
        """Note held-out numbers and draw the curves; pictures of the report lie in the folder already."""
        kept = [row for row in read_rows(self._reports) if row["step"] < step]
        _write_rows(self._reports, [*kept, {"step": step, "seconds": round(elapsed, 1), **numbers}])
        plot_losses(self._losses, self.folder / "losses.png")
        self._scalars("held out", step, numbers)
        if self._board is not None:
            for path in sorted(self.folder.glob(f"*-{step:06d}.png")):
                sheet = np.asarray(cv2.imread(str(path)))[..., ::-1]
                self._board.add_image(path.stem.rpartition("-")[0], sheet, step, dataformats="HWC")
            self._board.flush()

    def close(self) -> None:
        """Write what is still in memory."""
        if self._board is not None:
            self._board.close()

    def _scalars(self, kind: str, step: int, numbers: dict[str, float]) -> None:
        if self._board is not None:
            for name, value in numbers.items():
                self._board.add_scalar(f"{kind}/{name}", value, step)


def read_rows(path: Path) -> list[Row]:
    """The rows of a log of JSON lines, up to a line that a kill has cut short."""
    rows: list[Row] = []
    for line in path.read_text("utf-8").splitlines() if path.exists() else []:
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows


def _write_rows(path: Path, rows: list[Row]) -> None:
    write_atomic(path, "".join(json.dumps(row) + "\n" for row in rows).encode())


def _board(folder: Path, step: int) -> Any:
    """TensorBoard's writer, or None where it is not installed; events after `step` are hidden."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=step + 1)
