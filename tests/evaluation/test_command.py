"""The evaluation command on a tiny random model: the files it writes, and one line for what is wrong."""

import json

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from nvg_studio.cli import main as studio
from nvg_studio.evaluation import imagenet
from nvg_studio.evaluation.__main__ import main
from nvg_studio.model.classifier import Classifier, ClassifierConfig, save_classifier
from tests.imagenet import random_weights
from tests.tiny import save_tiny_model

LAYOUTS = ["disc, 30 %", "two discs, 15 %", "horizon, 70 %"]
SHEETS = ["coarse-to-fine", "contact-sheet", "locks", "nearest", "reconstruction", "samples", "stages"]


@pytest.fixture(scope="module", autouse=True)
def no_installed_weights():
    """Reports hold the same sections whether or not the ImageNet package is installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(imagenet, "installed_weights", lambda variant: None)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model, an untrained classifier, and a few photos of each class."""
    folder, rng = tmp_path_factory.mktemp("evaluation"), np.random.default_rng(0)
    save_tiny_model(folder / "model")
    torch.manual_seed(0)
    save_classifier(ClassifierConfig(32, ("rose", "tulip"), 0.75, 6), Classifier(2), folder / "classifier")
    for part in ("photos", "train"):
        for name in ("rose", "tulip"):
            (folder / part / name).mkdir(parents=True)
            for number in range(4):
                picture = cv2.resize(rng.integers(256, size=(5, 6, 3), dtype=np.uint8), (42, 36))
                cv2.imwrite(str(folder / part / name / f"{number}.png"), picture)
    (folder / "twins.txt").write_text("rose/0.png\ntulip/3.png\n")
    return folder


def arguments(folder, *more, model="model", photos="photos"):
    return [str(argument) for argument in (folder / model, folder / photos, "--device", "cpu", "--pictures", 5, *more)]


def run(folder, *more, **places):
    return main(["model", *arguments(folder, *more, **places)])


@pytest.fixture(scope="module")
def everything(folder, tmp_path_factory):
    """The folder of a report with all that can be measured without Inception."""
    out = tmp_path_factory.mktemp("report")
    more = ("--train", folder / "train", "--classifier", folder / "classifier", "--leave-out", folder / "twins.txt")
    assert run(folder, "--out", out, *more, "--layout-photos", "rose/1.png", "tulip/2.png") == 0
    return out


def test_all_files_are_written(everything):
    names = {path.name for path in everything.iterdir()}
    assert names == {"report.json", "report.md", "samples.npz", *(f"{name}.png" for name in SHEETS)}
    for name in SHEETS:
        with Image.open(everything / f"{name}.png") as sheet:
            assert len(np.unique(np.asarray(sheet.convert("RGB")).reshape(-1, 3), axis=0)) > 50, "not a blank sheet"


def test_the_report_holds_every_measurement(everything):
    report = json.loads((everything / "report.json").read_text())
    assert list(report) == [
        "model",
        "reconstruction",
        "reconstruction by stage",
        "the classifier",
        "class accuracy by the classifier, at the model's size",
        "against held-out photos, classifier features",
        "gradient ratio (1: as sharp as photos)",
        "coherence of structures (share of neighbouring cells in the same cluster)",
        "nearest training picture",
        "structure of photos (encoded, decoded, encoded again)",
        "adherence, photo structures (adjusted Rand index)",
        "adherence, painted figures (adjusted Rand index)",
        "lock fidelity (mean change of 255)",
        "lock fidelity",
    ]
    assert report["model"]["held-out photos"] == 6 and report["model"]["training photos"] == 8
    assert len(report["reconstruction by stage"]) == 7
    painted = report["adherence, painted figures (adjusted Rand index)"]
    assert set(painted) == {name for layout in LAYOUTS for name in (f"{layout}, child 0", f"{layout}, child 1")}
    assert report["lock fidelity (mean change of 255)"]["exact pixels on"]["inside"] == 0
    assert report["lock fidelity"]["held bits and tokens that stayed"] == 1
    text = (everything / "report.md").read_text()
    assert all(f"## {section}\n" in text for section in report)


