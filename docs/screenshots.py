"""Take the pictures of the README and the guide from the real window, with the shipped model and a sample photo.

    python docs/screenshots.py [folder]      (default: docs/images; without a display set QT_QPA_PLATFORM=offscreen)

Every picture is 1280 x 800, dark at scale 1 and light at scale 2.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from PySide6.QtCore import QSettings, Qt  # noqa: E402  the path comes first
from PySide6.QtTest import QTest  # noqa: E402

from nvg_studio.paths import resource, shipped_model  # noqa: E402
from nvg_studio.sampling.engine import ProcessEngine  # noqa: E402
from nvg_studio.ui.app import make_application  # noqa: E402
from nvg_studio.ui.session import Session  # noqa: E402
from nvg_studio.ui.settings import Remembered  # noqa: E402
from nvg_studio.ui.state import LockKind  # noqa: E402
from nvg_studio.ui.theme import Theme  # noqa: E402
from nvg_studio.ui.window import MainWindow  # noqa: E402

PHOTO = resource("samples", "sunflower.jpg")
WAIT_S = 120


class Photographer:
    """A window and a way to take its picture."""

    def __init__(self, folder: Path, suffix: str, theme: str) -> None:
        self._folder, self._suffix = folder, suffix
        place = Path(tempfile.mkdtemp())
        settings = QSettings(str(place / "settings.ini"), QSettings.Format.IniFormat)
        remembered = Remembered(settings, place / "preferences.json")
        remembered.prefer(theme=theme, hint_seen=True)
        self.session = Session(ProcessEngine())
        self.window = MainWindow(self.session, Theme(), remembered)
        self.window.resize(1280, 800)
        self.window.show()

    def take(self, name: str) -> None:
        """Save the window as it is once nothing waits to be drawn."""
        QTest.qWait(150)
        self.window.grab().save(str(self._folder / f"{name}-{self._suffix}.png"))

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds."""
        end = time.monotonic() + WAIT_S
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError("the window did not get there in time")
            QTest.qWait(5)

    def do(self, *names: str) -> None:
        """Trigger actions of the table."""
        for name in names:
            self.window.actions_set[name].trigger()

    def drag(self, points: list[tuple[float, float]], release: bool = True) -> None:
        """Drag over points given as shares of the picture's side."""
        canvas, grid = self.window.canvas, self.session.grid
        places = [canvas.viewport.to_widget(x * grid, y * grid).toPoint() for x, y in points]
        QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=places[0])
        for place in places[1:]:
            QTest.mouseMove(canvas, place)
            QTest.qWait(10)
        if release:
            QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=places[-1])


def tour(camera: Photographer) -> None:
    """From the empty window to a picture that was made again."""
    session, state = camera.session, camera.window.state
    camera.take("start")
    session.load_model(shipped_model())
    camera.until(lambda: session.info is not None)
    camera.window.files.open(PHOTO)
    camera.until(lambda: all(card.picture.filled for card in camera.window.strip.cards))
    camera.take("photo")
    for mode in ("structure", "overlay", "boundaries"):
        camera.do(f"view.{mode}")
        camera.take(mode)
    camera.do("tool.brush", "view.overlay")
    state.set_level(1)
    camera.drag([(0.86, 0.25), (0.9, 0.4), (0.86, 0.62)], release=False)
    camera.take("stroke")
    QTest.mouseRelease(camera.window.canvas, Qt.MouseButton.LeftButton)
    camera.until(lambda: len(session.document.titles) > 1 if session.document else False)
    QTest.qWait(600)
    state.update(selected=frozenset((0,)))
    camera.window.lock_cluster(0, LockKind.REGION)
    camera.do("view.boundaries")
    camera.take("edited")
    camera.window.strip.cards[1].run.click()
    camera.until(lambda: session.runs.running is None or (session.runs.running.stage or 0) >= session.depth // 2)
    camera.take("running")
    camera.until(lambda: session.runs.running is None)
    camera.do("view.picture", "tool.select")
    state.update(selected=frozenset())
    camera.take("result")


def main() -> int:
    """Take all pictures: this process one set, a second process the other."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    if len(sys.argv) < 3:
        for theme, scale in (("dark", "1"), ("light", "2")):
            subprocess.run(
                [sys.executable, __file__, str(folder), theme], env=os.environ | {"QT_SCALE_FACTOR": scale}, check=True
            )
        return 0
    theme = sys.argv[2]
    app = make_application(sys.argv[:1])
    camera = Photographer(folder, theme, theme)
    tour(camera)
    camera.window.close_for_good()
    app.processEvents()
    camera.session.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
