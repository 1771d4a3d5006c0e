"""Between a run's end and its composed picture, on a thread: whatever the hand does meanwhile, nothing is lost."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData
from PySide6.QtGui import QImage

from nvg_studio.editor.choices import LockKind
from nvg_studio.project import results
from nvg_studio.project.document import Document
from tests.ui.driver import Studio


class Gate:
    """Holds composing back until it is opened."""

    def __init__(self) -> None:
        self.reached, self._open = threading.Event(), threading.Event()
        self.threads: list[threading.Thread] = []

    def guard(self, compose: Callable[..., Document]) -> Callable[..., Document]:
        def guarded(*args: object) -> Document:
            self.threads.append(threading.current_thread())
            self.reached.set()
            assert self._open.wait(60)
            return compose(*args)

        return guarded

    def open(self) -> None:
        self._open.set()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate = Gate()
    monkeypatch.setattr(results, "apply_result", gate.guard(results.apply_result))
    yield gate
    gate.open()


def run_to_the_gate(studio: Studio, gate: Gate) -> None:
    studio.settle()
    studio.press_card(3)
    studio.until(gate.reached.is_set)


def pass_the_gate(studio: Studio, gate: Gate) -> None:
    gate.open()
    studio.settle()


def test_a_result_is_composed_off_the_window_and_is_one_step(studio: Studio, gate: Gate) -> None:
    studio.window.lock_cluster(1, LockKind.REGION)
    before = studio.snapshot
    run_to_the_gate(studio, gate)
    assert threading.main_thread() not in gate.threads
    assert studio.snapshot is before and studio.session.run_queue.running is not None
    pass_the_gate(studio, gate)
    assert studio.session.document is not None and studio.session.document.index == 2
    assert studio.snapshot.request is not None and not studio.session.generation.pending_results
    assert studio.session.run_queue.running is None
    studio.trigger_when_enabled("edit.undo")
    assert studio.snapshot is before


def test_an_edit_meanwhile_stays_and_the_result_waits(studio: Studio, gate: Gate) -> None:
    photo = studio.snapshot
    run_to_the_gate(studio, gate)
    studio.window.lock_cluster(1, LockKind.REGION)
    edited = studio.snapshot
    pass_the_gate(studio, gate)
    assert studio.snapshot is edited
    (waiting,) = studio.session.generation.pending_results
    assert waiting.started_from is photo
    assert "waits in the history" in studio.window.message.text.text()


def test_undo_meanwhile_stays_and_redo_finds_what_was_undone(studio: Studio, gate: Gate) -> None:
    photo = studio.snapshot
    studio.window.lock_cluster(1, LockKind.LAYOUT)
    locked = studio.snapshot
    run_to_the_gate(studio, gate)
    studio.trigger_when_enabled("edit.undo")
    pass_the_gate(studio, gate)
    assert studio.snapshot is photo and len(studio.session.generation.pending_results) == 1
    studio.trigger_when_enabled("edit.redo")
    assert studio.snapshot is locked


def test_undone_and_redone_meanwhile_it_is_the_same_document(studio: Studio, gate: Gate) -> None:
    studio.window.lock_cluster(1, LockKind.LAYOUT)
    run_to_the_gate(studio, gate)
    studio.trigger_when_enabled("edit.undo")
    studio.trigger_when_enabled("edit.redo")
    pass_the_gate(studio, gate)
    assert studio.snapshot.request is not None and not studio.session.generation.pending_results


def test_a_star_meanwhile_is_kept(studio: Studio, gate: Gate) -> None:
    session = studio.session
    studio.set_run_options(variations=2)
    session.generation.run(2)
    studio.until(lambda: len(session.generation.pending_results) == 2)
    studio.set_run_options(variations=1)
    run_to_the_gate(studio, gate)
    session.generation.toggle_star(1)
    pass_the_gate(studio, gate)
    assert studio.snapshot.request is not None
    assert [made.starred for made in session.generation.pending_results] == [False, True]


def test_cancelled_meanwhile_it_changes_nothing(studio: Studio, gate: Gate) -> None:
    before = studio.session.document
    run_to_the_gate(studio, gate)
    studio.trigger_when_enabled("run.cancel")
    assert studio.session.run_queue.running is None
    pass_the_gate(studio, gate)
    assert studio.session.document is before
    assert "cancelled" in studio.window.message.text.text()


def test_another_document_meanwhile_stays(studio: Studio, gate: Gate, samples: list[Path]) -> None:
    run_to_the_gate(studio, gate)
    studio.window.project_files.open(samples[1])
    studio.until(lambda: studio.session.name == samples[1].stem)
    pass_the_gate(studio, gate)
    assert studio.session.document is not None and len(studio.session.document.history.snapshots) == 1
    assert not studio.session.generation.pending_results


def test_a_queued_run_begins_once_the_result_is_there(studio: Studio, gate: Gate) -> None:
    run_to_the_gate(studio, gate)
    studio.session.generation.run(5)
    assert len(studio.session.run_queue.waiting) == 1
    pass_the_gate(studio, gate)
    assert studio.snapshot.title == "Run from level 3"
    assert [made.title for made in studio.session.generation.pending_results] == ["Run from level 5"]


def test_the_last_of_two_choices_wins_and_an_edit_wins_over_both(studio: Studio) -> None:
    session = studio.session
    studio.set_run_options(variations=3)
    session.generation.run(2)
    studio.until(lambda: len(session.generation.pending_results) == 3)
    studio.settle()
    session.generation.use_result(0)
    session.generation.use_result(2)
    studio.settle()
    assert studio.snapshot.sequence == session.generation.pending_results[2].sequence
    assert session.document is not None and session.document.index == 1
    session.generation.use_result(1)
    session.document_editor.undo()
    here = studio.snapshot
    studio.settle()
    assert studio.snapshot is here
    assert "waits in the history" in studio.window.message.text.text()


def test_a_pasted_picture_is_read_on_a_thread(ready_studio: Studio, samples: list[Path]) -> None:
    studio, data = ready_studio, QMimeData()
    image = QImage(str(samples[0]))
    data.setImageData(image)
    assert studio.window.commands.files.open_data(data, "clipboard")
    studio.until(lambda: studio.session.document is not None)
    size = min(image.width(), image.height())
    assert studio.session.base.shape == (size, size, 3)
    middle = image.pixelColor(image.width() // 2, image.height() // 2)
    left, top = (image.width() - size) // 2, (image.height() - size) // 2
    seen = studio.session.base[image.height() // 2 - top, image.width() // 2 - left]
    assert np.array_equal(seen, [middle.red(), middle.green(), middle.blue()])
