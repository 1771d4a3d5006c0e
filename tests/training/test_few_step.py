"""The few-step network: it starts as the flow that it learns from, and learns to land where that flow lands."""

import json
import math
from typing import cast

import numpy as np
import pytest
import torch

from nvg_studio.ids import NAMELESS
from nvg_studio.model.checkpoint import Generator, Networks
from nvg_studio.model.few_step import MAX_GUIDANCE, FewStepStructure
from nvg_studio.model.tokenizer import Tokenizer
from nvg_studio.sampling.flow import time_grid
from nvg_studio.training.data.cache import SequenceCache
from nvg_studio.training.loop import devices
from nvg_studio.training.loop.schedule import Schedule
from nvg_studio.training.loop.train_loop import Settings, train
from nvg_studio.training.tasks.few_step import (
    FewStepRecipe,
    FewStepTask,
    TeacherBatch,
    agreement,
    draw_jumps,
    jump_losses,
    teacher_path,
)
from nvg_studio.training.tasks.generator import load_batch
from nvg_studio.training.tasks.recipes import make_config

CONFIG, CPU = make_config("tiny", "tiny", ("a", "b")), torch.device("cpu")
RECIPE = FewStepRecipe(pictures=6, rate=2e-3)
PLAIN = torch.autocast("cpu", enabled=False)


@pytest.fixture
def cache():
    torch.manual_seed(0)
    tokens = torch.randint(64, (12, 7, 64), dtype=torch.int16)
    bits = torch.randint(2, (12, 64, 6), dtype=torch.uint8)
    known = torch.rand(12, 64) < 0.1
    return SequenceCache(bits, tokens, tokens, torch.arange(12) % 2, known)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Networks(CONFIG, Tokenizer(CONFIG.tokenizer), Generator(CONFIG), NAMELESS)


def question(model, cache, guidance):
    batch = load_batch(model.tokenizer, cache, np.arange(5))
    return TeacherBatch(batch, torch.arange(5), torch.full((5,), guidance))


def test_an_untrained_network_is_the_flow_itself_whatever_span_and_guidance(model, cache):
    network = FewStepStructure(CONFIG)
    network.start_from(model.generator.structure)
    asked = question(model, cache, 1.0)
    torch.manual_seed(1)
    noised, times = torch.randn(asked.batch.bits.shape), torch.rand(5)
    inputs = (noised, asked.canvases(), asked.structure(), asked.batch.classes, asked.stages, times)
    with torch.no_grad():
        plain = model.generator.structure(*inputs)
        for span, guidance in ((0.1, 1.0), (1.0, 4.0)):
            jumped = network(*inputs, torch.full((5,), span), torch.full((5,), guidance))
            assert torch.equal(plain, jumped)


def test_guidance_beyond_what_is_learnt_counts_as_the_most(model, cache):
    torch.manual_seed(3)
    network, asked = FewStepStructure(CONFIG), question(model, cache, 1.0)
    inputs = (torch.randn(asked.batch.bits.shape), asked.canvases(), asked.structure(), asked.batch.classes)
    with torch.no_grad():
        most, more, less = (
            network(*inputs, asked.stages, torch.ones(5), torch.ones(5), torch.full((5,), scale))
            for scale in (MAX_GUIDANCE, 50.0, 2.0)
        )
    assert torch.equal(most, more) and not torch.equal(most, less)


def test_a_path_keeps_known_bits_and_ends_where_the_guided_flow_ends(model, cache):
    asked = question(model, cache, 2.0)
    torch.manual_seed(2)
    noise, times = torch.randn(asked.batch.bits.shape), time_grid(1, 64)
    path = teacher_path(model.generator.structure, asked, noise, times, PLAIN)
    given, clean = asked.given(), 2.0 * asked.batch.bits - 1
    assert all(torch.equal(path[:, point][given], clean[given]) for point in range(2))
    inputs = (path[:, 0], asked.canvases(), asked.structure())
    with torch.no_grad():
        with_class, without = (
            model.generator.structure(*inputs, classes, asked.stages, torch.ones(5))
            for classes in (asked.batch.classes, torch.full((5,), 2))
        )
    end = path[:, 0] - (without + 2.0 * (with_class - without))
    torch.testing.assert_close(path[:, 1][~given], end[~given], rtol=1e-4, atol=1e-5)


