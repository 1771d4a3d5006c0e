"""The published checkpoints by name and shape alone: every tensor has a place in ours, or is left on purpose."""

import json

import pytest
import torch

from nvg_studio.model.checkpoint import empty_networks
from nvg_studio.model.config import OFFICIAL_SCALE_FACTORS, official
from nvg_studio.model.official import generator_weights, infer_config, tokenizer_weights
from tests.goldens.reading import HERE

PUBLISHED = json.loads((HERE / "official_keys.json").read_text())
FACTORS = torch.tensor(OFFICIAL_SCALE_FACTORS)


def on_meta(shapes):
    return {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}


def consumed(state, weights):
    """The published names of the tensors that the importer kept."""
    kept = {id(value) for value in weights.values()}
    return {name for name, value in state.items() if id(value) in kept}


def fits(weights, network):
    wanted = {name: value.shape for name, value in network.state_dict().items()}
    return {name: value.shape for name, value in weights.items()} == wanted


@pytest.fixture(scope="module")
def tokenizer_state():
    listed = PUBLISHED["ae"]
    others = {name: [1] for prefix in listed["prefixes_to_ignore"] for name in (prefix + "x", prefix + "decoder.x")}
    averaged = {f"ema_model.{name}": shape for name, shape in listed["keys"].items()}
    return on_meta(listed["keys"] | listed["buffers_to_ignore"] | others | averaged)


def generator_state(depth):
    listed = PUBLISHED[f"d{depth}"]
    others = {prefix + "x": [1] for prefix in listed["prefixes_to_ignore"]}
    averaged = {f"ema_model.{name}": shape for name, shape in listed["keys"].items()}
    return on_meta(listed["keys"] | averaged | listed["extra_keys_to_ignore"] | others)


def test_every_tokenizer_tensor_is_consumed_or_left_on_purpose(tokenizer_state):
    weights = tokenizer_weights(tokenizer_state)
    assert consumed(tokenizer_state, weights) == set(PUBLISHED["ae"]["keys"])
    assert fits(weights, empty_networks(official(16))[0])


@pytest.mark.parametrize("ema", [True, False])
@pytest.mark.parametrize("depth", [16, 20, 24])
def test_every_generator_tensor_is_consumed_or_left_on_purpose(depth, ema):
    listed, state = PUBLISHED[f"d{depth}"], generator_state(depth)
    weights = generator_weights(state, ema)
    prefix = "ema_model." if ema else ""
    assert consumed(state, weights) == {prefix + name for name in listed["keys"] if name not in listed["buffers"]}
    assert fits(weights, empty_networks(official(depth))[1])


@pytest.mark.parametrize("depth", [16, 20, 24])
def test_the_shapes_tell_the_published_sizes(tokenizer_state, depth):
    tokenizer, generator = tokenizer_weights(tokenizer_state), generator_weights(generator_state(depth), ema=True)
    assert infer_config(tokenizer, generator, FACTORS, f"nvg-d{depth}") == official(depth)


@pytest.mark.parametrize(
    ("depth", "content", "structure"),
    [(16, 255_183_904, 64_369_672), (20, 496_602_912, 124_972_808), (24, 856_271_392, 215_176_712)],
)
def test_parameter_counts_are_those_of_table_1(depth, content, structure):
    tokenizer, generator = empty_networks(official(depth))
    assert sum(p.numel() for p in generator.content.parameters()) == content
    assert sum(p.numel() for p in generator.structure.parameters()) == structure
    assert sum(p.numel() for p in tokenizer.parameters()) == 110_332_355