def test_the_same_command_gives_the_same_numbers_and_samples(folder, everything, tmp_path, capsys):
    more = ("--train", folder / "train", "--classifier", folder / "classifier", "--leave-out", folder / "twins.txt")
    rest = ["--layout-photos", "rose/1.png", "tulip/2.png", "--out", tmp_path]
    assert studio(["evaluate", "model", *arguments(folder, *more, *rest)]) == 0
    first, second = (json.loads((out / "report.json").read_text()) for out in (everything, tmp_path))
    assert first["model"].pop("minutes") >= 0 <= second["model"].pop("minutes")
    assert first == second and "## reconstruction by stage" in capsys.readouterr().out
    assert (everything / "samples.npz").read_bytes() == (tmp_path / "samples.npz").read_bytes()


def test_without_training_photos_and_classifier_the_rest_is_measured(folder, tmp_path):
    assert run(folder, "--out", tmp_path) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert len(report) == 10 and "nearest training picture" not in report and not (tmp_path / "nearest.png").exists()


def test_an_imagenet_network_judges_samples_and_reconstructions(folder, tmp_path):
    weights = random_weights(tmp_path / "efficientnet-lite2-random.pth")
    assert run(folder, "--out", tmp_path / "out", "--train", folder / "train", "--imagenet", weights) == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    table = report["against held-out photos, ImageNet features"]
    assert table["Frechet distance"].keys() == {"samples", "training photos"}
    assert table["Frechet distance"]["samples"] > table["Frechet distance"]["training photos"] >= 0
    assert report["feature distance of reconstructions, ImageNet network"]["mean"] > 0


def test_what_is_wrong_is_one_line(folder, tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "strangers.txt").write_text("rose/9.png")
    save_classifier(ClassifierConfig(32, ("a", "b"), 0.75, 6), Classifier(2), tmp_path / "classifier")
    for name in ("rose", "lily"):
        (tmp_path / "others" / name).mkdir(parents=True)
        (tmp_path / "others" / name / "0.png").write_bytes((folder / "photos" / "rose" / "0.png").read_bytes())
    (tmp_path / "few" / "rose").mkdir(parents=True)
    (tmp_path / "others" / "lily").rename(tmp_path / "few" / "tulip")
    (tmp_path / "few" / "rose" / "0.png").write_bytes((tmp_path / "few" / "tulip" / "0.png").read_bytes())
    (tmp_path / "others" / "lily").mkdir()
    (tmp_path / "others" / "lily" / "0.png").write_bytes((folder / "photos" / "rose" / "0.png").read_bytes())
    out = ("--out", tmp_path / "out")
    for words, more, places in (
        ("No model folder", out, {"model": "nowhere"}),
        ("neither a folder", out, {"photos": "nowhere"}),
        ("other classes than the model. Use folders of these names: rose, tulip", out, {"photos": tmp_path / "others"}),
        ("too few photos", out, {"photos": tmp_path / "few"}),
        ("no photo 'rose/9.png'", (*out, "--layout-photos", "rose/1.png", "rose/9.png"), {}),
        ("names 'rose/9.png', which is no held-out photo", (*out, "--leave-out", tmp_path / "strangers.txt"), {}),
        ("tells a, b apart, not rose, tulip", (*out, "--classifier", tmp_path / "classifier"), {}),
        ("Cannot read", (*out, "--classifier", tmp_path), {}),
        ("Raise --pictures", (*out, "--pictures", 1), {}),
        ("torch-fidelity", (*out, "--inception", tmp_path / "file"), {}),
        ("File exists", ("--out", tmp_path / "file"), {}),
    ):
        assert run(folder, *more, **places) == 2
        error = capsys.readouterr().err
        assert error.startswith("nvg-studio: ") and error.count("\n") == 1 and words in error


@pytest.mark.parametrize(
    "arguments", [[], ["model", "m"], ["model", "m", "photos", "--out", "x", "--pictures", "many"]]
)
def test_wrong_arguments_are_one_line(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["model", *arguments])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("nvg-studio: ") and error.count("\n") == 1
