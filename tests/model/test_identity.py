"""What a model is called: two ids, and the fingerprints of before under which it stands in old projects."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from nvg_studio.errors import CheckpointError
from nvg_studio.ids import UNKNOWN, Identity, ModelId, TokenizerId, model_with, tokenizer_of
from nvg_studio.model.checkpoint import (
    Generator,
    add_few_step,
    add_preview,
    load_model,
    load_tokenizer,
    save_model,
    save_tokenizer,
)
from nvg_studio.model.config import GeneratorConfig, ModelConfig, TokenizerConfig, read_config, write_config
from nvg_studio.model.few_step import FewStepStructure
from nvg_studio.model.identity import identify
from nvg_studio.model.preview import PreviewDecoder
from nvg_studio.model.tokenizer import Tokenizer
from tests.tiny import save_tiny_model, tiny_config

TOKENIZER = TokenizerConfig(16, 32, (1, 1), 1, 1, 8, 64, 32)
CONFIG = ModelConfig(
    "tiny",
    TOKENIZER,
    GeneratorConfig(2, 64, 1, 64, 1, (1.0,) * (TOKENIZER.depth + 2)),
    ("rose", "tulip"),
    True,
    False,
    {"structure_steps": 2, "top_p": [1.0, 0.8], "greedy": False},
)


def filled(network):
    """A network with the same numbers on every machine."""
    with torch.no_grad():
        for place, (_, value) in enumerate(sorted(network.named_parameters())):
            value.copy_((torch.arange(value.numel()) % 97 + place).reshape(value.shape).float() / 128)
    return network


@pytest.fixture
def folder(tmp_path):
    save_tiny_model(tmp_path / "model")
    return tmp_path / "model"


def changed(folder, file, key):
    """One number of one tensor in a file of weights is another."""
    weights = load_file(folder / file)
    name = next(name for name in weights if name.startswith(key))
    weights[name].view(-1)[0] += 1
    save_file(weights, folder / file)


def test_the_fingerprint_of_before_is_what_it_was():
    networks = [filled(network) for network in (Tokenizer(TOKENIZER), Generator(CONFIG), FewStepStructure(CONFIG))]
    # Made by the code that wrote them into projects.
    plain = "abd26e3124ad8d2b17d3bc451e4e0435c31c79597e55c33149cad729d5a80a31"
    quick = "0c47d335b9164c05915ba81548cb158a73b0331040e193ca5c911711d7f7e448"
    assert identify(CONFIG, *networks[:2]).fingerprint == plain
    assert identify(CONFIG, *networks).fingerprint == quick


def test_ids_are_the_same_on_every_machine_and_in_every_version():
    identity = identify(CONFIG, filled(Tokenizer(TOKENIZER)), filled(Generator(CONFIG)))
    networks = "87d68dbbc7e35de5b7365a0114ecbf71251ea2768e0acd89432258a1e071fd51"
    assert identity.tokenizer == "802f8c7b347a7f1e7503dd7d72b3d41e9560a824d531bfd1bfa3c3dd203ddf56"
    assert identity.model == model_with(identity.tokenizer, networks)
    assert tokenizer_of(identity.model) == identity.tokenizer


def test_name_classes_and_defaults_are_in_neither_id(folder):
    before = load_model(folder)
    sampling = {**before.config.sampling, "structure_steps": 7}
    write_config(replace(before.config, name="b", class_names=("a", "b"), sampling=sampling), folder / "config.json")
    after = load_model(folder).identity
    assert (after.tokenizer, after.model) == (before.identity.tokenizer, before.identity.model)
    assert after.fingerprint != before.identity.fingerprint


@pytest.mark.parametrize(
    ("file", "key", "same_tokenizer"),
    [
        ("tokenizer.safetensors", "encoder.conv_in.weight", False),
        ("tokenizer.safetensors", "quantizer.embedding", False),
        ("tokenizer.safetensors", "quantizer.quant_resi.3", False),
        ("tokenizer.safetensors", "decoder.conv_out", True),
        ("generator.safetensors", "content.", True),
        ("generator.safetensors", "structure.", True),
    ],
)
def test_every_weight_is_in_the_model_id_and_what_tokens_mean_in_the_tokenizers(folder, file, key, same_tokenizer):
    before = load_model(folder).identity
    changed(folder, file, key)
    after = load_model(folder).identity
    assert after.model != before.model
    assert (after.tokenizer == before.tokenizer) is same_tokenizer
    assert after.owns(before.tokenizer) is same_tokenizer


@pytest.mark.parametrize("change", [{"conditions_on_known_cells": False}, {"supports_unbalanced_trees": True}])
def test_how_a_model_is_run_is_in_the_model_id(folder, change):
    before = load_model(folder)
    write_config(replace(before.config, **change), folder / "config.json")
    after = load_model(folder).identity
    assert after.model != before.identity.model and after.tokenizer == before.identity.tokenizer


def test_a_preview_decoder_changes_nothing_that_is_kept(folder):
    before = load_model(folder).identity
    add_preview(folder, PreviewDecoder(tiny_config().tokenizer), folder)
    assert load_model(folder).identity == before


def test_a_few_step_network_leaves_old_projects_their_model(folder, tmp_path):
    before = load_model(folder).identity
    add_few_step(folder, FewStepStructure(tiny_config()), 2, tmp_path / "quick")
    after = load_model(tmp_path / "quick").identity
    assert after.tokenizer == before.tokenizer and after.model != before.model
    assert after.owns(TokenizerId(before.fingerprint)) and after.owns(before.tokenizer)
    assert not before.owns(TokenizerId(after.fingerprint))


def test_a_chain_of_our_own_commands_remembers_all_names(folder, tmp_path):
    """Decoder, few-step network, preview decoder, then other sampling defaults by hand."""
    names = [load_model(folder).identity.fingerprint]
    tokenizer = load_tokenizer(folder, tiny_config().tokenizer)
    with torch.no_grad():
        tokenizer.decoder.conv_out.bias.add_(1)
    save_tokenizer(folder, tokenizer, replace(tiny_config(), name="better"), tmp_path / "better")
    names.append(load_model(tmp_path / "better").identity.fingerprint)
    add_few_step(tmp_path / "better", FewStepStructure(tiny_config()), 2, tmp_path / "better")  # in its own folder
    names.append(load_model(tmp_path / "better").identity.fingerprint)
    add_preview(tmp_path / "better", PreviewDecoder(tiny_config().tokenizer), tmp_path / "last")
    last = load_model(tmp_path / "last").identity
    assert len({*names}) == 3 and {*names} <= last.former
    assert all(last.current_tokenizer(TokenizerId(name)) == last.tokenizer for name in names)


def test_a_new_generator_is_the_model_of_old_projects_where_the_tokenizer_stays(folder, tmp_path):
    source = load_model(folder)
    with torch.random.fork_rng():
        torch.manual_seed(9)
        generator = Generator(source.config)
    save_model(source.config, source.tokenizer, generator, tmp_path / "same", source=source)
    # Rounded to half precision it is another tokenizer: tokens mean something else.
    save_model(source.config, source.tokenizer, generator, tmp_path / "rounded", torch.float16, source=source)
    old = TokenizerId(source.identity.fingerprint)
    assert load_model(tmp_path / "same").identity.owns(old)
    assert not load_model(tmp_path / "rounded").identity.owns(old)


def test_requests_of_before_are_of_todays_model_or_of_another_one_with_its_tokenizer():
    mine, former, other = "1" * 64, "2" * 64, "3" * 64
    tokenizer = TokenizerId("a" * 64)
    identity = Identity(tokenizer, model_with(tokenizer, "b" * 64), mine, frozenset({mine, former}))
    assert identity.current_model(ModelId(mine)) == identity.model
    assert identity.current_model(ModelId(former)) == model_with(tokenizer, former) != identity.model
    assert identity.current_model(ModelId(other)) == other
    for model in (mine, former):
        assert tokenizer_of(identity.current_model(ModelId(model))) == tokenizer
    assert identity.owns(UNKNOWN) and identity.owns(tokenizer) and not identity.owns(TokenizerId(other))
    assert Identity(tokenizer, identity.model).current_tokenizer(UNKNOWN) == UNKNOWN


@pytest.mark.parametrize("names", [["x" * 64], ["ab"], [7], ["0" * 64] * 1001, "0" * 64])
def test_names_that_are_none_are_refused(folder, names):
    data = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**data, "legacy_fingerprints": names}))
    with pytest.raises(CheckpointError, match="legacy_fingerprints|complete model configuration"):
        read_config(folder / "config.json")
