"""Take pictures of every dock, view mode and dialog, to look at before a release (flower photos only).

    python docs/lookbook.py folder      (without a display set QT_QPA_PLATFORM=offscreen)

As those of `screenshots.py`: 1280 x 800, dark at scale 1 and light at scale 2.
"""

import sys
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from screenshots import PHOTO, Photographer, take_all

from nvg_studio.editor.choices import LockKind, Palette, ViewMode
from nvg_studio.editor.reference.structure_source import Source
from nvg_studio.paths import resource, shipped_model

DIALOGS = ("file.new_layout", "edit.preferences", "help.palette", "help.shortcuts", "help.about", "file.export")


def tour(camera: Photographer) -> None:
    """One scene after the other; each leaves the document for the next."""
    camera.take("01-empty")
    camera.session.load_model(shipped_model())
    camera.until(lambda: camera.session.info is not None)
    camera.window.project_files.open(PHOTO)
    camera.until(lambda: all(card.picture.filled for card in camera.window.strip.cards))
    camera.take("02-picture-clusters")
    for scene in (views, painting, locking, running, histories, references, closely, dialogs, layouts):
        scene(camera)


def views(camera: Photographer) -> None:
    """Structure with named, selected and veiled clusters; the picture of one level."""
    state = camera.window.state
    camera.do("view.structure")
    state.set_level(3)
    for cluster, name in ((1, "Petals"), (5, "Sky")):
        camera.session.document_editor.rename(3, cluster, name)
    state.set(replace(state.choices, selected=frozenset((1, 5)), only=frozenset((1, 4, 5))))
    camera.take("03-structure-named-veiled")
    state.set(replace(state.choices, selected=frozenset(), only=frozenset()))
    camera.do("view.picture", "view.level_picture")
    camera.take("04-level-picture")
    camera.do("view.level_picture")


def painting(camera: Photographer) -> None:
    """A balanced stroke over the overlay, before the mouse is released; a free one after it."""
    state = camera.window.state
    camera.do("tool.brush", "view.overlay")
    state.set_level(2)
    state.set(replace(state.choices, balanced=True, inside_parent=False))
    camera.drag([(0.86, 0.25), (0.9, 0.4), (0.86, 0.62)], release=False)
    camera.take("05-overlay-balanced-stroke")
    QTest.mouseRelease(camera.window.canvas, Qt.MouseButton.LeftButton)
    state.set(replace(state.choices, balanced=False))
    camera.drag([(0.1, 0.1), (0.2, 0.4)])
    QTest.qWait(600)
    camera.take("06-free-stroke-done")


def locking(camera: Photographer) -> None:
    """The three kinds of lock, and the lock brush."""
    camera.do("view.boundaries", "tool.lock")
    camera.window.lock_cluster(0, LockKind.REGION)
    camera.window.lock_cluster(1, LockKind.LAYOUT)
    camera.window.lock_cluster(2, LockKind.COARSE)
    camera.take("07-boundaries-locks")
    camera.do("tool.brush")
    camera.window.state.set(replace(camera.window.state.choices, cluster=1))
    camera.drag([(0.3, 0.1), (0.4, 0.04)])
    camera.take("08-refusal")


def running(camera: Photographer) -> None:
    """A run with two that wait, the advanced settings unfolded."""
    session = camera.session
    camera.do("view.picture", "tool.select")
    camera.window.message.clear()
    for start in (1, 2, 3):
        session.run_queue.randomize_seed()
        session.generation.run(start)
    camera.until(
        lambda: session.run_queue.running is None or (session.run_queue.running.stage or 0) >= session.depth // 2
    )
    camera.take("09-running-queue")
    camera.until(lambda: session.run_queue.running is None)
    QTest.qWait(400)
    camera.window.message.clear()
    camera.do("view.wipe")
    fold = camera.window.generate.advanced.parentWidget().header
    fold.click()
    camera.take("10-wipe-advanced")
    fold.click()


def histories(camera: Photographer) -> None:
    """The history with its waiting results; variations, compared in both ways."""
    session, window = camera.session, camera.window
    camera.do("view.picture")
    window.show_dock("history")
    camera.take("11-history")
    session.run_queue.set_options(replace(session.run_queue.options, variations=4))
    count = len(session.generation.pending_results)
    camera.do("run.new_picture")
    camera.until(lambda: len(session.generation.pending_results) == count + 4)
    session.generation.toggle_star(count)
    camera.take("12-variations")
    page = window.results
    page.compare_requested.emit(None, count + 1)
    camera.take("13-compare")
    page.wipe.click()
    camera.take("13-compare-wipe")
    page.wipe.click()
    camera.do("run.results")
    session.run_queue.set_options(replace(session.run_queue.options, variations=1))


def references(camera: Photographer) -> None:
    """The reference dock: empty, with a picture, with a box around a thing."""
    source = camera.window.reference_controller
    camera.window.show_dock("reference")
    camera.take("14-reference-empty")
    source.open(resource("samples", "tulip.jpg"))
    camera.until(lambda: source.found is not None)
    camera.take("15-reference")
    source.set_choices(replace(source.choices, source=Source.BOX, box=(0.2, 0.2, 0.8, 0.8)))
    camera.until(lambda: source.found is not None)
    QTest.qWait(400)
    camera.take("16-reference-box")
    camera.window.show_dock("clusters")


def closely(camera: Photographer) -> None:
    """Cells from near, in the clusters' mean colours."""
    camera.do("view.structure")
    camera.window.state.set(replace(camera.window.state.choices, palette=Palette.MEAN, view=ViewMode.OVERLAY))
    camera.window.canvas.zoom(4)
    QTest.mouseMove(camera.window.canvas, QPoint(400, 300))
    camera.take("17-cells")
    camera.window.state.set(replace(camera.window.state.choices, palette=Palette.DISTINCT))
    camera.do("view.fit", "view.picture")


def dialogs(camera: Photographer) -> None:
    """All dialogs of the table."""
    for number, name in enumerate(DIALOGS):
        camera.do(name)
        dialog = camera.dialog()
        camera.take(f"18-dialog-{number}-{name}", dialog)
        dialog.reject()
        QTest.qWait(50)


def layouts(camera: Photographer) -> None:
    """A blank layout before the first stroke."""
    camera.session.generation.new_layout(4, bands=False)
    camera.window.state.set_level(1)
    camera.window.state.set(
        replace(
            camera.window.state.choices,
            tool="brush",
            view=ViewMode.STRUCTURE,
            balanced=False,
            cluster=1,
            other=0,
            size=6,
        )
    )
    camera.take("19-new-layout")


def main() -> int:
    """Take all pictures, into the folder that the command names."""
    folder, theme = [*sys.argv[1:], ""][:2]
    take_all(__file__, Path(folder), theme, tour)
    return 0


if __name__ == "__main__":
    sys.exit(main())
