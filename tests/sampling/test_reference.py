"""The plain reference path and the engine give the same pictures; neither uses the other's networks."""

import numpy as np
import pytest
import torch

from nvg_studio.errors import SettingsError
from nvg_studio.granularity.clustering import cluster
from nvg_studio.model.checkpoint import load_model
from nvg_studio.sampling import reference
from nvg_studio.sampling.pipeline import NVGPipeline
from nvg_studio.sampling.settings import GenerationSettings
from nvg_studio.sampling.tokens import structure_noise
from tests.tiny import save_tiny_model
from tests.tolerance import DEEP, SUM, assert_close, float32_error

CELLS, DEPTH = 64, 6


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    save_tiny_model(folder)
    return load_model(folder)


def engine(networks, dtype="float32"):
    return NVGPipeline(networks, "cpu", dtype)


@pytest.mark.parametrize("values", [{"greedy": True}, {"structure_guidance": (3.0, 0.5), "top_k": 5}])
@pytest.mark.parametrize("seed", range(3))
def test_same_picture(networks, values, seed):
    pipeline = engine(networks)
    settings = GenerationSettings(class_id=1, seed=seed, structure_steps=3, **values)
    noise = structure_noise(seed, CELLS, DEPTH)
    plain = reference.generate(networks, settings.resolved(pipeline.info.defaults), noise)
    ours = pipeline.generate(settings, noise)
    np.testing.assert_array_equal(ours.bits, plain.bits)
    np.testing.assert_array_equal(ours.token_map, plain.token_map)
    assert_close(pipeline.canvas(ours), plain.canvas[0], SUM)
    picture = reference.picture(networks, settings, noise)
    expected = (255 * (picture[0].permute(1, 2, 0) + 1) / 2).numpy()
    assert np.abs(pipeline.decode(ours) + 0.5 - expected).max() <= 0.5 + 255 * float32_error(1, DEEP)


def test_a_given_structure_is_kept(networks):
    pipeline = engine(networks)
    given = pipeline.generate(GenerationSettings(class_id=0, seed=5))
    settings = GenerationSettings(class_id=1).resolved(pipeline.info.defaults)
    bits = torch.from_numpy(given.bits.astype(np.int64))
    result = reference.generate(networks, settings, structure_noise(0, CELLS, DEPTH), bits)
    np.testing.assert_array_equal(result.bits, given.bits)


def test_clustering():
    latent = np.random.default_rng(0).standard_normal((CELLS, 8)).astype(np.float32)
    np.testing.assert_array_equal(reference.cluster(latent), cluster(latent))


def test_rounded_weights_give_nearly_the_same_networks_and_are_not_saved(networks, tmp_path):
    full, rounded = engine(networks), engine(networks, "bfloat16")
    sequence = full.generate(GenerationSettings(class_id=0))
    difference = full.decode(sequence).astype(int) - rounded.decode(sequence)
    assert 0 < np.abs(difference).max() <= 16
    assert rounded.generate(GenerationSettings(class_id=0)).cells == CELLS
    assert rounded.code_colours(()).shape == full.code_colours(()).shape
    with pytest.raises(SettingsError, match="float32"):
        rounded.save_pretrained(tmp_path)


def test_stage_0_is_kept_by_class(networks):
    pipeline = engine(networks)
    mixed = [GenerationSettings(class_id=c, seed=3) for c in (0, 1, 0, None)]
    first = pipeline.generate_batch(mixed)
    again = pipeline.generate_batch(mixed)
    assert first == again
    assert first[0] == first[2] != first[1]
    np.testing.assert_array_equal(engine(networks).generate(mixed[1]).token_map[0], first[1].token_map[0])
