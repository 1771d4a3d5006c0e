"""The bridge to torch-fidelity: what it is given, what comes back, and one line where something is missing."""

import sys
from types import ModuleType

import numpy as np
import pytest
import torch

from nvg_studio.errors import CheckpointError, TrainingError
from nvg_studio.evaluation.metrics import inception
from nvg_studio.evaluation.metrics.inception import check_inception, inception_scores


class Trap:
    """Runs code when it is unpickled."""

    def __reduce__(self):
        return (print, ("unpickled",))


@pytest.fixture
def package(monkeypatch):
    """A stand-in that keeps what it is given; the real one brings torchvision."""
    module, calls = ModuleType("torch_fidelity"), []

    def calculate_metrics(**options):
        calls.append(options)
        keys = ("frechet_inception_distance", "inception_score_mean", "inception_score_std", "precision", "recall")
        return dict(zip(keys, (1.5, 2.5, 0.1, 0.75, 0.25), strict=True))

    module.__dict__["calculate_metrics"] = calculate_metrics
    monkeypatch.setitem(sys.modules, "torch_fidelity", module)
    monkeypatch.setattr(inception, "find_spec", lambda _: module)
    return calls


def test_scores_come_back_under_their_usual_names(package, tmp_path):
    made = list(np.random.default_rng(0).integers(256, size=(3, 16, 20, 3), dtype=np.uint8))
    scores = inception_scores(made, made[:2], tmp_path / "w.pth", torch.device("cpu"))
    assert scores == {"FID": 1.5, "Inception score": 2.5, "precision": 0.75, "recall": 0.25}
    (options,) = package
    assert not options["cuda"] and options["feature_extractor_weights_path"] == str(tmp_path / "w.pth")
    assert len(options["input1"]) == 3 and len(options["input2"]) == 2
    item = options["input1"][1]
    assert item.dtype == torch.uint8 and (item.permute(1, 2, 0).numpy() == made[1]).all()


def test_weights_that_are_more_than_tensors_are_refused_before_the_package_unpickles_them(package, tmp_path, capsys):
    torch.save({"weight": torch.ones(2)}, tmp_path / "good.pth")
    check_inception(tmp_path / "good.pth")
    torch.save({"weight": Trap()}, tmp_path / "bad.pth")
    for name in ("bad.pth", "nowhere.pth"):
        with pytest.raises(CheckpointError):
            check_inception(tmp_path / name)
    assert "unpickled" not in capsys.readouterr().out


def test_without_the_package_one_line_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setattr(inception, "find_spec", lambda _: None)
    with pytest.raises(TrainingError, match="pip install torch-fidelity"):
        check_inception(tmp_path / "w.pth")
