"""The preview decoder: small, of the right shape for any tokenizer, and no part of what names a model."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from nvg_studio.errors import CheckpointError
from nvg_studio.model.checkpoint import add_preview, load_model
from nvg_studio.model.config import official
from nvg_studio.model.preview import PreviewDecoder
from nvg_studio.training.tasks.recipes import SIZES
from tests.tiny import save_tiny_model, tiny_config


@pytest.mark.parametrize("config", [SIZES["tiny"].tokenizer, SIZES["medium"].tokenizer, official(16).tokenizer])
def test_pictures_of_full_size_from_a_few_parameters(config):
    network = PreviewDecoder(config).eval()
    assert 10_000 <= sum(parameter.numel() for parameter in network.parameters()) <= 300_000
    with torch.no_grad():
        pictures = network(20 * torch.randn(2, config.cells, config.latent_channels))
    assert pictures.shape == (2, 3, config.image_size, config.image_size)
    assert pictures.min() == -1 and pictures.max() == 1


def test_a_model_means_the_same_with_and_without_it(tmp_path):
    save_tiny_model(tmp_path / "plain", few_step=True)
    plain = load_model(tmp_path / "plain")
    assert plain.preview is None
    network = PreviewDecoder(plain.config.tokenizer)
    add_preview(tmp_path / "plain", network, tmp_path / "more")
    more = load_model(tmp_path / "more")
    assert more.identity == plain.identity and more.few_step is not None
    assert more.preview is not None
    for name, value in network.state_dict().items():
        torch.testing.assert_close(more.preview.state_dict()[name], value, rtol=1e-3, atol=1e-3)  # float16 on disk
    for name in ("tokenizer.safetensors", "generator.safetensors", "few-step.safetensors", "config.json"):
        assert (tmp_path / "more" / name).read_bytes() == (tmp_path / "plain" / name).read_bytes()


def test_it_is_added_to_a_models_own_folder(tmp_path):
    save_tiny_model(tmp_path)
    add_preview(tmp_path, PreviewDecoder(tiny_config().tokenizer), tmp_path)
    assert load_model(tmp_path).preview is not None


def test_a_damaged_one_is_one_line(tmp_path):
    save_tiny_model(tmp_path, preview=True)
    path = tmp_path / "preview.safetensors"
    weights = load_file(path)
    save_file({**weights, "conv_out.bias": torch.zeros(5)}, path)
    with pytest.raises(CheckpointError, match=r"preview.*conv_out.bias is \[5\] instead of \[12\]"):
        load_model(tmp_path)
    save_file({**weights, "conv_out.bias": torch.full((12,), torch.nan)}, path)
    with pytest.raises(CheckpointError, match=r"preview.*not finite"):
        load_model(tmp_path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match=r"preview.*damaged"):
        load_model(tmp_path)
