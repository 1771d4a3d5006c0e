"""Lock fidelity: everything held changes nothing, exact pixels are exact, and changes of known size are measured."""

import numpy as np
import pytest

from nvg_studio.evaluation.metrics.lock_fidelity import LockTrial, changes, run_all_locked, run_locked
from nvg_studio.imaging.cells import cells_to_pixels
from tests.tiny import tiny_pipeline

HALF = np.arange(64) < 32


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    return tiny_pipeline(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def photo():
    return np.random.default_rng(0).integers(256, size=(16, 16, 3), dtype=np.uint8)


def test_a_picture_that_is_held_entirely_does_not_change(pipeline, photo):
    one = run_locked(pipeline, photo, pipeline.encode(photo), np.ones(64, bool), 0)
    assert one.kept == 1 and (one.after == one.before).all() and (one.exact == photo).all()


def test_half_a_picture_is_held(pipeline, photo):
    one = run_locked(pipeline, photo, pipeline.encode(photo), HALF, 1)
    assert one.kept == 1
    assert (one.exact[:8] == photo[:8]).all() and (one.after[9:] != one.before[9:]).mean() > 0.5
    table = changes([one], HALF)
    assert table["exact pixels on"]["inside"] == 0 < table["exact pixels on"]["outside"]
    assert table["exact pixels off"]["inside"] < table["exact pixels off"]["outside"]
    again = run_all_locked(pipeline, [photo], [pipeline.encode(photo)], HALF, np.array([1]))
    assert (again[0].after == one.after).all()


def test_changes_of_known_size():
    inside = cells_to_pixels(HALF, 16)[..., None]
    before = np.full((16, 16, 3), 100, np.uint8)
    after, exact = (np.where(inside, before + a, before + b).astype(np.uint8) for a, b in ((2, 30), (0, 7)))
    holdings = [LockTrial(before, before, after, exact, 1.0), LockTrial(before, before, before, before, 1.0)]
    table = changes(holdings, HALF)
    assert table == {"exact pixels off": {"inside": 1, "outside": 15}, "exact pixels on": {"inside": 0, "outside": 3.5}}
