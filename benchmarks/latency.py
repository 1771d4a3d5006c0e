"""How long after a stroke the new picture is there (`python benchmarks/latency.py`, under Xvfb or offscreen).

The real window with the real engine process and a model, switched to Live: strokes are painted at each level in turn.
The clock runs from the release of the mouse until the canvas has painted the first preview of the run that follows, and
until it has painted the finished picture. One JSON line a level: medians in milliseconds; `grace_ms` of them Live waits
for a second stroke before it starts.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

from PySide6.QtCore import QEvent, QEventLoop, QTimer
from PySide6.QtGui import QPaintEvent
from responsiveness import TICK_MS, Bench, Script, opening, resting, wait

from nvg_studio.editor.runs.live_schedule import GRACE_S
from nvg_studio.paths import resource, shipped_model
from nvg_studio.ui.app import make_application
from nvg_studio.ui.canvas.view import CanvasView
from nvg_studio.ui.window import main_window as windows

painted: list[float] = []


class WatchedCanvas(CanvasView):
    """The canvas, which notes when it has painted."""

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painted.append(time.perf_counter())


class Latency(Bench):
    """Plays a script without listening to the heart."""

    def play(self, name: str, script: Script) -> None:
        loop, driver = QEventLoop(), QTimer(interval=TICK_MS)

        def tick() -> None:
            if next(script, StopIteration) is StopIteration:
                loop.quit()

        driver.timeout.connect(tick)
        driver.start()
        loop.exec()
        driver.stop()


class Watch:
    """Notes when a run shows its first preview, and when its result has become the document."""

    def __init__(self, bench: Bench) -> None:
        self.preview = self.complete = 0.0
        self._session, self._steps = bench.session, 0
        bench.session.run_queue.stage_done.connect(self._stage)
        bench.session.changed.connect(self._changed)

    def begin(self) -> None:
        """Forget the run before; the stroke's own step is in the history already."""
        self.preview = self.complete = 0.0
        self._steps = len(self._session.document.history.snapshots)

    @property
    def first_stage(self) -> int | None:
        """The stage that the last run began with."""
        request = self._session.snapshot.request
        return None if request is None else request.stage

    def _stage(self) -> None:
        self.preview = self.preview or time.perf_counter()

    def _changed(self) -> None:
        if self.preview and len(self._session.document.history.snapshots) > self._steps:
            self.complete = self.complete or time.perf_counter()


def first_after(moment: float) -> float | None:
    """When the canvas had painted for the first time after a moment."""
    return next((when for when in painted if moment and when >= moment), None)


def _take_other_half(bench: Bench, level: int, cell: int) -> None:
    """Take the sibling of the cell's active cluster, so that a stroke over the cell always changes something."""
    cluster = int(bench.session.labels(level)[cell])
    bench.window.state.set(replace(bench.window.state.choices, cluster=cluster ^ 1, other=cluster))


def strokes(bench: Bench, watch: Watch, level: int, count: int, found: list[tuple[float, float]]) -> Script:
    """Short strokes at a level, each with the run that follows it."""
    bench.window.action_set["tool.brush"].trigger()
    bench.window.state.set_level(level)
    yield from resting()
    grid = bench.session.grid
    for number in range(count):
        row = grid * (0.15 + 0.7 * number / count)
        _take_other_half(bench, level, int(row) * grid + grid // 2)
        bench.mouse(QEvent.Type.MouseButtonPress, 0.2 * grid, row)
        for move in range(6):
            bench.mouse(QEvent.Type.MouseMove, (0.2 + 0.1 * move) * grid, row)
            yield None
        painted.clear()
        before = bench.session.snapshot
        bench.mouse(QEvent.Type.MouseButtonRelease, 0.8 * grid, row)
        released = time.perf_counter()
        yield from wait(lambda before=before: bench.session.snapshot != before)
        watch.begin()
        yield from wait(lambda: first_after(watch.complete) is not None)
        found.append((first_after(watch.preview) - released, first_after(watch.complete) - released))
        yield from resting()


def main() -> None:
    """Measure every level."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=shipped_model(), help="model folder")
    parser.add_argument("--strokes", type=int, default=7, help="at each level")
    options = parser.parse_args()
    windows.CanvasView = WatchedCanvas
    app = make_application(sys.argv[:1])
    with tempfile.TemporaryDirectory() as folder:
        bench = Latency(Path(folder))
        bench.session.load_model(options.model)
        bench.play("start", wait(lambda: bench.session.info is not None))
        bench.play("open", opening(bench, resource("samples", "sunflower.jpg")))
        bench.window.action_set["run.live"].trigger()
        watch = Watch(bench)
        for level in range(1, bench.session.depth + 1):
            found: list[tuple[float, float]] = []
            bench.play(f"level {level}", strokes(bench, watch, level, options.strokes, found))
            first, complete = (round(1e3 * median(times)) for times in zip(*found, strict=True))
            times = {"first_ms": first, "complete_ms": complete, "grace_ms": round(1e3 * GRACE_S)}
            line = {"level": level, "run_from": watch.first_stage, **times}
            print(json.dumps(line), flush=True)
        bench.window.close_without_asking()
        app.processEvents()
        bench.session.close()


if __name__ == "__main__":
    main()
