"""Runs of a model that has a few-step network: when it is asked, what it keeps, what guides it."""

import numpy as np
import pytest

from nvg_studio.granularity.locks import Locks
from nvg_studio.model.few_step import MAX_STEPS, FewStepStructure
from nvg_studio.model.structure import StructureTransformer
from nvg_studio.sampling.flow import euler
from nvg_studio.sampling.pipeline import NVGPipeline
from nvg_studio.sampling.settings import GenerationSettings
from tests.tiny import save_tiny_model

CELLS, DEPTH = 64, 6


@pytest.fixture(scope="module", params=[True, False], ids=["known cells", "as published"])
def pipe(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    save_tiny_model(folder, few_step=True, conditions_on_known_cells=request.param)
    return NVGPipeline.from_pretrained(folder, device="cpu")


@pytest.fixture
def calls(monkeypatch):
    """Names of the networks that are asked, in order; the few-step network asks its inner flow."""
    asked = []
    for network in (FewStepStructure, StructureTransformer):
        original = network.forward

        def forward(self, *inputs, original=original, name=network.__name__):
            asked.append((name, len(inputs[0])))
            return original(self, *inputs)

        monkeypatch.setattr(network, "forward", forward)
    return asked


def settings(steps, **others):
    return GenerationSettings(class_id=0, seed=1, structure_steps=steps, **others)


def test_few_steps_are_jumps_without_a_second_branch_and_many_are_the_flow(pipe, calls):
    assert pipe.info.few_steps == MAX_STEPS
    pipe.generate(settings(2))
    assert calls.count(("FewStepStructure", 1)) == 2 * (DEPTH - 1) and len(calls) == 4 * (DEPTH - 1)
    calls.clear()
    pipe.generate(settings(MAX_STEPS + 1))
    # Stage 0 has guidance 1, and no second branch.
    assert {name for name, _ in calls} == {"StructureTransformer"} and {count for _, count in calls} == {1, 2}


def test_a_named_solver_and_given_noise_are_always_the_flow(pipe, calls):
    pipe.with_solver(euler).generate(settings(2))
    pipe.generate(settings(2), np.zeros((CELLS, DEPTH), np.float32))
    assert {name for name, _ in calls} == {"StructureTransformer"}


def test_held_bits_stay_and_the_same_seed_gives_the_same_picture(pipe):
    start = pipe.generate(settings(1))
    mask = np.arange(CELLS) < 20
    locks = Locks.none(CELLS, DEPTH).with_structure(mask, 4)
    again = pipe.run_from(start, 0, GenerationSettings(class_id=1, seed=9, structure_steps=2), locks)
    np.testing.assert_array_equal(again.bits[mask, :4], start.bits[mask, :4])
    assert pipe.generate(settings(1)) == start != pipe.generate(settings(2))


def test_guidance_is_a_condition_and_means_nothing_without_a_class(pipe):
    weak, strong = (settings(2, structure_guidance=(scale, scale)) for scale in (1.0, 5.0))
    assert not np.array_equal(pipe.generate(weak).bits, pipe.generate(strong).bits)
    nobody = [
        GenerationSettings(seed=1, structure_steps=2, structure_guidance=(scale, scale), content_guidance=(1.0, 1.0))
        for scale in (1.0, 5.0)
    ]
    assert pipe.generate(nobody[0]) == pipe.generate(nobody[1])


def test_variations_are_what_each_would_be_alone(pipe):
    both = [settings(2), GenerationSettings(class_id=1, seed=4, structure_steps=2, structure_guidance=(3.0, 1.0))]
    batch = pipe.generate_batch(both)
    assert [np.mean(pipe.generate(s).bits == b.bits) > 0.98 for s, b in zip(both, batch, strict=True)] == [True, True]


def test_it_is_saved_with_the_model_and_part_of_its_id(pipe, tmp_path):
    pipe.save_pretrained(tmp_path)
    again = NVGPipeline.from_pretrained(tmp_path, device="cpu")
    assert again.info.identity.model == pipe.info.identity.model and again.info.few_steps == MAX_STEPS
    assert again.generate(settings(2)) == pipe.generate(settings(2))
    (tmp_path / "few-step.safetensors").unlink()
    without = NVGPipeline.from_pretrained(tmp_path, device="cpu")
    assert without.info.few_steps == 0 and without.info.identity.model != pipe.info.identity.model
