"""The tokenizer's losses and what of it learns: warm-up of the codebook, judges, the decoder alone."""

import json

import pytest
import torch
from safetensors.torch import load_file

from nvg_studio.granularity.structure_method import Pairs
from nvg_studio.model.checkpoint import Generator, load_model, save_model
from nvg_studio.model.classifier import Classifier, ClassifierConfig, save_classifier
from nvg_studio.model.clustering import cluster_batch
from nvg_studio.model.tokenizer import Tokenizer
from nvg_studio.training.__main__ import main
from nvg_studio.training.loop import train_loop
from nvg_studio.training.tasks.recipes import make_config
from nvg_studio.training.tasks.tokenizer import quantize_softly, quantize_with_gradient
from tests.tolerance import SUM, assert_close

CONFIG = make_config("start", "tiny", ("disc", "square"))


@pytest.fixture
def classifier(tmp_path):
    torch.manual_seed(0)
    save_classifier(ClassifierConfig(32, CONFIG.class_names, 0.5, 10), Classifier(2), tmp_path / "classifier")
    return tmp_path / "classifier"


def tokenizer(photos, out, *more, steps=4):
    fixed = ["--size", "tiny", "--batch", 8, "--precision", "float32", "--device", "cpu", "--steps", steps]
    return main(["tokenizer", *(str(a) for a in [photos, "--out", out, *fixed, *more])])


def rows(out):
    return [json.loads(line) for line in (out / "tokenizer" / "losses.jsonl").read_text().splitlines()]


def quantized(quantize):
    torch.manual_seed(0)
    quantizer, latent = Tokenizer(CONFIG.tokenizer).quantizer, torch.randn(2, 64, 8)
    torch.nn.init.normal_(quantizer.embedding.weight)
    latent.requires_grad_()
    found = quantize(quantizer, latent, cluster_batch(latent.detach(), Pairs()))
    found.canvases.square().mean().backward()
    return found, quantizer.embedding.weight.grad, latent.grad


def test_a_soft_quantiser_gives_the_same_and_teaches_every_code():
    (hard, few, _), (soft, all_codes, to_latent) = quantized(quantize_with_gradient), quantized(quantize_softly)
    assert torch.equal(soft.token_map, hard.token_map)
    assert_close(soft.canvases.detach(), hard.canvases.detach(), SUM)
    assert (few.abs().sum(1) == 0).any() and (all_codes.abs().sum(1) > 0).all()
    assert to_latent is None


def test_the_soft_gradient_is_that_of_the_formula():
    """One-hot minus soft held fixed plus soft, times the codebook; a codebook of three, one stage, one cluster."""
    codes = torch.tensor([[0.0, 1.0], [2.0, 0.5], [-1.0, 0.0]], requires_grad=True)
    mean = torch.tensor([0.5, 0.5])
    distances = (mean - codes).square().sum(1)
    soft = (distances.max().detach() - distances).softmax(0)
    one_hot = torch.nn.functional.one_hot(distances.argmin(), 3)
    ((one_hot - soft.detach() + soft) @ codes).square().sum().backward()

    quantizer = Tokenizer(CONFIG.tokenizer).quantizer
    quantizer.embedding = torch.nn.Embedding.from_pretrained(codes.detach().clone(), freeze=False)
    quantizer.refine = lambda vectors, stage: vectors
    latent, labels = mean.expand(1, 4, 2), torch.zeros(1, 1, 4, dtype=torch.int64)
    quantize_softly(quantizer, latent, labels).canvases[0, 0, 0].square().sum().backward()
    torch.testing.assert_close(quantizer.embedding.weight.grad, codes.grad)


def test_all_losses_are_there_only_when_asked_for(photos, tmp_path, classifier):
    tokenizer(photos, tmp_path / "plain")
    tokenizer(photos, tmp_path / "judged", "--perceptual", classifier, "--adversary", "patch")
    plain, judged = rows(tmp_path / "plain")[-1], rows(tmp_path / "judged")[-1]
    assert set(judged) - set(plain) == {"perceptual", "adversary", "critic"}
    square = 4 / 10 ** (judged["psnr"] / 10)
    expected = judged["l1"] + 2 * square + judged["quantizer"] + judged["perceptual"] + 0.1 * judged["adversary"]
    assert judged["total"] == pytest.approx(expected, rel=1e-4)


def test_a_run_with_a_discriminator_resumes_exactly(photos, tmp_path, monkeypatch):
    asked = ("--adversary", "patch", "--codebook-warmup", 0.5)
    tokenizer(photos, tmp_path / "whole", *asked, steps=14)
    original, calls = train_loop._step, []

    def dies(*arguments):
        calls.append(1)
        if len(calls) == 8:
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr(train_loop, "_step", dies)
    monkeypatch.setattr(train_loop.Settings, "save_every", 0.0)
    with pytest.raises(KeyboardInterrupt):
        tokenizer(photos, tmp_path / "cut", *asked, steps=14)
    monkeypatch.setattr(train_loop, "_step", original)
    assert tokenizer(photos, tmp_path / "cut", *asked, steps=14) == 0
    whole, cut = (torch.load(tmp_path / n / "tokenizer" / "state.pt", weights_only=True) for n in ("whole", "cut"))
    assert whole["step"] == cut["step"] == 14 and whole["aside"]
    for part in ("average", "networks", "aside"):
        torch.testing.assert_close(whole[part], cut[part], rtol=1e-5, atol=1e-7)


def test_a_state_without_the_discriminator_is_another_recipe(photos, tmp_path, capsys):
    tokenizer(photos, tmp_path, steps=2)
    assert tokenizer(photos, tmp_path, "--adversary", "patch", steps=4) == 2
    assert "belongs to another recipe" in capsys.readouterr().err


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_the_decoder_alone_leaves_a_whole_model(photos, tmp_path, dtype):
    torch.manual_seed(0)
    save_model(CONFIG, Tokenizer(CONFIG.tokenizer), Generator(CONFIG), tmp_path / "start", dtype)
    start = ("--init", tmp_path / "start", "--decoder-only", "--adversary", "patch", "--name", "end")
    assert tokenizer(photos, tmp_path, *start) == 0
    before, after = (load_file(tmp_path / name / "tokenizer.safetensors") for name in ("start", "model"))
    changed = {key.split(".")[0] for key in before if not torch.equal(before[key], after[key])}
    assert changed == {"decoder"} and {tensor.dtype for tensor in after.values()} == {dtype}
    generators = [(tmp_path / name / "generator.safetensors").read_bytes() for name in ("start", "model")]
    assert generators[0] == generators[1]
    assert load_model(tmp_path / "model").config.name == "end"


def test_what_is_missing_for_the_losses_is_one_line(photos, tmp_path, capsys):
    for words, more in (
        ("--decoder-only needs a trained model", ("--decoder-only",)),
        ("--adversary dino needs a transformer", ("--adversary", "dino")),
        ("holds no classifier", ("--perceptual", tmp_path)),
        ("Cannot read", ("--adversary", "dino", "--dino", tmp_path)),
    ):
        assert tokenizer(photos, tmp_path / "out", *more) == 2
        error = capsys.readouterr().err.strip()
        assert words in error and "\n" not in error
    with pytest.raises(SystemExit):
        tokenizer(photos, tmp_path / "out", "--coarse", 1)
    assert "not a share" in capsys.readouterr().err
