"""Samples and their comparison with photos: fixed seeds, the usual file, copies found."""

import numpy as np
import pytest

from nvg_studio.evaluation.generation import (
    classes_like,
    closeness,
    compared,
    generate,
    nearest_pictures,
    save_samples,
    thumbnails,
)
from nvg_studio.evaluation.metrics.distributions import Nearest
from nvg_studio.sampling.settings import GenerationSettings
from tests.tiny import tiny_pipeline


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    return tiny_pipeline(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def samples(pipeline):
    return generate(pipeline, np.repeat([0, 1], 5))


def noise(count, size=40, seed=0):
    return list(np.random.default_rng(seed).integers(256, size=(count, size, size, 3), dtype=np.uint8))


def test_a_sample_depends_on_its_class_and_number_alone(pipeline, samples):
    assert samples.sequences[7] == pipeline.generate(GenerationSettings(class_id=1, seed=7))
    assert len({sequence.token_map.tobytes() for sequence in samples.sequences}) == 10
    assert all(
        (picture == pipeline.decode(sequence)).all()
        for picture, sequence in zip(samples.pictures, samples.sequences, strict=True)
    )


def test_samples_are_kept_as_evaluators_read_them(samples, tmp_path):
    save_samples(samples, tmp_path / "samples.npz")
    with np.load(tmp_path / "samples.npz", allow_pickle=False) as file:
        assert file["arr_0"].shape == (10, 16, 16, 3) and file["arr_0"].dtype == np.uint8
        assert (file["arr_0"] == np.stack(samples.pictures)).all() and (file["arr_1"] == samples.labels).all()
    assert [path.name for path in tmp_path.iterdir()] == ["samples.npz"]


def test_classes_come_in_the_proportions_of_the_photos():
    labels = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [50, 30, 20]))
    assert np.bincount(classes_like(labels, 10)).tolist() == [5, 3, 2]
    assert np.bincount(classes_like(labels, 1000)) == pytest.approx([500, 300, 200], abs=10)


def test_real_photos_compared_with_themselves_are_perfect():
    real = np.random.default_rng(0).standard_normal((60, 5))
    table = compared({"same": real, "far": real + 50}, real)
    assert [table[row]["same"] for row in table] == pytest.approx([0, 1, 1], abs=1e-6)
    assert [table[row]["far"] for row in table] == pytest.approx([5 * 50**2, 0, 0])


def test_copies_are_found_also_mirrored_and_at_another_size():
    train = noise(6)
    copies = [train[4], train[2][:, ::-1], np.kron(train[0], np.ones((2, 2, 1), np.uint8))]
    found = nearest_pictures(copies, train)
    assert found.place.tolist() == [4, 2, 0] and found.distance[:2] == pytest.approx([0, 0], abs=1e-3)
    assert (nearest_pictures(noise(3, seed=1), train).distance > 20).all()


def test_distances_of_thumbnails_are_of_255():
    dark, light = (np.full((40, 40, 3), value, np.uint8) for value in (10, 40))
    rows = thumbnails([dark, light])
    assert np.linalg.norm(rows[0] - rows[1]) == pytest.approx(30)


def test_closeness_tells_copies_from_new_pictures():
    place = np.zeros(100, np.int64)
    val, copies = Nearest(place, np.arange(1.0, 101)), Nearest(place, np.full(100, 0.5))
    assert closeness(val, val)["samples closer than 95% of held-out photos"] == 0.05
    assert closeness(copies, val)["samples closer than 95% of held-out photos"] == 1
    assert closeness(copies, val)["samples, least"] == 0.5 and closeness(copies, val)["held-out photos, median"] == 50.5
