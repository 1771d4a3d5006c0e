"""Precision is a value: the rules of every kind of device are run here on a CPU; networks in use are left alone."""

import copy

import pytest
import torch

from nvg_studio.errors import SettingsError
from nvg_studio.model.checkpoint import load_model
from nvg_studio.sampling.compute import Compute
from nvg_studio.sampling.pipeline import NVGPipeline
from nvg_studio.sampling.precision import RULES, Precision, rules_for
from nvg_studio.sampling.prepared import prepare
from nvg_studio.sampling.settings import GenerationSettings
from tests.tiny import save_tiny_model

CPU = torch.device("cpu")
EVERY = [rules_for(CPU, kind).sampling(dtype) for kind in RULES for dtype in ("float32", "bfloat16")]


@pytest.fixture
def networks(tmp_path):
    save_tiny_model(tmp_path, few_step=True, preview=True)
    return load_model(tmp_path)


def weights(networks):
    parts = (networks.tokenizer, networks.generator, networks.few_step, networks.preview)
    return [weight for part in parts for weight in part.parameters()]


def layout(networks):
    """All there is to know of weights: where they lie, type, strides, values."""
    return [(w.data_ptr(), w.dtype, w.stride(), w.detach().clone()) for w in weights(networks)]


def test_what_each_kind_of_device_is_given():
    cpu, cuda, mps = (rules_for(CPU, kind) for kind in ("cpu", "cuda", "mps"))
    assert [rules.sampling().name for rules in (cpu, cuda, mps)] == ["float32", "bfloat16", "float32"]
    assert [len(rules.training()) for rules in (cpu, cuda, mps)] == [2, 1, 2], "where it is not known, it is measured"
    assert cpu.training("bfloat16") == cuda.training() == (Precision(torch.bfloat16),)
    assert not any(one.round_weights for rules in (cpu, cuda, mps) for one in rules.training())
    with pytest.raises(SettingsError, match="float16"):
        cpu.sampling("float16")
    with pytest.raises(SettingsError, match="float16"):
        cpu.training("float16")


def test_launches_are_recorded_on_cuda_alone():
    assert rules_for(torch.device("cuda")).sampling().record_launches
    assert not any(one.record_launches for one in EVERY)
    assert rules_for(CPU, "cuda").sampling() == Precision(torch.bfloat16, round_weights=True, channels_last=True)


@pytest.mark.parametrize("precision", EVERY)
def test_networks_in_use_are_left_alone(networks, precision):
    before = layout(networks)
    pipeline = NVGPipeline(networks, "cpu", precision)
    pipeline.decode(pipeline.generate(GenerationSettings(class_id=0, seed=1, structure_steps=2)))
    for (place, dtype, strides, values), (now, *same, value) in zip(before, layout(networks), strict=True):
        assert (place, dtype, strides) == (now, *same)
        assert torch.equal(values, value)
    assert pipeline.info.dtype == precision.name


@pytest.mark.parametrize("precision", EVERY)
def test_owned_networks_give_the_same_pictures_without_a_copy(networks, precision):
    settings = GenerationSettings(class_id=1, seed=3, structure_steps=2)
    shared = NVGPipeline(networks, "cpu", precision)
    mine = copy.deepcopy(networks)
    owned = NVGPipeline(mine, "cpu", precision, owned=True)
    assert shared.generate(settings) == owned.generate(settings)
    assert prepare(mine, CPU, precision, owned=True).generator is mine.generator
    for ours, theirs in zip(weights(shared._networks), weights(owned._networks), strict=True):
        assert ours.dtype == theirs.dtype and torch.equal(ours, theirs)


def test_a_copy_shares_what_need_not_change(networks):
    halved = prepare(networks, CPU, Precision(torch.bfloat16, round_weights=True))
    shared = {w.data_ptr() for w in weights(networks)} & {w.data_ptr() for w in weights(halved)}
    assert halved.tokenizer.encoder.conv_in.weight.data_ptr() in shared
    assert halved.generator.content.classifier.weight.dtype == torch.bfloat16
    rounded = sum(w.dtype == torch.bfloat16 for w in weights(halved))
    assert 0 < rounded < len(weights(halved))


def test_every_network_is_recorded_once_and_its_recording_used(networks):
    made: list[object] = []
    calls: list[int] = []

    def recorder(function):
        number = len(made)
        made.append(function)
        return lambda *inputs: (calls.append(number), function(*inputs))[1]

    compute = Compute(networks, CPU, Precision(record_launches=True), recorder=recorder)
    plain = Compute(networks, CPU, Precision())
    assert len(made) == 3
    cells, depth = networks.config.tokenizer.cells, networks.config.tokenizer.depth
    canvas = torch.randn(1, cells, networks.config.tokenizer.latent_channels)
    structure, classes, time = torch.ones(1, cells, depth), torch.zeros(1, dtype=torch.long), torch.ones(1)
    noise = torch.randn(1, cells, depth)
    with torch.inference_mode():
        for one in (compute, plain):
            turn = one.rotation(structure)
            results = [
                one.final_canvas(canvas, structure, classes, 1),
                one.velocity(noise, canvas, turn, classes, 1, time),
                one.average_velocity(noise, canvas, turn, classes, 1, time, time, time),
            ]
            if one is compute:
                first = results
    assert calls == [0, 1, 2]
    assert all(torch.equal(a, b) for a, b in zip(first, results, strict=True))
