"""Take the pictures of the README and the guide from the real window, with the shipped model and sample photos.

    python docs/screenshots.py [folder]      (default: docs/images; without a display set QT_QPA_PLATFORM=offscreen)

Every picture of the window is 1280 x 800, dark at scale 1 and light at scale 2; dialogs have their own size.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from PySide6.QtCore import QSettings, Qt  # noqa: E402  the path comes first
from PySide6.QtTest import QTest  # noqa: E402
from PySide6.QtWidgets import QDialog, QWidget  # noqa: E402

from nvg_studio.editor.choices import LockKind, ViewMode  # noqa: E402
from nvg_studio.editor.files.user_settings import UserSettings  # noqa: E402
from nvg_studio.editor.session import Session  # noqa: E402
from nvg_studio.engine.process import ProcessEngine  # noqa: E402
from nvg_studio.engine.protocol import Engine  # noqa: E402
from nvg_studio.paths import resource, shipped_model  # noqa: E402
from nvg_studio.ui.app import make_application  # noqa: E402
from nvg_studio.ui.dialogs.colour import ColourDialog  # noqa: E402
from nvg_studio.ui.qt.theme import Theme  # noqa: E402
from nvg_studio.ui.window.main_window import MainWindow  # noqa: E402

PHOTO = resource("samples", "sunflower.jpg")
CLASS = 4
"""The class of the painted layout: tulips."""
WAIT_S = 120


class Photographer:
    """A window and a way to take its picture."""

    def __init__(self, folder: Path, theme: str, engine: Engine) -> None:
        self._folder, self._suffix = folder, theme
        place = Path(tempfile.mkdtemp())
        settings = QSettings(str(place / "settings.ini"), QSettings.Format.IniFormat)
        user_settings = UserSettings(settings, place / "preferences.json")
        user_settings.set_preferences(replace(user_settings.preferences, theme=theme, hint_seen=True))
        self.session = Session(engine, place / "unsaved")
        self.window = MainWindow(self.session, Theme(), user_settings)
        self.window.resize(1280, 800)
        self.window.show()

    def take(self, name: str, widget: QWidget | None = None) -> None:
        """Save the window (or a dialog of it) as it is once nothing waits to be drawn."""
        QTest.qWait(150)
        (widget or self.window).grab().save(str(self._folder / f"{name}-{self._suffix}.png"))

    def close(self) -> None:
        """Close the window, and end the engine."""
        self.window.close_without_asking()
        self.until(lambda: not self.window.isVisible())
        self.session.close()

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
            self.window.action_set[name].trigger()

    def dialog(self) -> QDialog:
        """The dialog that is open."""
        return next(one for one in self.window.findChildren(QDialog) if one.isVisible())

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
    """The sections of the guide, one after the other."""
    camera.take("start")
    camera.session.load_model(shipped_model())
    camera.until(lambda: camera.session.info is not None)
    for section in (open_and_look, repaint, lock_and_run, give_a_colour, export, reference, layout_and_variations):
        section(camera)


def open_and_look(camera: Photographer) -> None:
    """A photo in every view mode."""
    camera.window.project_files.open(PHOTO)
    camera.until(lambda: all(card.picture.filled for card in camera.window.strip.cards))
    camera.take("photo")
    for mode in ("structure", "overlay", "boundaries"):
        camera.do(f"view.{mode}")
        camera.take(mode)


def repaint(camera: Photographer) -> None:
    """A stroke at level 1, before the mouse button is released and after."""
    session = camera.session
    camera.do("tool.brush", "view.overlay")
    camera.window.state.set_level(1)
    camera.drag([(0.86, 0.25), (0.9, 0.4), (0.86, 0.62)], release=False)
    camera.take("stroke")
    QTest.mouseRelease(camera.window.canvas, Qt.MouseButton.LeftButton)
    camera.until(lambda: len(session.document.titles) > 1 if session.document else False)
    QTest.qWait(600)


def lock_and_run(camera: Photographer) -> None:
    """A locked cluster, and the run around it."""
    session, state = camera.session, camera.window.state
    state.set(replace(state.choices, selected=frozenset((0,))))
    camera.window.lock_cluster(0, LockKind.REGION)
    camera.do("view.boundaries")
    camera.take("edited")
    camera.window.strip.cards[1].run.click()
    camera.until(
        lambda: session.run_queue.running is None or (session.run_queue.running.stage or 0) >= session.depth // 2
    )
    camera.take("running")
    camera.until(lambda: session.run_queue.running is None)
    camera.do("view.picture", "tool.select")
    state.set(replace(state.choices, selected=frozenset()))
    camera.take("result")


def give_a_colour(camera: Photographer) -> None:
    """The codes nearest to a colour, for one cluster."""
    camera.window.state.set_level(2)
    camera.window.state.set(replace(camera.window.state.choices, selected=frozenset((3,))))
    camera.until(camera.window.action_set["cluster.colour"].isEnabled)
    camera.do("cluster.colour")
    dialog = camera.dialog()
    assert isinstance(dialog, ColourDialog)
    camera.until(dialog.ok.isEnabled)
    camera.take("colour", dialog)
    dialog.reject()


def export(camera: Photographer) -> None:
    """What can be exported."""
    camera.do("file.export")
    dialog = camera.dialog()
    camera.take("export", dialog)
    dialog.reject()


def reference(camera: Photographer) -> None:
    """The structure of another photo, before it is applied."""
    source = camera.window.reference_controller
    source.open(resource("samples", "rose.jpg"))
    camera.until(lambda: source.found is not None)
    camera.window.show_dock("reference")
    camera.take("reference")
    camera.window.show_dock("clusters")


def layout_and_variations(camera: Photographer) -> None:
    """A layout that is painted from nothing, and four pictures that follow it."""
    session, state = camera.session, camera.window.state
    session.generation.new_layout(CLASS, bands=False)
    state.set_level(1)
    state.set(replace(state.choices, tool="brush", view=ViewMode.STRUCTURE, balanced=False, cluster=1, other=0, size=6))
    camera.drag([(0.35, 0.3), (0.65, 0.3), (0.65, 0.5), (0.35, 0.5)])
    state.set_level(2)
    state.set(replace(state.choices, cluster=1, size=3))
    camera.drag([(0.5, 0.75), (0.5, 0.97)])
    camera.take("layout")
    session.run_queue.set_options(replace(session.run_queue.options, variations=4))
    camera.until(camera.window.action_set["run.run"].isEnabled)
    camera.do("run.run")
    camera.until(lambda: len(session.generation.pending_results) == 4)
    camera.take("variations")


def take_all(script: str, folder: Path, theme: str, tour: Callable[[Photographer], None]) -> None:
    """The pictures of one theme; of all where `theme` is "", in a process each, which `script` starts anew."""
    folder.mkdir(parents=True, exist_ok=True)
    if not theme:
        for name, scale in (("dark", "1"), ("light", "2")):
            command = [sys.executable, script, str(folder), name]
            subprocess.run(command, env=os.environ | {"QT_SCALE_FACTOR": scale}, check=True)
        return
    app = make_application(sys.argv[:1])
    camera = Photographer(folder, theme, ProcessEngine())
    tour(camera)
    camera.close()
    app.processEvents()


def main() -> int:
    """Take all pictures, into the folder that the command names."""
    folder, theme = [*sys.argv[1:], "", ""][:2]
    take_all(__file__, Path(folder) if folder else ROOT / "docs" / "images", theme, tour)
    return 0


if __name__ == "__main__":
    sys.exit(main())
