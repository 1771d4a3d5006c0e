"""Halves in the window: as a source, for opened photos, and how children are numbered for a model of halves."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nvg_studio.editor.reference.controller import CROP_SIDE
from nvg_studio.editor.reference.structure_source import Source
from nvg_studio.engine.scripted import SCRIPTED_INFO, ScriptedEngine, read
from nvg_studio.granularity.structure_method import HALVES, Halves
from nvg_studio.imaging.crop import square_crop
from tests.ui.driver import Studio
from tests.ui.test_reference import choose, found, refer_to


@pytest.fixture
def engine(studio: Studio) -> ScriptedEngine:
    engine = studio.session.engine_client.engine
    assert isinstance(engine, ScriptedEngine)
    engine.structures.clear()
    return engine


def make_halves_the_models_own(studio: Studio, engine: ScriptedEngine, folder: Path) -> None:
    engine.info = replace(SCRIPTED_INFO, structure_method=Halves(1.5, 2))
    studio.load_model(folder)


def test_halves_are_a_source_of_the_reference(studio: Studio, engine: ScriptedEngine, samples: list[Path]) -> None:
    refer_to(studio, samples[1])
    assert engine.structures == [None]
    choose(studio, Source.HALVES)
    found(studio)
    assert engine.structures == [None, HALVES]
    reference = studio.window.reference_controller
    assert reference.found is not None and reference.found.content and reference.found.levels == SCRIPTED_INFO.depth


def test_photos_are_opened_by_halves_unless_the_model_is_preferred(
    studio: Studio, engine: ScriptedEngine, samples: list[Path]
) -> None:
    studio.open(samples[1])
    studio.set_preferences(photo_structure="model")
    studio.open(samples[0])
    studio.set_preferences(photo_structure="halves")
    studio.open(samples[1])
    assert engine.structures == [HALVES, None, HALVES]


def test_regions_are_numbered_by_the_brightness_that_a_model_of_halves_sees(
    studio: Studio, engine: ScriptedEngine, samples: list[Path], tmp_path: Path
) -> None:
    make_halves_the_models_own(studio, engine, tmp_path / "model")
    refer_to(studio, samples[1])
    choose(studio, Source.COLOURS)
    found(studio)
    reference = studio.window.reference_controller
    assert reference.found is not None and reference.found.like_halves and reference.picture is not None
    assert reference.found.regions > 1 and not reference.found.content
    brightness = brightness_of(studio)
    for level in range(reference.found.levels):
        labels = reference.found.sequence.labels(level + 1)
        for node in range(1 << level):
            ones, zeros = brightness[labels == 2 * node + 1], brightness[labels == 2 * node]
            assert not len(ones) or not len(zeros) or ones.mean() >= zeros.mean()


def brightness_of(studio: Studio) -> np.ndarray:
    """What the scripted engine answers for the square of the reference."""
    reference = studio.window.reference_controller
    assert reference.picture is not None
    height, width = reference.picture.shape[:2]
    centre = (reference.centre[0] * width, reference.centre[1] * height)
    return np.asarray(read(square_crop(reference.picture, centre, CROP_SIDE), SCRIPTED_INFO).brightness)
