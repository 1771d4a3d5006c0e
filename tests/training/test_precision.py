"""Whole trainings by the precision rules of every kind of device, and the choice that a run makes for itself."""

import json

import pytest
import torch

from nvg_studio.model.checkpoint import load_model
from nvg_studio.sampling.pipeline import NVGPipeline
from nvg_studio.sampling.precision import RULES, Precision
from nvg_studio.training.__main__ import main
from nvg_studio.training.loop.precision import TIMED_TURNS, WARM_UP_TURNS, PrecisionChoice

FLOAT, HALF = Precision(), Precision(torch.bfloat16)
MEASURED_STEPS = 2 * (WARM_UP_TURNS + TIMED_TURNS)


def train(command, photos, out, *more, steps=4):
    fixed = ("--steps", steps, "--report-every", 2, "--batch", 4, "--device", "cpu")
    return main([str(one) for one in (command, photos, "--out", out, *fixed, *more)])


def reports(folder):
    return [json.loads(line) for line in (folder / "reports.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("kind", sorted(RULES))
def test_every_training_ends_by_the_rules_of_every_device(photos, tmp_path, kind):
    """With reports on the way, after which it must go on."""
    model, rules = tmp_path / "model", ("--rules", kind)
    assert train("all", photos, tmp_path, "--size", "tiny", "--crops", 1, *rules) == 0
    assert train("few-step", photos, tmp_path, "--init", model, "--crops", 1, *rules) == 0
    assert train("preview", photos, tmp_path, "--init", model, *rules) == 0
    for part in ("tokenizer", "generator", "few-step", "preview"):
        assert [row["step"] for row in reports(tmp_path / part)] == [2, 4]
        state = torch.load(tmp_path / part / "state.pt", weights_only=True)
        assert {value.dtype for value in state["average"].values()} == {torch.float32}
    pipeline = NVGPipeline.from_pretrained(model, device="cpu")
    assert pipeline.info.few_steps and load_model(model).preview is not None


def test_rounded_samples_leave_the_average_as_it_was(photos, tmp_path):
    """The weights of a run do not depend on how often samples are looked at."""
    fixed = ("--size", "tiny", "--crops", 1, "--rules", "cuda")
    for name, every in (("often", 2), ("never", 100)):
        assert train("all", photos, tmp_path / name, *fixed, "--report-every", every) == 0
    often, never = (
        torch.load(tmp_path / name / "generator" / "state.pt", weights_only=True)["average"]
        for name in ("often", "never")
    )
    assert all(torch.equal(value, never[key]) for key, value in often.items())


def test_the_fastest_is_chosen_once_all_had_their_turns():
    choice, line, seen = PrecisionChoice((FLOAT, HALF)), None, []
    while choice.chosen is None:
        assert line is None and not choice.name
        seen.append(choice.current)
        # The first step of each is slow, and other programs disturb some later one.
        line = choice.add({FLOAT: 0.3, HALF: 0.2}[choice.current] + (9.0 if len(seen) in (1, 2, 5, 6) else 0.0))
    assert seen == MEASURED_STEPS // 2 * [FLOAT, HALF]
    assert choice.chosen == choice.current == HALF
    assert line is not None and "bfloat16" in line and "float32 0.3 s" in line
    assert choice.add(1.0) is None


def test_what_was_asked_for_is_not_measured_and_stays_over_a_resume():
    choice = PrecisionChoice((HALF,))
    choice.restore("float32")
    assert choice.chosen == HALF and choice.add(1.0) is None
    choice = PrecisionChoice((FLOAT, HALF))
    choice.restore("")
    assert choice.chosen is None
    choice.restore("bfloat16")
    assert choice.chosen == HALF


def test_a_resumed_run_keeps_what_it_has_chosen(photos, tmp_path, monkeypatch, capsys):
    used = []
    original = Precision.autocast
    monkeypatch.setattr(Precision, "autocast", lambda self, *more: (used.append(self), original(self, *more))[1])
    monkeypatch.setattr("nvg_studio.training.loop.train_loop.time.monotonic", _clock(used))
    fixed = ("tokenizer", photos, tmp_path, "--size", "tiny")
    assert train(*fixed, steps=MEASURED_STEPS + 1) == 0
    assert set(used) == {FLOAT, HALF}
    assert "bfloat16, the fastest here" in capsys.readouterr().err
    state = torch.load(tmp_path / "tokenizer" / "state.pt", weights_only=True)
    assert state["precision"] == "bfloat16"
    used.clear()
    assert train(*fixed, steps=MEASURED_STEPS + 3) == 0
    assert set(used) == {HALF} and "fastest" not in capsys.readouterr().err


def _clock(used):
    """Time stands still but for steps in float32."""
    return lambda: 10.0 * sum(one == FLOAT for one in used)
