"""How well locked areas are kept (`python benchmarks/locks.py`): random areas of sample photos are locked, then run.

Each run locks a random cluster, or a random box of cells, of a photo and starts at a random level with a random class.
Its result is taken twice, as the window takes it: with exact pixels every byte of the locked area must be the photo's
own; without them the table shows how much the picture changes there and elsewhere: the mean absolute difference of
8-bit values from the photo as the model's tokenizer gives it back. Exit code 1 where a byte differs.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from rich.console import Console  # noqa: E402  the path comes first
from rich.table import Table  # noqa: E402

from nvg_studio.granularity.locks import Locks  # noqa: E402
from nvg_studio.imaging.cells import cells_to_pixels  # noqa: E402
from nvg_studio.imaging.crop import resize, square_crop  # noqa: E402
from nvg_studio.imaging.read import read_image  # noqa: E402
from nvg_studio.paths import resource, shipped_model  # noqa: E402
from nvg_studio.project import document as documents  # noqa: E402
from nvg_studio.project import results  # noqa: E402
from nvg_studio.project.document import Document  # noqa: E402
from nvg_studio.project.planning import plan_run  # noqa: E402
from nvg_studio.sampling.pipeline import NVGPipeline  # noqa: E402
from nvg_studio.sampling.settings import GenerationSettings, RunRequest  # noqa: E402

STARTS = ((0, 2), (3, 5), (6, 8))
"""The rows of the table: runs by the level where they start."""


@dataclass(frozen=True)
class Kept:
    """One run: its first level, the locked share of the cells, bytes that differ, the change inside and outside."""

    stage: int
    share: float
    bytes_off: int
    inside: float
    outside: float


def measure(pipeline: NVGPipeline, photos: list[Document], count: int, seed: int) -> Iterator[Kept]:
    """Lock and run `count` times."""
    random = np.random.default_rng(seed)
    info = pipeline.info
    for number in range(count):
        document = photos[number % len(photos)]
        area = random_area(document, random)
        locks = Locks.none(info.cells, info.depth).with_structure(area, info.depth).with_content(area)
        locked = documents.with_locks(document, locks, "Lock")
        stage, class_id = int(random.integers(0, info.depth + 1)), int(random.integers(0, len(info.class_names)))
        plan = plan_run(locked.snapshot, stage)
        settings = GenerationSettings(class_id=class_id, seed=number).resolved(info.defaults)
        sequence = pipeline.run_from(locked.sequence, plan.stage, settings, plan.locks)
        request = RunRequest(locked.sequence, plan.stage, plan.locks, (settings,), info.identity.model)
        made = results.results_of_run(request, locked.snapshot, [sequence], [pipeline.decode(sequence)])[0]
        exact, free = (results.apply_result(locked, made, exact_pixels=on).base for on in (True, False))
        inside = cells_to_pixels(area, len(document.base))
        change = difference(free, pipeline.decode(document.sequence), area)
        yield Kept(stage, float(area.mean()), int((exact[inside] != document.base[inside]).sum()), *change)


def random_area(document: Document, random: np.random.Generator) -> NDArray[np.bool_]:
    """A cluster of one of the levels 1 to 4, or a box of cells: bool [L], neither empty nor everything."""
    sequence = document.sequence
    if random.integers(0, 2):
        level = int(random.integers(1, 5))
        return sequence.labels(level) == random.integers(0, 1 << level)
    side = round(sequence.cells**0.5)
    box = np.zeros((side, side), np.bool_)
    (top, left), (height, width) = random.integers(0, side - 3, 2), random.integers(2, side - 2, 2)
    box[top : top + height, left : left + width] = True
    return box.reshape(-1)


def difference(after: NDArray[np.uint8], before: NDArray[np.uint8], area: NDArray[np.bool_]) -> tuple[float, float]:
    """Mean absolute difference of two pictures uint8 [S, S, 3] inside and outside of an area bool [L]."""
    inside = cells_to_pixels(area, len(before))
    change = np.abs(after.astype(int) - before)
    return float(change[inside].mean()), float(change[~inside].mean())


def show(kept: list[Kept]) -> None:
    """Print the table."""
    table = Table("Start", "Runs", "Locked", "Identical, exact", "Inside, not exact", "Outside", "Ratio")
    depth = max(one.stage for one in kept)
    for first, last in (*STARTS, (0, depth)):
        rows = [one for one in kept if first <= one.stage <= last]
        if rows:
            inside, outside = np.mean([one.inside for one in rows]), np.mean([one.outside for one in rows])
            table.add_row(
                f"level {first} to {last}",
                str(len(rows)),
                f"{np.mean([one.share for one in rows]):.0%}",
                f"{sum(one.bytes_off == 0 for one in rows)} of {len(rows)}",
                f"{inside:.2f}",
                f"{outside:.2f}",
                f"{outside / inside:.1f}" if inside else "",
            )
    Console(width=110).print(table)


def main() -> int:
    """Measure, print, and say whether every byte was kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size", type=int, default=512, help="side of the photos in pixels (default: %(default)s)")
    options = parser.parse_args()
    pipeline = NVGPipeline.from_pretrained(shipped_model(), device="cpu")
    photos = []
    for path in sorted(resource("samples").glob("*.jpg")):
        crop = resize(square_crop(read_image(path)), options.size)
        photos.append(documents.open_photo(pipeline.encode(crop), crop, path.stem))
    kept = list(measure(pipeline, photos, options.runs, options.seed))
    show(kept)
    return 1 if any(one.bytes_off for one in kept) else 0


if __name__ == "__main__":
    sys.exit(main())
