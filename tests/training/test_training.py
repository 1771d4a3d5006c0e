"""Training on a handful of photos: it learns, resumes to the same weights, and says what is wrong with the data."""

import json

import numpy as np
import pytest
import torch

from nvg_studio.errors import TrainingError
from nvg_studio.granularity.clustering import cluster
from nvg_studio.granularity.hierarchy import cluster_sizes, is_balanced, labels_to_bits
from nvg_studio.granularity.structure_method import Pairs
from nvg_studio.model.checkpoint import Generator
from nvg_studio.sampling.pipeline import NVGPipeline
from nvg_studio.training.__main__ import main
from nvg_studio.training.data.pack import load_photos
from nvg_studio.training.data.trees import move_cut, random_blob
from nvg_studio.training.tasks.generator import Batch, content_losses, structure_losses
from nvg_studio.training.tasks.recipes import make_config

PLAIN = torch.autocast("cpu", enabled=False)


def run(*arguments):
    return main([str(argument) for argument in arguments])


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def train_all(photos, out, steps=120, *more):
    return run(
        "all",
        photos,
        "--out",
        out,
        "--size",
        "tiny",
        "--steps",
        steps,
        "--crops",
        2,
        "--batch",
        8,
        "--precision",
        "float32",
        "--device",
        "cpu",
        *more,
    )


def test_everything_from_photos_to_a_model_that_runs(photos, tmp_path):
    assert train_all(photos, tmp_path) == 0
    losses = rows(tmp_path / "tokenizer" / "losses.jsonl")
    assert np.mean([row["l1"] for row in losses[-10:]]) < 0.6 * np.mean([row["l1"] for row in losses[:10]])
    losses = rows(tmp_path / "generator" / "losses.jsonl")
    assert np.mean([row["structure"] for row in losses[-10:]]) < 0.6 * np.mean(
        [row["structure"] for row in losses[:10]]
    )
    assert np.mean([row["tokens"] for row in losses[-10:]]) < np.mean([row["tokens"] for row in losses[:10]])
    pipe = NVGPipeline.from_pretrained(tmp_path / "model", device="cpu")
    assert (
        pipe.info.class_names == ("disc", "square")
        and pipe.info.conditions_on_known_cells
        and pipe.info.supports_unbalanced_trees
    )
    assert (tmp_path / "generator" / "losses.png").exists() and list((tmp_path / "generator").glob("samples-*.png"))


def test_an_interrupted_run_ends_with_the_weights_of_an_uninterrupted_one(photos, tmp_path, monkeypatch):
    """Killed after a save: the next call goes on from it and draws the very same batches."""
    train_all(photos, tmp_path / "whole", 30)
    from nvg_studio.training.loop import train_loop

    original, calls = train_loop._step, []

    def dies(*arguments):
        calls.append(1)
        if len(calls) == 18:
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr(train_loop, "_step", dies)
    monkeypatch.setattr(train_loop.Settings, "save_every", 0.0)
    arguments = (
        "tokenizer",
        photos,
        "--out",
        tmp_path / "cut",
        "--size",
        "tiny",
        "--steps",
        30,
        "--batch",
        8,
        "--precision",
        "float32",
        "--device",
        "cpu",
    )
    with pytest.raises(KeyboardInterrupt):
        run(*arguments)
    monkeypatch.setattr(train_loop, "_step", original)
    assert run(*arguments) == 0
    whole, cut = (
        torch.load(tmp_path / name / "tokenizer" / "state.pt", weights_only=True) for name in ("whole", "cut")
    )
    assert whole["step"] == cut["step"] == 30
    for key, value in whole["average"].items():
        torch.testing.assert_close(value, cut["average"][key], rtol=1e-4, atol=1e-6)


def test_init_starts_from_a_model(photos, tmp_path):
    train_all(photos, tmp_path / "first", 20)
    assert (
        run(
            "generator",
            photos,
            "--out",
            tmp_path / "second",
            "--size",
            "tiny",
            "--steps",
            1,
            "--crops",
            1,
            "--batch",
            2,
            "--precision",
            "float32",
            "--device",
            "cpu",
            "--rate",
            1e-9,
            "--init",
            tmp_path / "first" / "model",
        )
        == 0
    )
    first, second = (NVGPipeline.from_pretrained(tmp_path / n / "model", device="cpu") for n in ("first", "second"))
    ours, theirs = first._networks.generator.content.classifier, second._networks.generator.content.classifier
    torch.testing.assert_close(ours.weight, theirs.weight, rtol=0, atol=1e-3)


def test_a_pack_is_the_folder(photos, tmp_path):
    assert run("pack", photos, tmp_path / "pack.npz", "--short-side", 24) == 0
    packed, loose = load_photos(tmp_path / "pack.npz", 24), load_photos(photos, 24)
    assert packed.classes == loose.classes and packed.names == loose.names
    np.testing.assert_array_equal(packed.labels, loose.labels)
    assert min(packed.pictures[0].shape[:2]) == 24
    difference = packed.pictures[0].astype(int) - loose.pictures[0]
    assert np.abs(difference).mean() < 6


def test_broken_photos_are_skipped_and_named(photos, tmp_path, capsys):
    for name in ("disc", "square"):
        (tmp_path / "data" / name).mkdir(parents=True)
        for number in range(3):
            (tmp_path / "data" / name / f"{number}.png").write_bytes((photos / name / f"{number}.png").read_bytes())
    (tmp_path / "data" / "disc" / "broken.jpg").write_text("not a picture")
    assert run("pack", tmp_path / "data", tmp_path / "pack.npz") == 0
    assert "Skipped 1 of 7 that could not be read: disc/broken.jpg." in capsys.readouterr().out