def test_the_loss_is_that_of_the_average_velocity_over_free_bits(model, cache):
    asked = question(model, cache, 1.0)
    torch.manual_seed(4)
    path, times = torch.randn(5, 3, 64, 6), torch.tensor([1.0, 0.5, 0.0])
    ends = torch.tensor([[0, 2], [0, 1], [1, 2], [0, 2], [1, 2]])
    constant = 0.25

    class Constant(torch.nn.Module):
        def forward(self, noised, *_):
            return torch.full_like(noised, constant)

    losses = jump_losses(cast(FewStepStructure, Constant()), asked, path, times, ends, PLAIN, split_weight=4.0)
    for row, (start, end) in enumerate(ends.tolist()):
        target = (path[row, start] - path[row, end]) / (times[start] - times[end])
        weights = torch.ones(64, 6)
        weights[:, row] = 4.0
        weights[asked.given()[row]] = 0.0
        assert losses[row] == pytest.approx(
            float(((constant - target).square() * weights).sum() / weights.sum()), rel=1e-4
        )


def test_jumps_go_forward_and_most_of_them_all_or_half_the_way():
    pairs = draw_jumps(2000, FewStepRecipe(teacher_steps=6), np.random.default_rng(0))
    assert (pairs[:, 0] < pairs[:, 1]).all() and pairs.min() == 0 and pairs.max() == 6
    share = {pair: np.mean((pairs == pair).all(1)) for pair in ((0, 6), (0, 3), (3, 6), (2, 4))}
    assert share[0, 6] == pytest.approx(0.4, abs=0.05)
    assert share[0, 3] == pytest.approx(share[3, 6], abs=0.05) == pytest.approx(0.18, abs=0.05)
    assert 0 < share[2, 4] < 0.05


def test_agreement_counts_free_cells_that_are_split_alike(model, cache):
    asked = question(model, cache, 1.0)
    torch.manual_seed(5)
    one = torch.randn(5, 64, 6)
    assert agreement(asked, one, one) == 1.0
    assert agreement(asked, one, -one) < 0.3
    assert agreement(asked, one, torch.randn(5, 64, 6)) == pytest.approx(0.5, abs=0.15)


def test_it_learns_to_land_where_many_steps_land(model, cache, tmp_path):
    task = FewStepTask(model, RECIPE, cache, cache, CPU)
    before = task.report(task.networks, tmp_path, 0, final=False)
    settings = Settings(tmp_path, Schedule(80, None, warmup_steps=5), average=0.9)
    averaged = train(task, settings)
    after = task.report(averaged, tmp_path, 80, final=True)
    assert after["agreement_1"] > before["agreement_1"] + 0.03
    losses = [json.loads(line)["total"] for line in (tmp_path / "losses.jsonl").read_text().splitlines()]
    assert np.mean(losses[-10:]) < 0.6 * np.mean(losses[:3]) and all(map(math.isfinite, losses))


def test_a_model_that_has_one_goes_on_from_it(model, cache):
    torch.manual_seed(6)
    trained = FewStepStructure(CONFIG)
    task = FewStepTask(Networks(CONFIG, model.tokenizer, model.generator, NAMELESS, trained), RECIPE, cache, cache, CPU)
    mine, theirs = task.networks.state_dict(), trained.state_dict()
    assert all(torch.equal(mine[key], theirs[key]) for key in theirs)


def test_two_shares_of_a_batch_have_its_losses(model, cache, monkeypatch):
    whole = FewStepTask(model, RECIPE, cache, cache, CPU).losses(3, 0.0)["total"].detach()
    halves = []
    for number in range(2):
        monkeypatch.setattr(devices, "share", lambda total, number=number: slice(number, total, 2))
        halves.append(FewStepTask(model, RECIPE, cache, cache, CPU).losses(3, 0.0)["total"].detach())
    assert not torch.equal(*halves)
    torch.testing.assert_close((halves[0] + halves[1]) / 2, whole)
