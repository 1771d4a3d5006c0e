"""The generator's task: what is compiled, and how thorough its reports are."""

import copy

import pytest
import torch

from nvg_studio.ids import NAMELESS
from nvg_studio.model.checkpoint import Generator, Networks
from nvg_studio.model.tokenizer import Tokenizer
from nvg_studio.training.data.cache import SequenceCache
from nvg_studio.training.tasks import generator
from nvg_studio.training.tasks.generator import GeneratorRecipe, GeneratorTask, held_out_losses
from nvg_studio.training.tasks.recipes import make_config

CONFIG, CPU = make_config("tiny", "tiny", ("a", "b")), torch.device("cpu")


@pytest.fixture
def cache():
    torch.manual_seed(0)
    tokens = torch.randint(64, (4, 7, 64), dtype=torch.int16)
    bits = torch.randint(2, (4, 64, 6), dtype=torch.uint8)
    return SequenceCache(bits, tokens, tokens, torch.tensor([0, 1, 0, 1]), torch.zeros(4, 64, dtype=torch.bool))


def task(cache, compiled=False):
    torch.manual_seed(0)
    recipe = GeneratorRecipe(pictures=2)
    return GeneratorTask(CONFIG, recipe, Tokenizer(CONFIG.tokenizer), cache, cache, CPU, compiled=compiled)


def test_steps_are_compiled_and_reports_and_weights_are_not(cache, monkeypatch):
    calls = []

    def compiler(call, **_):
        return lambda *inputs: (calls.append(type(call.__self__).__name__), call(*inputs))[1]

    monkeypatch.setattr(torch, "compile", compiler)
    plain, compiled = task(cache), task(cache, compiled=True)
    assert not calls and compiled.losses(0, 0.0) == plain.losses(0, 0.0)
    assert calls == ["ContentTransformer", "StructureTransformer"]
    average = copy.deepcopy(compiled.networks)
    held_out_losses(Networks(CONFIG, compiled.tokenizer, average, NAMELESS), cache, CPU)
    assert len(calls) == 2
    assert compiled.networks.state_dict().keys() == average.state_dict().keys() == Generator(CONFIG).state_dict().keys()


def test_the_final_report_is_the_thorough_one(cache, monkeypatch, tmp_path):
    pictures = []
    monkeypatch.setattr(generator, "held_out_losses", lambda *arguments: pictures.append(arguments[-1]) or {})
    trained = task(cache)
    for step, final in ((1, False), (2, True)):
        trained.report(copy.deepcopy(trained.networks).eval(), tmp_path, step, final)
    assert pictures == [48, 128]
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["samples-000001.png", "samples-000002.png"]
