"""How long the window's event loop is ever held up (`python benchmarks/responsiveness.py`, under Xvfb or offscreen).

The real window with the real engine process and the shipped model goes through what people do; a heartbeat timer on the
GUI thread shows how late it is woken. One JSON line a scenario: the worst and the 95th percentile of that lateness
in milliseconds, and the same for the repaints of the canvas.
"""

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from PIL import Image  # noqa: E402  the path comes first
from PySide6.QtCore import QEvent, QEventLoop, QMimeData, QPointF, QSettings, Qt, QTimer  # noqa: E402
from PySide6.QtGui import QImage, QMouseEvent, QPaintEvent  # noqa: E402
from PySide6.QtWidgets import QApplication  # noqa: E402

from nvg_studio.editor.choices import LockKind  # noqa: E402
from nvg_studio.editor.files.user_settings import UserSettings  # noqa: E402
from nvg_studio.editor.session import Session  # noqa: E402
from nvg_studio.engine.process import ProcessEngine  # noqa: E402
from nvg_studio.paths import resource, shipped_model  # noqa: E402
from nvg_studio.ui.app import make_application  # noqa: E402
from nvg_studio.ui.canvas.view import CanvasView  # noqa: E402
from nvg_studio.ui.qt.theme import Theme  # noqa: E402
from nvg_studio.ui.window.main_window import MainWindow  # noqa: E402

BEAT_MS = 5
TICK_MS = 8
"""A mouse or pen reports about 125 times a second."""
LARGE = (6000, 4000)
"""Width and height of a photo of 24 megapixels."""
Script = Iterator[bool | None]
"""Runs a little at every tick; ends by itself."""
repaints: list[float] = []


class TimedCanvas(CanvasView):
    """The canvas, with a stopwatch around its repaints."""

    def paintEvent(self, event: QPaintEvent) -> None:
        started = time.perf_counter()
        super().paintEvent(event)
        repaints.append(1e3 * (time.perf_counter() - started))


