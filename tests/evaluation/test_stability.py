"""Structures that hold still: the numbers, and balanced halves of real photos with the shipped networks."""

from pathlib import Path

import numpy as np
import pytest

from nvg_studio.evaluation.stability import explained, same_bits, stability
from nvg_studio.granularity import edits
from nvg_studio.granularity.structure_method import HALVES, PAIRS
from nvg_studio.imaging.read import read_image
from nvg_studio.paths import shipped_model
from nvg_studio.sampling.pipeline import NVGPipeline
from tests.granularity.strategies import random_sequence


def test_what_clusters_explain():
    labels = np.repeat([0, 1], 32)
    apart = np.repeat([[0.0, 1.0], [2.0, -3.0]], 32, axis=0).astype(np.float32)
    assert explained(apart, labels) == pytest.approx(1)
    assert explained(apart, np.tile([0, 1], 32)) == pytest.approx(0)
    assert explained(np.ones((64, 2), np.float32), labels) == 0


def test_same_bits_count_the_numbering():
    sequence = random_sequence(0, 6)
    assert same_bits(sequence, sequence, 1) == 1
    assert same_bits(sequence, edits.swap(sequence, 1, 0, 1), 1) == 0


def test_halves_of_photos_hold_still():
    """With the shipped networks at least 0.95 of the first level's bits survive, and pairs show that this is not
    because the pictures are the same."""
    pipeline = NVGPipeline.from_pretrained(shipped_model(), device="cpu")
    photos = [read_image(path) for path in sorted((Path(__file__).parents[2] / "resources" / "samples").glob("*.jpg"))]
    assert len(photos) >= 6
    methods = (pipeline.with_structure_method(method) for method in (HALVES, PAIRS))
    halves, pairs = (stability(one, photos, [one.encode(photo) for photo in photos]) for one in methods)
    assert halves["level 1"]["same bits"] >= 0.95 and halves["level 1"]["again"] >= 0.85
    assert pairs["level 1"]["same bits"] < 0.9
