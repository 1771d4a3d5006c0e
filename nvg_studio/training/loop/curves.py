"""Loss curves and picture grids, drawn with OpenCV because training machines may have nothing else."""

import json
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from nvg_studio.atomic import write_atomic

COLOURS = [
    (180, 119, 31),
    (14, 127, 255),
    (44, 160, 44),
    (40, 39, 214),
    (189, 103, 148),
    (75, 86, 140),
    (194, 119, 227),
]
WIDTH, PANEL, MARGIN = 900, 220, 56


def plot_losses(source: Path, target: Path) -> None:
    """Draw every loss of a JSONL log over the steps, one panel each, smoothed."""
    rows = [json.loads(line) for line in source.read_text("utf-8").splitlines()] if source.exists() else []
    names = [name for name in (rows[-1] if rows else {}) if name not in {"step", "seconds", "lr"}]
    if not names:
        return
    sheet = np.full((PANEL * len(names), WIDTH, 3), 255, np.uint8)
    for index, name in enumerate(names):
        points = np.array([[row["step"], row[name]] for row in rows if name in row])
        _draw_panel(sheet[PANEL * index : PANEL * (index + 1)], name, points, COLOURS[index % len(COLOURS)])
    _write_png(sheet, target)


def _draw_panel(panel: NDArray[np.uint8], name: str, points: NDArray[np.float64], colour: tuple[int, int, int]) -> None:
    window = max(1, len(points) // 150)
    count = len(points) // window
    smooth = points[: count * window].reshape(count, window, 2).mean(1)
    low, high = smooth[:, 1].min(), np.percentile(smooth[:, 1], 98)
    span = max(high - low, 1e-9)
    x = MARGIN + smooth[:, 0] / points[-1, 0] * (WIDTH - 2 * MARGIN)
    y = PANEL - 32 - np.clip((smooth[:, 1] - low) / span, 0, 1.05) * (PANEL - 72)
    cv2.rectangle(panel, (MARGIN, 30), (WIDTH - MARGIN, PANEL - 28), (220, 220, 220), 1)
    cv2.polylines(panel, [np.stack([x, y], 1).round().astype(np.int32)], False, colour, 2, cv2.LINE_AA)
    _write(panel, f"{name}: {smooth[-1, 1]:.4f} after {int(points[-1, 0])} steps", (MARGIN, 20))
    _write(panel, f"{high:.3g}", (6, 40))
    _write(panel, f"{low:.3g}", (6, PANEL - 32))


def _write(panel: NDArray[np.uint8], text: str, place: tuple[int, int]) -> None:
    cv2.putText(panel, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (60, 60, 60), 1, cv2.LINE_AA)


def write_grid(pictures: NDArray[np.uint8], columns: int, target: Path) -> None:
    """Pictures uint8 [n, S, S, 3] side by side with a thin gap, `columns` in a row, as PNG."""
    gap, (count, size) = 2, pictures.shape[:2]
    rows = -(-count // columns)
    sheet = np.full((rows * (size + gap) + gap, columns * (size + gap) + gap, 3), 255, np.uint8)
    for index, picture in enumerate(pictures):
        top, left = (gap + (size + gap) * n for n in divmod(index, columns))
        sheet[top : top + size, left : left + size] = picture
    _write_png(sheet[..., ::-1], target)


def _write_png(sheet: NDArray[np.uint8], target: Path) -> None:
    """OpenCV makes the file, Python writes it: a full disk is then an error and not a silence."""
    write_atomic(target, cv2.imencode(".png", sheet)[1].tobytes())
