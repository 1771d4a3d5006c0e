"""Alignment with DINOv2: its loss by hand, its features of the very crops, and that the model is saved without it."""

import copy
import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import Dinov2Config, Dinov2Model

from nvg_studio.errors import TrainingError
from nvg_studio.model.checkpoint import Generator
from nvg_studio.model.tokenizer import Tokenizer
from nvg_studio.training.__main__ import main
from nvg_studio.training.data import cache
from nvg_studio.training.data.cache import Augmentation, build_cache, crops_again
from nvg_studio.training.data.crops import to_tensor
from nvg_studio.training.data.pack import load_photos
from nvg_studio.training.losses import alignment
from nvg_studio.training.losses.alignment import Alignment, features_of, open_features
from nvg_studio.training.losses.vit import load_vit
from nvg_studio.training.tasks.recipes import make_config

CPU, CONFIG = torch.device("cpu"), make_config("tiny", "tiny", ("disc", "square"))
SMALL = Dinov2Config(hidden_size=24, num_hidden_layers=2, num_attention_heads=2, image_size=32, patch_size=2)


@pytest.fixture(scope="module")
def dinov2(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dinov2")
    torch.manual_seed(0)
    Dinov2Model(SMALL).save_pretrained(folder)
    return folder


def content():
    torch.manual_seed(0)
    return Generator(CONFIG).content


def run(network, count):
    structure = torch.ones(count, 64, 6)
    return network(
        torch.zeros(count, 64, 8),
        structure,
        torch.zeros(count, dtype=torch.int64),
        torch.zeros(count, dtype=torch.int64),
    )


def test_the_loss_is_one_minus_the_mean_cosine_of_the_examples_pictures():
    network = content()
    features = np.random.default_rng(0).normal(size=(5, 64, 24)).astype(np.float16)
    head, seen = Alignment(network, features), []
    network.blocks[-1].register_forward_hook(lambda _, inputs, output: seen.append(output[:, 1:]))
    run(network, 4)
    loss = head(np.array([3, 1]), torch.tensor([0, 1, 0, 1]))
    ours = head.layers(seen[0])
    wanted = torch.from_numpy(features[[3, 1, 3, 1]]).float()
    cosine = (ours * wanted).sum(-1) / (ours.norm(dim=-1) * wanted.norm(dim=-1))
    assert loss.item() == pytest.approx(1 - cosine.mean().item(), abs=1e-5)
    loss.backward()
    assert (network.embed.weight.grad != 0).any() and network.classifier.weight.grad is None
    assert copy.deepcopy(network).state_dict().keys() == content().state_dict().keys()


def test_features_are_the_patch_tokens_at_the_models_grid(dinov2):
    vit, images = load_vit(dinov2, CPU), torch.rand(2, 3, 32, 32) * 2 - 1
    exact = features_of(vit, images, 16)
    torch.testing.assert_close(exact, vit.patches(images))
    coarser = features_of(vit, images, 8)
    assert coarser.shape == (2, 64, 24)
    torch.testing.assert_close(coarser.mean(1), exact.mean(1), rtol=0, atol=0.1)


@pytest.mark.parametrize("crops", [0, 3])
def test_the_crops_are_those_that_are_encoded(photos, monkeypatch, crops):
    seen, original = [], to_tensor
    monkeypatch.setattr(cache, "to_tensor", lambda pictures: (seen.append(pictures), original(pictures))[1])
    torch.manual_seed(0)
    data = load_photos(photos, 40)
    build_cache(Tokenizer(CONFIG.tokenizer), data, crops, Augmentation(), 7, CPU)
    again = np.concatenate(list(crops_again(data, crops, CONFIG.tokenizer.image_size, 7)))
    encoded = np.concatenate(sorted((pictures.numpy() for pictures in seen), key=len, reverse=True))
    assert len(again) == max(crops, 1) * len(data.pictures)
    np.testing.assert_array_equal(again, encoded)


def train_all(photos, out, *more):
    options = ["--size", "tiny", "--steps", 60, "--crops", 2, "--batch", 8, "--precision", "float32", "--device", "cpu"]
    return main(["all", *(str(a) for a in [photos, "--out", out, *options, *more])])


def test_a_generator_learns_with_it_and_is_saved_without(photos, tmp_path, dinov2, capsys, monkeypatch):
    monkeypatch.setattr(alignment, "WIDTH", 128)
    assert train_all(photos, tmp_path, "--repa", dinov2) == 0
    rows = [json.loads(line) for line in (tmp_path / "generator" / "losses.jsonl").read_text().splitlines()]
    assert np.mean([row["alignment"] for row in rows[-10:]]) < np.mean([row["alignment"] for row in rows[:5]]) - 0.1
    for row in rows:
        parts = row["canvas"] + row["tokens"] + row["structure"] + 0.5 * row["alignment"]
        assert row["total"] == pytest.approx(parts, rel=1e-4)
    torch.manual_seed(0)
    assert load_file(tmp_path / "model" / "generator.safetensors").keys() == Generator(CONFIG).state_dict().keys()
    features = np.load(tmp_path / "generator" / "features.npy")
    assert features.dtype == np.float16 and features.shape[1:] == (64, 24)
    assert main(["generator", str(photos), "--out", str(tmp_path), "--steps", "61", "--size", "tiny"]) == 2
    assert "belongs to another recipe" in capsys.readouterr().err


def test_features_that_do_not_fit_are_refused(tmp_path):
    np.save(tmp_path / "features.npy", np.zeros((4, 64, 24), np.float16))
    assert open_features(tmp_path / "features.npy", 4, 64).shape == (4, 64, 24)
    with pytest.raises(TrainingError, match="other crops"):
        open_features(tmp_path / "features.npy", 5, 64)
    (tmp_path / "features.npy").write_bytes(b"no array")
    with pytest.raises(TrainingError, match="damaged"):
        open_features(tmp_path / "features.npy", 4, 64)