class Bench:
    """A window, and scripts that are played to it while its heart is listened to."""

    def __init__(self, folder: Path) -> None:
        settings = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)
        self.folder = folder
        self.session = Session(ProcessEngine(), folder / "unsaved")
        self.window = MainWindow(self.session, Theme(), UserSettings(settings, folder / "preferences.json"))
        self.window.resize(1280, 800)
        self.window.show()

    def play(self, name: str, script: Script) -> None:
        """Play a script to its end and print what the heartbeat saw."""
        loop, late, last = QEventLoop(), [], [time.perf_counter()]
        repaints.clear()

        def beat() -> None:
            now = time.perf_counter()
            late.append(max(0.0, 1e3 * (now - last[0]) - BEAT_MS))
            last[0] = now

        def tick() -> None:
            if next(script, StopIteration) is StopIteration:
                loop.quit()

        heart, driver = QTimer(interval=BEAT_MS, timerType=Qt.TimerType.PreciseTimer), QTimer(interval=TICK_MS)
        heart.timeout.connect(beat)
        driver.timeout.connect(tick)
        heart.start()
        driver.start()
        loop.exec()
        heart.stop()
        driver.stop()
        print(json.dumps({"scenario": name, **_summary("late", late), **_summary("repaint", repaints)}), flush=True)

    def mouse(self, kind: QEvent.Type, x: float, y: float) -> None:
        """Send the canvas a mouse event at a place given in cells."""
        canvas = self.window.canvas
        place = canvas.viewport.to_widget(x, y)
        held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else Qt.MouseButton.LeftButton
        button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else Qt.MouseButton.LeftButton
        event = QMouseEvent(kind, place, canvas.mapToGlobal(place), button, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(canvas, event)


def _summary(name: str, values: list[float]) -> dict[str, float | int]:
    if not values:
        return {f"{name}_count": 0}
    worst, usual = max(values), float(np.percentile(values, 95))
    return {f"{name}_count": len(values), f"{name}_max_ms": round(worst, 1), f"{name}_p95_ms": round(usual, 1)}


def wait(condition: Callable[[], bool], limit_s: float = 120) -> Script:
    """Let time pass until something holds."""
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the window did not get there in time")
        yield None


def opening(bench: Bench, photo: Path) -> Script:
    """Open a photo and wait for all cards."""
    before = bench.session.document
    bench.window.project_files.open(photo)
    yield from wait(lambda: bench.session.document is not before)
    yield from wait(lambda: all(card.picture.filled for card in bench.window.strip.cards))


def painting(bench: Bench, strokes: int, moves: int) -> Script:
    """Strokes in large curves over the picture, a mouse event at every tick."""
    bench.window.action_set["tool.brush"].trigger()
    bench.window.state.set_level(2)
    middle = bench.session.grid / 2
    for stroke in range(strokes):
        for move in range(moves):
            angle = 2 * math.pi * (move / moves + stroke / 7)
            kind = QEvent.Type.MouseMove if move else QEvent.Type.MouseButtonPress
            bench.mouse(kind, middle + 0.8 * middle * math.cos(angle), middle + 0.6 * middle * math.sin(2 * angle))
            yield None
        bench.mouse(QEvent.Type.MouseButtonRelease, middle, middle)
        yield None


def generating(bench: Bench) -> Script:
    """A run from level 0, painted into while it works."""
    before = bench.session.run_queue.last_seconds
    bench.window.strip.cards[0].run.click()
    yield from painting(bench, 2, 60)
    yield from wait(lambda: bench.session.run_queue.running is None and bench.session.run_queue.last_seconds != before)
    yield from resting()


def running_around_a_lock(bench: Bench) -> Script:
    """A region of a large base is locked and keeps its pixels; the result is taken and all is drawn anew."""
    steps = len(bench.session.document.history.snapshots)
    bench.session.document_editor.lock_clusters(2, frozenset((1,)), LockKind.REGION)
    yield from resting()
    bench.session.generation.run(3)
    yield from wait(lambda: len(bench.session.document.history.snapshots) == steps + 2)
    yield from resting()


def pasting(bench: Bench, image: QImage) -> Script:
    """A large picture from the clipboard."""
    data = QMimeData()
    data.setImageData(image)
    before = bench.session.document
    bench.window.commands.files.open_data(data, "pasted picture")
    yield from wait(lambda: bench.session.document is not before)
    yield from resting()


def saving(bench: Bench, path: Path) -> Script:
    """The project is saved, painted into meanwhile, and opened again."""
    bench.window.project_files.save(path)
    yield from painting(bench, 2, 60)
    yield from wait(lambda: bench.session.path == path)
    before = bench.session.document
    bench.window.project_files.open(path)
    yield from wait(lambda: bench.session.document is not before)
    yield from resting()


def resting() -> Script:
    """Half a second for what follows."""
    for _ in range(60):
        yield None


def zooming(bench: Bench, steps: int) -> Script:
    """In and out about changing places."""
    canvas = bench.window.canvas
    for step in range(steps):
        about = QPointF(canvas.width() * (0.3 + 0.4 * (step % 40) / 40), canvas.height() / 2)
        canvas.zoom(1.06 if step % 80 < 40 else 1 / 1.06, about)
        yield None
    canvas.fit()


def switching(bench: Bench, rounds: int) -> Script:
    """Through all levels in all view modes."""
    for mode in ("picture", "structure", "overlay", "boundaries"):
        bench.window.action_set[f"view.{mode}"].trigger()
        for number in range(rounds * (bench.session.depth + 1)):
            bench.window.state.set_level(number % (bench.session.depth + 1))
            yield None
            yield None


def main() -> None:
    """Play all scenarios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    from nvg_studio.ui.window import main_window as windows

    windows.CanvasView = TimedCanvas
    app = make_application(sys.argv[:1])
    with tempfile.TemporaryDirectory() as folder:
        large = Path(folder) / "large.jpg"
        Image.open(resource("samples", "sunflower.jpg")).resize(LARGE).save(large, quality=90)
        bench = Bench(Path(folder))
        bench.session.load_model(shipped_model())
        bench.play("start", wait(lambda: bench.session.info is not None))
        bench.play("open a sample photo", opening(bench, resource("samples", "sunflower.jpg")))
        bench.play("paint at full speed", painting(bench, 8, 120))
        bench.play("zoom", zooming(bench, 300))
        bench.play("switch levels and views", switching(bench, 3))
        bench.play("generate, painting meanwhile", generating(bench))
        bench.play("open a photo of 24 megapixels", opening(bench, large))
        bench.play("run on it, a region locked", running_around_a_lock(bench))
        bench.play("save and open it, painting meanwhile", saving(bench, Path(folder) / "large.nvgs"))
        bench.play("paste 24 megapixels", pasting(bench, QImage(str(large))))
        bench.window.close_without_asking()
        app.processEvents()
        bench.session.close()


if __name__ == "__main__":
    main()