def test_data_that_cannot_be_trained_on(photos, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    (tmp_path / "one" / "class").mkdir(parents=True)
    (tmp_path / "one" / "class" / "a.png").write_bytes((photos / "disc" / "0.png").read_bytes())
    (tmp_path / "none" / "a").mkdir(parents=True)
    (tmp_path / "fake.npz").write_text("no pack")
    for name, words in (
        ("empty", "no class folders"),
        ("one", "one class only"),
        ("none", "No readable picture"),
        ("nowhere", "neither a folder"),
        ("fake.npz", "not a complete photo pack"),
    ):
        assert run("all", tmp_path / name, "--out", tmp_path / "out", "--size", "tiny", "--steps", 1) == 2
        error = capsys.readouterr().err.strip()
        assert words in error and "\n" not in error
    assert run("all", photos, "--out", tmp_path / "out", "--size", "tiny") == 2
    assert "No budget" in capsys.readouterr().err


def test_a_moved_cut_is_unbalanced_above_and_whole_below():
    latent = np.random.default_rng(0).standard_normal((64, 8)).astype(np.float32)
    tree = labels_to_bits(cluster(latent)[-1], 6)
    shares = []
    for seed in range(240):
        moved = move_cut(tree, latent, np.random.default_rng(seed), Pairs())
        if not is_balanced(moved, 1):
            shares.append(cluster_sizes(moved, 1)[1] / 64)
            largest = cluster_sizes(moved, 1).max()
            assert cluster_sizes(moved, 2).max() == -(-largest // 2), "below the cut every cluster is halved"
    assert min(shares) < 0.25 and max(shares) > 0.75


def test_blobs_come_in_many_sizes():
    shares = [random_blob(16, np.random.default_rng(seed)).mean() for seed in range(200)]
    assert min(shares) < 0.15 and max(shares) > 0.85


def tiny_batch(known):
    config = make_config("tiny", "tiny", ("a", "b"))
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    bits = torch.from_numpy(rng.integers(2, size=(4, 64, 6), dtype=np.uint8))
    token_map = torch.from_numpy(rng.integers(64, size=(4, 7, 64)))
    return config, Batch(bits, torch.randn(4, 7, 64, 8), token_map, torch.tensor([0, 1, 0, 1]), torch.from_numpy(known))


def test_held_cells_are_conditions_not_targets():
    known = np.zeros((4, 64), bool)
    known[:, :20] = True
    config, batch = tiny_batch(known)
    networks, stages = Generator(config), torch.tensor([0, 2, 4, 6])
    first = content_losses(networks.content, batch, stages, PLAIN).tokens
    changed = batch.token_map.clone()
    changed[:, :, :20] = 0
    second = content_losses(networks.content, batch._replace(token_map=changed), stages, PLAIN).tokens
    torch.testing.assert_close(first, second)

    seen = []
    networks.structure.register_forward_hook(lambda _, inputs, output: seen.append(inputs[0]))
    noise, stages = torch.randn(4, 64, 6), torch.tensor([0, 1, 2, 4])
    structure_losses(networks.structure, batch, stages, torch.full((4,), 0.9), noise, PLAIN)
    clean = 2.0 * batch.bits - 1
    assert torch.equal(seen[0][:, :20], clean[:, :20]), "held cells are clean at any time"
    assert torch.equal(seen[0][3, :, :4], clean[3, :, :4]), "and so are the levels above"
    assert not torch.isclose(seen[0][0, 20:, 0], clean[0, 20:, 0]).all()


def test_a_run_of_another_recipe_is_not_overwritten(photos, tmp_path):
    train_all(photos, tmp_path, 5)
    from nvg_studio.training.loop.schedule import Schedule
    from nvg_studio.training.loop.train_loop import Settings, train
    from nvg_studio.training.tasks.tokenizer import TokenizerRecipe, TokenizerTask

    data = load_photos(photos, 40)
    task = TokenizerTask(
        make_config("x", "small", ("a", "b")).tokenizer, TokenizerRecipe(), data, data, torch.device("cpu")
    )
    with pytest.raises(TrainingError, match="belongs to another recipe"):
        train(task, Settings(tmp_path / "tokenizer", Schedule(10, None)))


def test_wrong_arguments_are_one_line(capsys):
    with pytest.raises(SystemExit) as stop:
        run("all", "photos")
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_few_step_network_joins_its_model(photos, tmp_path):
    train_all(photos, tmp_path / "first", 10)
    arguments = [photos, "--out", tmp_path / "second", "--steps", 2, "--crops", 1, "--batch", 2, "--device", "cpu"]
    assert run("few-step", *arguments, "--init", tmp_path / "first" / "model") == 0
    first, second = (NVGPipeline.from_pretrained(tmp_path / n / "model", device="cpu") for n in ("first", "second"))
    assert (first.info.few_steps, second.info.few_steps) == (0, 4)
    assert second.info.defaults.structure_steps == 2
    for file in ("tokenizer.safetensors", "generator.safetensors"):
        assert (tmp_path / "first" / "model" / file).read_bytes() == (tmp_path / "second" / "model" / file).read_bytes()


def test_a_few_step_network_needs_a_model_with_these_classes(photos, tmp_path, capsys):
    assert run("few-step", photos, "--out", tmp_path / "run", "--steps", 1) == 2
    assert "--init" in capsys.readouterr().err
    train_all(photos, tmp_path / "first", 2)
    model = tmp_path / "first" / "model"
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps({**config, "class_names": ["disc", "star"]}))
    assert run("few-step", photos, "--out", tmp_path / "run", "--steps", 1, "--init", model) == 2
    assert "other classes" in capsys.readouterr().err
