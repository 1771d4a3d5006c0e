"""Random gestures in the real window keep what the editing design promises.

NVG_GESTURES sets how many (10,000 take a few minutes); NVG_GESTURES_SEED plays other ones.
"""

import os
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt

from nvg_studio.editor.choices import LockKind
from nvg_studio.granularity.hierarchy import is_balanced
from nvg_studio.imaging.cells import cells_to_pixels
from nvg_studio.project.document import Snapshot
from tests.ui.driver import NO_KEYS, Studio
from tests.ui.test_tools import ALT, CTRL, SHIFT

COUNT = int(os.environ.get("NVG_GESTURES", "300"))
SEED = int(os.environ.get("NVG_GESTURES_SEED", "0"))
TOOLS = ("brush", "brush", "eraser", "fill", "lasso", "rectangle", "ellipse", "lock", "select", "pick", "hand", "zoom")
LONGEST_HISTORY = 40


class Hands:
    """Somebody who does not know what they do."""

    def __init__(self, studio: Studio, balanced: bool) -> None:
        self.studio, self.balanced = studio, balanced
        self.random = np.random.default_rng([SEED, balanced])

    def choose(self) -> None:
        """Other options: level, clusters, brush, switches."""
        state, pick = self.studio.window.state, self.random.integers
        state.set_level(int(pick(0, self.studio.session.depth + 1)))
        clusters = [int(c) for c in pick(0, 1 << state.choices.level, 4)]
        state.set(
            replace(
                state.choices,
                cluster=clusters[0],
                other=clusters[1],
                selected=frozenset(clusters[: int(pick(0, 4))]),
                size=int(pick(1, 8)),
                inside_parent=bool(pick(0, 2)),
                balanced=self.balanced or bool(pick(0, 2)),
                lock_kind=list(LockKind)[int(pick(0, 3))],
                unlocking=bool(pick(0, 3) == 0),
            )
        )

    def stroke(self) -> None:
        """A drag with some tool, some button and some keys; one in six is given up."""
        pick = self.random.integers
        self.studio.choose(tool=TOOLS[int(pick(0, len(TOOLS)))])
        points = [(float(x), float(y)) for x, y in self.random.uniform(-1, 17, (int(pick(1, 5)), 2))]
        keys = (NO_KEYS, NO_KEYS, SHIFT, CTRL, ALT)[int(pick(0, 5))]
        given_up = bool(pick(0, 6) == 0)
        self.studio.stroke(points, keys=keys, release=not given_up)
        if given_up:
            self.studio.key(Qt.Key.Key_Escape)
            self.studio.stroke(points[-1:])

    def command(self) -> None:
        """Some action that changes the document, if it is enabled now; none may touch what is locked."""
        names = ["cluster.lock_layout", "cluster.lock_region", "cluster.lock_coarse", "cluster.only"]
        names += ["cluster.swap", "cluster.balance", "cluster.content"]
        names += ["level.lock_layout", "level.lock_coarse"] if self.random.random() < 0.2 else []
        names += [] if self.balanced else ["cluster.merge"]
        self._trigger(names)

    def release(self) -> None:
        """Some action that may change what is locked."""
        self._trigger(["edit.undo", "edit.redo", "cluster.unlock", "cluster.unlock_all"])

    def _trigger(self, names: list[str]) -> None:
        self.studio.settle()
        action = self.studio.window.action_set[names[int(self.random.integers(0, len(names)))]]
        if action.isEnabled():
            action.trigger()

    def run(self) -> None:
        """A run from some level, or one that is cancelled."""
        session = self.studio.session
        self.studio.settle()
        session.run_queue.randomize_seed()
        stage = None if self.random.random() < 0.5 else int(self.random.integers(0, session.depth + 1))
        session.generation.run(stage)
        if self.random.random() < 0.3:
            session.run_queue.cancel()
        self.studio.until(lambda: session.run_queue.running is None)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("balanced", [True, False], ids=["balanced", "free"])
def test_random_gestures_keep_every_promise(studio: Studio, balanced: bool) -> None:
    hands = Hands(studio, balanced)
    gestures: list[tuple[Callable[[], None], float]] = [
        (hands.stroke, 0.68),
        (hands.command, 0.18),
        (hands.release, 0.1),
        (hands.run, 0.04),
    ]
    kinds = [gesture for gesture, _ in gestures]
    chances = [chance for _, chance in gestures]
    for number in range(COUNT // 2):
        hands.choose()
        gesture = kinds[int(hands.random.choice(len(kinds), p=chances))]
        before, start = studio.snapshot, studio.session.document
        picture = studio.session.base
        gesture()
        studio.until(lambda: studio.session.run_queue.running is None)
        note = f"gesture {number}: {gesture.__name__} with {studio.window.state.choices}"
        assert start is not None and studio.session.document is not None
        steps = studio.session.document.history.snapshots
        assert len(steps) <= start.index + 2 or len(steps) == len(start.history.snapshots), note
        if gesture != hands.release:
            check(before, studio.snapshot, note)
        if gesture == hands.run:
            check_run(before, picture, studio, note)
        if balanced:
            assert is_balanced(studio.snapshot.sequence.bits, studio.session.depth), note
        if len(steps) > LONGEST_HISTORY:
            check_history(studio)


def check(before: Snapshot, after: Snapshot, note: str) -> None:
    """What was locked is as it was."""
    locks = before.locks
    assert np.array_equal(after.sequence.bits[locks.bits], before.sequence.bits[locks.bits]), note
    assert np.array_equal(after.sequence.token_map[locks.tokens], before.sequence.token_map[locks.tokens]), note


def check_run(before: Snapshot, picture: np.ndarray, studio: Studio, note: str) -> None:
    """Stages below the start are kept; the pixels of locked regions are the same byte for byte."""
    after = studio.snapshot
    if after is before:
        return
    assert after.request is not None
    start = after.request.stage
    kept = max(start, before.held_levels if after.held_levels == before.held_levels else 0)
    assert np.array_equal(after.sequence.bits[:, :kept], before.sequence.bits[:, :kept]), note
    assert np.array_equal(after.sequence.bits[:, :start], before.sequence.bits[:, :start]), note
    assert np.array_equal(after.sequence.token_map[:start], before.sequence.token_map[:start]), note
    if before.locks.region.any():
        inside = cells_to_pixels(before.locks.region, len(picture))
        assert np.array_equal(studio.session.base[inside], picture[inside]), note


def check_history(studio: Studio) -> None:
    """Undo to the start gives the first snapshot, redo to the end the last. Then the history begins anew."""
    session = studio.session
    assert session.document is not None
    steps, here = session.document.history.snapshots, session.document.index
    while session.document.can_undo:
        session.document_editor.undo()
    assert studio.snapshot == steps[0]
    while session.document.can_redo:
        session.document_editor.redo()
    assert studio.snapshot == steps[-1]
    session.document_editor.go_to_step(max(here // 2, 1))
