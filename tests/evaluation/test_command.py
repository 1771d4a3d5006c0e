"""The evaluation command on a tiny random model: the files it writes, and one line for what is wrong."""

import json

import cv2
import numpy as np
import pytest
from PIL import Image

from nvg_studio.evaluation.__main__ import main
from nvg_studio.evaluation.report import reconstruction_psnr
from nvg_studio.sampling.pipeline import NVGPipeline
from nvg_studio.training.pack import PhotoSet
from tests.tiny import save_tiny_model

LAYOUTS = ["disc, 30 %", "two discs, 15 %", "horizon, 70 %"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model and three photos of each of its classes."""
    folder, rng = tmp_path_factory.mktemp("evaluation"), np.random.default_rng(0)
    save_tiny_model(folder / "model")
    for name in ("rose", "tulip"):
        (folder / "photos" / name).mkdir(parents=True)
        for number in range(3):
            picture = cv2.resize(rng.integers(256, size=(5, 6, 3), dtype=np.uint8), (42, 36))
            cv2.imwrite(str(folder / "photos" / name / f"{number}.png"), picture)
    return folder


def run(folder, *more, model="model", photos="photos"):
    arguments = ["model", folder / model, folder / photos, "--pictures", 4, *more]
    return main([str(argument) for argument in arguments])


def test_sheets_and_a_report_are_written(folder, tmp_path, capsys):
    assert run(folder, "--out", tmp_path / "out", "--layout-photos", "rose/1.png", "tulip/2.png") == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "contact-sheet.png",
        "coarse-to-fine.png",
        "report.json",
    }
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert json.loads(capsys.readouterr().out) == report
    assert list(report) == ["reconstruction PSNR, dB", "adherence, photo structures", "adherence, painted"]
    assert list(report["adherence, painted"]) == LAYOUTS
    levels = [f"level {level}{what}" for level in (1, 2, 3) for what in ("", ", ceiling", ", shuffled")]
    assert list(report["adherence, photo structures"]) == levels
    numbers = [*report["adherence, photo structures"].values(), *report["adherence, painted"].values()]
    assert all(-1 <= number <= 1 for number in numbers)
    for name in ("contact-sheet.png", "coarse-to-fine.png"):
        with Image.open(tmp_path / "out" / name) as sheet:
            assert len(np.unique(np.asarray(sheet.convert("RGB")).reshape(-1, 3), axis=0)) > 50, "not a blank sheet"


def test_reconstruction_is_measured_on_the_centre_square(folder):
    pipeline = NVGPipeline.from_pretrained(folder / "model", device="cpu")
    squares = list(np.random.default_rng(1).integers(256, size=(2, 16, 16, 3), dtype=np.uint8))
    wide = [np.pad(square, ((0, 0), (5, 5), (0, 0))) for square in squares]
    errors = [np.square(pipeline.decode(pipeline.encode(square)).astype(float) - square).mean() for square in squares]
    photos = PhotoSet(wide, np.arange(2), ["a", "b"], ("rose", "tulip"), ())
    assert reconstruction_psnr(pipeline, photos) == pytest.approx(np.mean(10 * np.log10(255**2 / np.array(errors))))


def test_what_is_wrong_is_one_line(folder, tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    for name in ("rose", "lily"):
        (tmp_path / "others" / name).mkdir(parents=True)
        (tmp_path / "others" / name / "0.png").write_bytes((folder / "photos" / "rose" / "0.png").read_bytes())
    out = ("--out", tmp_path / "out")
    for words, arguments, places in (
        ("No model folder", out, {"model": "nowhere"}),
        ("neither a folder", out, {"photos": "nowhere"}),
        ("other classes than the model. Use folders of these names: rose, tulip", out, {"photos": tmp_path / "others"}),
        ("no photo 'rose/9.png'", (*out, "--layout-photos", "rose/1.png", "rose/9.png"), {}),
        ("Raise --pictures", (*out, "--pictures", 1), {}),
        ("File exists", ("--out", tmp_path / "file"), {}),
    ):
        assert run(folder, *arguments, **places) == 2
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
