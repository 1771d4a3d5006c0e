"""Training on balanced halves: refitted codes, trees with moved cuts, caches, and what a generator goes on from."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from nvg_studio.granularity.halves import halve
from nvg_studio.granularity.hierarchy import all_labels, is_balanced, labels_to_bits
from nvg_studio.granularity.structure_method import Halves, Pairs
from nvg_studio.ids import TokenizerId
from nvg_studio.model.checkpoint import Generator, load_model, save_model
from nvg_studio.model.few_step import FewStepStructure
from nvg_studio.model.preview import PreviewDecoder
from nvg_studio.model.tokenizer import Tokenizer
from nvg_studio.training.__main__ import main
from nvg_studio.training.data.cache import SequenceCache, load_cache
from nvg_studio.training.data.trees import move_cut
from nvg_studio.training.tasks.generator import GeneratorRecipe, GeneratorTask
from nvg_studio.training.tasks.inputs import made_with
from nvg_studio.training.tasks.recipes import make_config

CONFIG, CPU = make_config("start", "tiny", ("disc", "square")), torch.device("cpu")


@pytest.fixture
def start(tmp_path):
    """A model by pairs with all its parts."""
    torch.manual_seed(0)
    tokenizer = Tokenizer(CONFIG.tokenizer)
    torch.nn.init.normal_(tokenizer.quantizer.embedding.weight, std=0.2)
    parts = (Generator(CONFIG), tmp_path / "start", torch.float32)
    save_model(CONFIG, tokenizer, *parts, FewStepStructure(CONFIG), PreviewDecoder(CONFIG.tokenizer))
    return tmp_path / "start"


def run(command, photos, out, *more, steps=2):
    fixed = ("--steps", steps, "--crops", 1, "--device", "cpu")
    return main([command, *(str(a) for a in (photos, "--out", out, *fixed, *more))])


def test_codes_are_refitted_and_everything_else_stays(photos, tmp_path, start, capsys):
    asked = ("--init", start, "--codes-only", "--structure-method", "halves", "--rate", 1e-2)
    assert run("tokenizer", photos, tmp_path, *asked, steps=60) == 0
    before, after = (load_file(folder / "tokenizer.safetensors") for folder in (start, tmp_path / "model"))
    changed = {key.split(".")[0] for key in before if not torch.equal(before[key], after[key])}
    assert changed == {"quantizer"}
    for name in ("generator", "few-step", "preview"):
        files = [folder / f"{name}.safetensors" for folder in (start, tmp_path / "model")]
        assert files[0].read_bytes() == files[1].read_bytes()
    model = load_model(tmp_path / "model")
    assert model.config.tokenizer.structure_method == Halves() and model.config.name == "start"
    assert model.config.generator.scale_factors != CONFIG.generator.scale_factors
    # Tokens of the model before mean something else now: its documents are of another tokenizer.
    first = load_model(start).identity
    assert model.identity.tokenizer != first.tokenizer and not model.identity.owns(TokenizerId(first.fingerprint))
    lines = capsys.readouterr().out.splitlines()
    explained = [float(line.split()[-1]) for line in lines if line.startswith(("before:", "after:"))]
    assert explained[1] > explained[0] + 0.05


def test_refitting_goes_on_where_it_was_and_refuses_another_method(photos, tmp_path, start, capsys):
    asked = ("--init", start, "--codes-only", "--structure-method")
    assert run("tokenizer", photos, tmp_path, *asked, "halves") == 0
    assert run("tokenizer", photos, tmp_path, *asked, "halves", steps=4) == 0
    assert len((tmp_path / "codes" / "losses.jsonl").read_text().splitlines()) == 4
    capsys.readouterr()
    assert run("tokenizer", photos, tmp_path, *asked, "pairs", steps=6) == 2
    assert "another tokenizer or structure method" in capsys.readouterr().err


def test_a_generator_goes_on_with_the_configuration_of_its_model(photos, tmp_path, start):
    asked = ("--init", start, "--structure-method", "halves", "--batch", 2, "--structure-stages", 2)
    assert run("generator", photos, tmp_path, *asked, "--content-stages", 0) == 0
    model = load_model(tmp_path / "model")
    assert model.config.tokenizer.structure_method == Halves()
    assert model.config.tokenizer.image_size == CONFIG.tokenizer.image_size
    # Made with other structures, canvases have other deviations.
    assert model.config.generator.scale_factors != CONFIG.generator.scale_factors
    # The few-step network had learnt from the structure network that has been trained on since.
    assert model.few_step is None and model.preview is not None
    assert model.config.sampling["structure_steps"] == 8


def test_another_size_or_other_classes_than_those_of_the_model_are_refused(photos, tmp_path, start, capsys):
    assert run("generator", photos, tmp_path / "a", "--init", start, "--size", "small") == 2
    assert "another size than 'small'" in capsys.readouterr().err
    (tmp_path / "data" / "disc").mkdir(parents=True)
    (tmp_path / "data" / "other").mkdir()
    for name in ("disc", "other"):
        for number in range(2):
            source = photos / "disc" / f"{number}.png"
            (tmp_path / "data" / name / source.name).write_bytes(source.read_bytes())
    assert run("generator", tmp_path / "data", tmp_path / "b", "--init", start) == 2
    assert "other classes" in capsys.readouterr().err


def sequences():
    torch.manual_seed(0)
    tokens = torch.randint(64, (4, 7, 64), dtype=torch.int16)
    bits = torch.randint(2, (4, 64, 6), dtype=torch.uint8)
    return SequenceCache(bits, tokens, tokens, torch.tensor([0, 1, 0, 1]), torch.zeros(4, 64, dtype=torch.bool))


@pytest.mark.parametrize(("content", "structure", "idle"), [(0, 2, "content"), (1, 0, "structure")])
def test_a_network_without_stages_stays_as_it_is(content, structure, idle):
    recipe = GeneratorRecipe(2, content, structure)
    task = GeneratorTask(CONFIG, recipe, Tokenizer(CONFIG.tokenizer), sequences(), sequences(), CPU)
    before = {name: value.clone() for name, value in task.networks.named_parameters()}
    losses = task.losses(0, 0.0)
    losses["total"].backward()
    for optimizer in task.optimizers:
        optimizer.step()
    changed = {
        name.split(".")[0] for name, value in task.networks.named_parameters() if not torch.equal(value, before[name])
    }
    assert changed == {"content", "structure"} - {idle}
    assert ("structure" in losses) == (idle != "structure") and ("tokens" in losses) == (idle != "content")


def test_nothing_to_learn_is_one_line(photos, tmp_path, start, capsys):
    none = ("--content-stages", 0, "--structure-stages", 0)
    assert run("generator", photos, tmp_path, "--init", start, *none) == 2
    assert "leave nothing to learn" in capsys.readouterr().err


def test_a_cache_serves_only_what_it_was_made_with(tmp_path):
    def tokenizer(method):
        torch.manual_seed(0)
        return Tokenizer(replace(CONFIG.tokenizer, structure_method=method))

    pairs, halves, heavier = (made_with(tokenizer(m)) for m in (Pairs(), Halves(), Halves(1.5)))
    assert len({pairs, halves, heavier}) == 3
    sequences().save(tmp_path / "new.npz", halves)
    assert load_cache(tmp_path / "new.npz", halves) is not None
    assert load_cache(tmp_path / "new.npz", pairs) is None and load_cache(tmp_path / "new.npz", heavier) is None
    # From before caches said it, there were pairs alone.
    np.savez(tmp_path / "old.npz", **{name: part.numpy() for name, part in vars(sequences()).items()})
    assert load_cache(tmp_path / "old.npz", pairs) is not None and load_cache(tmp_path / "old.npz", halves) is None


def test_a_moved_cut_of_halves_is_numbered_like_halves():
    moved_trees = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        latent = (rng.integers(-64, 65, (64, 4)) / 8).astype(np.float32)
        bits = labels_to_bits(halve(latent, Halves())[-1], 6)
        moved = move_cut(bits, latent, rng, Halves())
        moved_trees += not is_balanced(moved, 6)
        bright = np.rint(8 * latent.astype(np.float64)).astype(int).sum(1)
        for labels, finer in zip(all_labels(moved)[:-1], all_labels(moved)[1:], strict=True):
            for node in np.unique(labels):
                ones, zeros = (bright[finer == 2 * node + child] for child in (1, 0))
                assert not len(ones) or ones.sum() * len(zeros) >= zeros.sum() * len(ones)
                if len(ones) + len(zeros) > 1:
                    assert len(ones) and len(zeros)
    assert moved_trees >= 10
