"""Layouts to ask for: the painted shares, and what of them is held."""

import numpy as np
import pytest

from nvg_studio.evaluation.layouts import PHOTO_LEVELS, disc, from_photo, painted_layout, simple_layouts
from nvg_studio.sampling.settings import GenerationSettings
from tests.tiny import tiny_pipeline


def test_a_painted_layout_is_its_mask_at_level_one():
    mask = np.random.default_rng(0).random((8, 8)) < 0.3
    layout = painted_layout("any", mask)
    assert (layout.sequence.labels(1).reshape(8, 8) == mask).all()
    assert layout.levels == 1 and layout.locks.bits[:, 0].all() and not layout.locks.bits[:, 1:].any()
    assert not layout.locks.tokens.any()


def test_a_disc_is_its_share_of_the_cells_about_its_centre():
    mask = disc(16, 0.27, 0.51, 0.1)
    assert mask.sum() == 26 and mask[3, 8] and not mask[12].any()


@pytest.mark.parametrize("grid", [8, 16])
def test_hand_made_layouts_have_the_shares_of_their_names(grid):
    for layout in simple_layouts(grid):
        share = int(layout.name.split()[-2]) / 100
        assert layout.sequence.labels(1).mean() == pytest.approx(share, abs=0.5 / grid)
    horizon = simple_layouts(grid)[-1].sequence.labels(1).reshape(grid, grid)
    assert not horizon[0].any() and horizon[-1].all()


def test_a_photo_gives_the_first_levels_of_its_structure(tmp_path):
    pipeline = tiny_pipeline(tmp_path)
    photo = np.random.default_rng(1).integers(256, size=(20, 30, 3), dtype=np.uint8)
    layout = from_photo(pipeline, "photo", photo)
    assert layout.sequence == pipeline.encode(photo) and layout.levels == PHOTO_LEVELS
    made = pipeline.run_from(layout.sequence, 0, GenerationSettings(seed=1), layout.locks)
    assert (made.labels(PHOTO_LEVELS) == layout.sequence.labels(PHOTO_LEVELS)).all()
    assert made != layout.sequence


def test_a_figure_may_be_either_child():
    mask = disc(8, 0.5, 0.5, 0.3)
    dark = painted_layout("dark", mask, figure=0)
    assert (dark.sequence.labels(1).reshape(8, 8) == ~mask).all() and dark.figure == 0
    for one, zero in zip(simple_layouts(8), simple_layouts(8, figure=0), strict=True):
        assert one.name == zero.name and (one.sequence.labels(1) != zero.sequence.labels(1)).all()
