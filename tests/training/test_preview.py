"""Training the preview decoder on a handful of photos and a random tokenizer's pictures."""

import json

import cv2
import numpy as np
import pytest
import torch

from nvg_studio.model.checkpoint import load_model
from nvg_studio.model.preview import PreviewDecoder
from nvg_studio.sampling.pipeline import NVGPipeline
from nvg_studio.training.__main__ import main
from nvg_studio.training.data.pack import PhotoSet
from nvg_studio.training.tasks.preview import PreviewRecipe, PreviewTask, differences
from nvg_studio.training.tasks.recipes import make_config
from tests.tiny import save_tiny_model

RECIPE = PreviewRecipe(kept=3)


def some_photos(count: int = 8) -> PhotoSet:
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (4, 5, 3), np.uint8).repeat(6, 0).repeat(6, 1) for _ in range(count)]
    names = [f"{number}.png" for number in range(count)]
    return PhotoSet(pictures, np.arange(count) % 2, names, ("rose", "tulip"), ())


@pytest.fixture
def photos(tmp_path):
    """The same as a folder of class folders."""
    for number, picture in enumerate(some_photos().pictures):
        folder = tmp_path / "photos" / ("rose", "tulip")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{number}.png"), picture)
    return tmp_path / "photos"


@pytest.fixture
def task(tmp_path):
    save_tiny_model(tmp_path / "model")
    return PreviewTask(load_model(tmp_path / "model"), RECIPE, some_photos(), some_photos(3), torch.device("cpu"))


def test_it_learns_the_decoders_pictures(photos, tmp_path):
    save_tiny_model(tmp_path / "model")
    arguments = ("--init", tmp_path / "model", "--out", tmp_path / "run", "--steps", 150, "--precision", "float32")
    assert main([str(one) for one in ("preview", photos, *arguments, "--device", "cpu")]) == 0
    lines = (tmp_path / "run" / "preview" / "losses.jsonl").read_text().splitlines()
    losses = [json.loads(line)["l1"] for line in lines]
    assert np.mean(losses[-10:]) < 0.6 * np.mean(losses[:5])
    assert list((tmp_path / "run" / "preview").glob("previews-*.png"))
    pipe = NVGPipeline.from_pretrained(tmp_path / "run" / "model", device="cpu")
    assert pipe.info.identity == load_model(tmp_path / "model").identity


def test_without_a_model_it_is_refused(photos, tmp_path, capsys):
    assert main(["preview", str(photos), "--out", str(tmp_path), "--steps", "1"]) == 2
    assert "--init" in capsys.readouterr().err


def test_it_learns_canvases_of_stages_and_what_the_decoder_draws_of_them(task):
    canvases, targets = task._examples_of(4)
    assert canvases.shape == (4, 64, 8) and targets.shape == (4, 3, 16, 16)
    with torch.no_grad():
        drawn = task.tokenizer.decode(canvases)
    assert (drawn - (targets.float() / 127.5 - 1)).abs().max() <= 1.01 / 255


def test_a_step_is_the_same_whatever_came_before(task, tmp_path):
    for step in range(6):
        task.losses(step, 0.0)
        task.after_step(step, 0.0)
    assert len(task._examples) <= RECIPE.kept
    again = PreviewTask(load_model(tmp_path / "model"), RECIPE, some_photos(), some_photos(3), torch.device("cpu"))
    for mine, theirs in zip(task._batch(6), again._batch(6), strict=True):
        torch.testing.assert_close(mine, theirs)
        assert len(mine) == RECIPE.batch


def test_small_scale_differences_do_not_see_a_shift_of_the_whole():
    picture = torch.rand(1, 3, 8, 8)
    pixels, edges = differences(picture + 0.25, picture)
    assert pixels == pytest.approx(0.25) and edges == pytest.approx(0, abs=1e-6)
    pixels, edges = differences(picture.flip(-1), picture)
    assert edges > pixels > 0


def test_what_lies_beyond_the_range_still_gets_a_gradient():
    network = PreviewDecoder(make_config("tiny", "tiny", ("a", "b")).tokenizer)
    assert network.colours.bias is not None
    torch.nn.init.constant_(network.colours.bias, 3.0)
    canvases = torch.zeros(1, 64, 8)
    network.train()(canvases).sum().backward()
    assert float(network.colours.bias.grad.abs().sum()) > 0
    assert float(network.eval()(canvases).detach().max()) <= 1
