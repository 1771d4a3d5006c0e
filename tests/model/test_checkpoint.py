"""Model files: the own format, the published layout, and what strangers may put into either."""

import json
import os

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from nvg_studio.errors import CheckpointError
from nvg_studio.model.checkpoint import load_model
from nvg_studio.model.config import read_config
from nvg_studio.model.official import load_official
from nvg_studio.sampling.pipeline import NVGPipeline
from nvg_studio.sampling.settings import GenerationSettings
from tests.tiny import save_tiny_model, tiny_config, tiny_pipeline


@pytest.fixture
def folder(tmp_path):
    save_tiny_model(tmp_path / "model")
    return tmp_path / "model"


def to_official(pipe, autoencoder, generator, drop=(), reshape=None):
    """Write a pipeline in the published layout, with everything in it that inference does not need."""
    tokenizer = {}
    for key, value in pipe._networks.tokenizer.state_dict().items():
        key = key.replace("quantizer.", "quantize.")
        way = "down" if key.startswith("encoder") else "up"
        key = key.replace(".resize.conv.", f".{way}sample.conv.")
        if not key.startswith("quantize."):
            head, leaf = key.rsplit(".", 1)
            key = f"{head}.{'norm' if 'norm' in head.split('.')[-1] else 'conv'}.{leaf}"
        tokenizer[key] = value.clone()
    networks = {}
    for key, value in pipe._networks.generator.state_dict().items():
        networks[official_name(key)] = value.clone()
    shape = networks["content_embed.weight"].shape[0]
    state = {f"ema_model.nvgformer.{key}": value for key, value in networks.items() if key not in drop}
    state |= {f"nvgformer.{key}": value + 1 for key, value in networks.items()}
    for prefix in ("ema_model.nvgformer.", "nvgformer."):
        state[prefix + "scale_factors"] = torch.tensor(pipe.config.generator.scale_factors)
        state[prefix + "rope_ids"] = torch.zeros(1, 65, 9)
        state[prefix + "projector.0.weight"] = torch.zeros(shape, 3)
    state |= {"first_stage_model.encoder.conv_in.conv.weight": torch.zeros(1), "repa_encoder.x": torch.zeros(2)}
    if reshape:
        state["ema_model.nvgformer." + reshape] = torch.zeros(3, 3)
    extras = {"ema_model.encoder.conv_in.conv.weight": torch.zeros(1), "total_visited_codes": torch.zeros(9, 4).long()}
    torch.save({"state_dict": tokenizer | extras | {"loss.logvar": torch.zeros(1)}, "epoch": 1}, autoencoder)
    torch.save({"state_dict": state, "optimizer_states": [{"state": {}}], "global_step": 3}, generator)


def official_name(key):
    room, rest = key.split(".", 1)
    rest = rest.replace("head.modulation.", "head.adaLN_modulation.1.")
    rest = rest.replace(".modulation.", ".modulation.lin.").replace(".query_norm.", ".norm.query_norm.")
    rest = rest.replace(".key_norm.", ".norm.key_norm.")
    special = {"start": "content_start_embed"}
    if room == "content":
        if rest in special:
            return special[rest]
        if rest.startswith("head."):
            return "x0_" + rest
        if rest.startswith("classifier."):
            return rest.replace("classifier.", "cls_head.linear.")
        return "content_" + rest
    rest = rest.replace("canvas_embed.", "content_cond_embed.")
    rest = rest.replace("time_in.", "time_embed.in_layer.").replace("time_out.", "time_embed.out_layer.")
    return "structure_" + rest


def test_the_published_layout_gives_the_same_model(tmp_path):
    pipe = tiny_pipeline(tmp_path / "own")
    to_official(pipe, tmp_path / "ae.ckpt", tmp_path / "gen.ckpt")
    read = NVGPipeline.from_official(tmp_path / "ae.ckpt", tmp_path / "gen.ckpt", device="cpu")
    assert read.config.tokenizer == pipe.config.tokenizer and read.config.generator == pipe.config.generator
    settings = GenerationSettings(
        class_id=1,
        seed=4,
        structure_steps=2,
        content_guidance=(1.0, 2.0),
        top_p=(1.0, 0.8),
        structure_guidance=(1.0, 2.0),
    )
    assert read.generate(settings) == pipe.generate(settings)
    raw = NVGPipeline.from_official(tmp_path / "ae.ckpt", tmp_path / "gen.ckpt", ema=False, device="cpu")
    assert raw.generate(settings) != pipe.generate(settings)


