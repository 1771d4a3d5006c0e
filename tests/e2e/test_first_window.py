"""A photo is opened, painted, locked in part, run again and saved: the window against the same edits by hand."""

import os
import signal
from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest

from nvg_studio.engine.process import ProcessEngine
from nvg_studio.granularity import edits
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.granularity.structure_method import HALVES
from nvg_studio.imaging.cells import cells_to_pixels
from nvg_studio.imaging.compose import compose
from nvg_studio.imaging.crop import square_crop
from nvg_studio.imaging.nearest import nearest_colours
from nvg_studio.imaging.read import read_image
from nvg_studio.project.planning import Scope
from nvg_studio.sampling.pipeline import NVGPipeline
from nvg_studio.sampling.settings import GenerationSettings
from nvg_studio.ui.dialogs.colour import ColourDialog
from nvg_studio.ui.tools.cells import swept
from tests.ui.driver import Studio, answering

LEVEL = 2


def test_photo_paint_lock_run_undo_redo_save(
    real_studio: Studio, tiny: Path, samples: list[Path], tmp_path: Path
) -> None:
    studio, session = real_studio, real_studio.session
    studio.open(samples[0])
    photo = studio.snapshot
    crop = square_crop(read_image(samples[0]))
    assert np.array_equal(session.base, crop)

    studio.key(str(LEVEL))
    studio.key("b")
    paint_with = studio.window.state.choices.cluster
    path = paint(studio, cluster=paint_with)
    painted = studio.snapshot.sequence
    assert painted != photo.sequence
    assert studio.card_states()[LEVEL] == "edited"

    lock(studio, cluster=3)
    studio.set_run_options(scope=Scope.WHOLE)
    studio.press_card(LEVEL)
    studio.until(lambda: session.run_queue.running is None and studio.snapshot.request is not None)
    assert set(studio.card_states()) == {"fresh"}

    held = studio.snapshot.locks.region
    assert held.any()
    inside = cells_to_pixels(held, len(crop))
    assert np.array_equal(session.base[inside], crop[inside])
    assert not np.array_equal(session.base[~inside], crop[~inside])
    run = studio.snapshot

    while studio.window.action_set["edit.undo"].isEnabled():
        studio.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        studio.settle()
    assert studio.snapshot == photo
    assert np.array_equal(session.base, crop)
    while studio.window.action_set["edit.redo"].isEnabled():
        studio.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
        studio.settle()
    assert studio.snapshot == run

    target = tmp_path / "out.png"
    with answering("getSaveFileName", target):
        studio.trigger("file.export_png")
    studio.until(target.exists)
    expected, sequence = by_hand(tiny, crop, path, paint_with)
    assert sequence == run.sequence
    assert np.array_equal(np.asarray(Image.open(target)), expected)


def paint(studio: Studio, cluster: int) -> list[tuple[float, float]]:
    """Paint a short stroke over cells of the sibling of `cluster`; returns the stroke."""
    x, y = studio.a_cell_of(LEVEL, cluster ^ 1)
    stroke = [(x, y), (x + 0.25, y + 0.25)]
    studio.stroke(stroke)
    studio.settle()
    return stroke


def lock(studio: Studio, cluster: int) -> None:
    """Select a cluster with the mouse and lock it with the keyboard."""
    studio.key("v")
    studio.click(*studio.a_cell_of(LEVEL, cluster))
    assert studio.window.state.choices.selected == {cluster}
    studio.key(Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    studio.settle()


def by_hand(
    tiny: Path, crop: np.ndarray, stroke: list[tuple[float, float]], cluster: int
) -> tuple[np.ndarray, GranularitySequence]:
    """The same gestures through the public API."""
    pipe = NVGPipeline.from_pretrained(tiny, device="cpu")
    photo = pipe.encode(crop, HALVES)  # as photos are opened
    grid = round(photo.cells**0.5)
    cells = swept(grid, stroke[0], stroke[0], 3) | swept(grid, stroke[0], stroke[1], 3)
    painted = edits.paint(photo, cells, LEVEL, cluster, inside_parent=False)
    painted = edits.balance(painted, LEVEL, painted=edits.changed_cells(photo, painted, LEVEL))
    everything = painted.labels(LEVEL) == 3
    locks = Locks.none(painted.cells, painted.depth).with_structure(everything, painted.depth).with_content(everything)
    result = pipe.run_from(painted, LEVEL, GenerationSettings(), locks)
    return compose(crop, pipe.decode(result), locks.region), result


def test_the_engine_dies_in_a_run_and_the_document_stays(real_studio: Studio, samples: list[Path]) -> None:
    studio = real_studio
    studio.open(samples[0])
    before = studio.session.document
    assert isinstance(studio.engine, ProcessEngine) and studio.engine.pid is not None
    # Held first, or the small model would finish before the kill.
    # A run that had not begun is begun again by the next engine.
    os.kill(studio.engine.pid, signal.SIGSTOP)
    studio.press_card(0)
    os.kill(studio.engine.pid, signal.SIGKILL)
    studio.until(lambda: studio.session.run_queue.running is None)
    assert studio.session.document.history.snapshots[0] is before.snapshot
    studio.press_card(0)
    studio.until(lambda: studio.snapshot.request is not None)


def test_a_cluster_gets_a_colour_of_the_real_model(real_studio: Studio, tiny: Path, samples: list[Path]) -> None:
    studio = real_studio
    studio.open(samples[0])
    before = studio.snapshot.sequence
    studio.key(str(LEVEL))
    studio.key("v")
    studio.click(*studio.a_cell_of(LEVEL, 1))
    studio.settle()
    studio.trigger_when_enabled("cluster.colour")
    dialog = studio.window.findChild(ColourDialog)
    studio.until(dialog.ok.isEnabled)
    dialog.picker.setCurrentColor(QColor(220, 40, 40))
    QTest.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
    studio.settle()
    pipe = NVGPipeline.from_pretrained(tiny, device="cpu")
    colours = pipe.code_colours(edits.path_tokens(before, LEVEL, 1)[:-1])
    token = int(nearest_colours(colours, (220, 40, 40), 1)[0])
    after = studio.snapshot.sequence
    assert after == edits.set_token(before, LEVEL, 1, token)
    studio.until(lambda: studio.session.stage_pictures.picture(after, LEVEL) is not None)
    picture = studio.session.stage_pictures.picture(after, LEVEL)
    assert picture is not None and np.array_equal(picture, pipe.decode(after, LEVEL))