def test_missing_and_misshapen_tensors_are_named(tmp_path):
    pipe = tiny_pipeline(tmp_path / "own")
    to_official(
        pipe,
        tmp_path / "ae.ckpt",
        tmp_path / "gen.ckpt",
        drop=("x0_head.linear.bias",),
        reshape="structure_head.linear.weight",
    )
    with pytest.raises(
        CheckpointError, match=r"missing content\.head\.linear\.bias.*misshapen structure\.head\.linear"
    ):
        load_official(tmp_path / "ae.ckpt", tmp_path / "gen.ckpt")


def test_a_checkpoint_cannot_run_code(tmp_path):
    witness = tmp_path / "witness"

    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(witness),)

    torch.save({"state_dict": Bomb()}, tmp_path / "bomb.ckpt")
    with pytest.raises(CheckpointError, match="damaged or holds more than weights"):
        load_official(tmp_path / "bomb.ckpt", tmp_path / "bomb.ckpt")
    assert not witness.exists()


@pytest.mark.parametrize("keep", [0, 10, 1000, -1])
def test_truncated_files(folder, tmp_path, keep):
    pipe = tiny_pipeline(tmp_path / "own")
    to_official(pipe, tmp_path / "ae.ckpt", tmp_path / "gen.ckpt")
    for name in ("tokenizer.safetensors", "generator.safetensors"):
        (folder / name).write_bytes((folder / name).read_bytes()[:keep])
    with pytest.raises(CheckpointError, match="damaged"):
        load_model(folder)
    (tmp_path / "gen.ckpt").write_bytes((tmp_path / "gen.ckpt").read_bytes()[:keep])
    with pytest.raises(CheckpointError):
        load_official(tmp_path / "ae.ckpt", tmp_path / "gen.ckpt")


def test_weights_that_are_not_numbers_are_refused(folder):
    weights = load_file(folder / "generator.safetensors")
    weights["content.embed.weight"][0, 0] = np.nan
    save_file(weights, folder / "generator.safetensors")
    with pytest.raises(CheckpointError, match=r"content\.embed\.weight holds values that are not finite"):
        load_model(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"tokenizer": {"image_size": 1 << 40}},
        {"tokenizer": {"codebook_size": -4}},
        {"tokenizer": {"multipliers": [1, 1, 1]}},
        {"tokenizer": {"base_channels": "many"}},
        {"generator": {"content_width": 65}},
        {"generator": {"scale_factors": [1.0]}},
        {"class_names": ["one"]},
        {"format": 2},
        {"unknown": 1},
        {"sampling": {"top_p": [1.0, 7.0]}},
        {"sampling": {}},
        {"sampling": []},
    ],
)
def test_configurations_from_strangers(folder, change):
    data = json.loads((folder / "config.json").read_text())
    for key, value in change.items():
        merge = isinstance(value, dict) and key != "sampling"
        data[key] = data[key] | value if merge else value
    (folder / "config.json").write_text(json.dumps(data))
    with pytest.raises(CheckpointError) as caught:
        NVGPipeline.from_pretrained(folder, device="cpu")
    assert "\n" not in str(caught.value)


def test_the_configuration_survives(folder):
    assert read_config(folder / "config.json") == tiny_config()
    (folder / "config.json").write_text("[1, 2")
    with pytest.raises(CheckpointError, match="not valid JSON"):
        read_config(folder / "config.json")


def test_a_damaged_few_step_network_is_one_line(tmp_path):
    save_tiny_model(tmp_path, few_step=True)
    path = tmp_path / "few-step.safetensors"
    weights = load_file(path)
    del weights["span_out.bias"]
    save_file(weights, path)
    with pytest.raises(CheckpointError, match=r"few-step.*missing span_out.bias"):
        load_model(tmp_path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match=r"few-step.*damaged"):
        load_model(tmp_path)
