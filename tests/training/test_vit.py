"""Transformers of others from a local folder: what they show, what a discriminator makes of it, and what is refused."""

import json
import sys
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import Dinov2Config, Dinov2Model, ViTConfig, ViTModel

from nvg_studio.errors import CheckpointError, TrainingError
from nvg_studio.training.losses.adversary import Critic, DinoDiscriminator
from nvg_studio.training.losses.vit import load_vit

CPU = torch.device("cpu")
SMALL: dict[str, Any] = {"hidden_size": 24, "num_hidden_layers": 4, "num_attention_heads": 2, "image_size": 32}


@pytest.fixture
def dino(tmp_path):
    torch.manual_seed(0)
    ViTModel(ViTConfig(**SMALL, intermediate_size=48, patch_size=8)).save_pretrained(tmp_path / "dino")
    return tmp_path / "dino"


@pytest.fixture
def dinov2(tmp_path):
    torch.manual_seed(0)
    Dinov2Model(Dinov2Config(**SMALL, patch_size=8)).save_pretrained(tmp_path / "dinov2")
    return tmp_path / "dinov2"


def pictures(size=32):
    return torch.rand(3, 3, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_patches_are_the_normalised_last_tokens_at_any_size_of_dinov2(dinov2):
    vit = load_vit(dinov2, CPU)
    images = pictures(48)
    found = vit.patches(images)
    assert found.shape == (3, 36, 24)
    torch.testing.assert_close(found.mean(-1), torch.zeros(3, 36), rtol=0, atol=1e-5)
    network = Dinov2Model.from_pretrained(dinov2).eval()
    mean, deviation = ([[[v]] for v in values] for values in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    with torch.no_grad():
        expected = network(((images + 1) / 2 - torch.tensor(mean)) / torch.tensor(deviation)).last_hidden_state
    torch.testing.assert_close(found, expected[:, 1:])


def test_readouts_are_what_enters_and_leaves_the_layers(dino):
    vit = load_vit(dino, CPU)
    seen: list[torch.Tensor] = []
    for layer in vit._network.layers:
        layer.register_forward_hook(lambda _, inputs, output: seen.extend((inputs[0], output)))
    found = vit.readouts(pictures(), (0, 1, 4))
    for ours, theirs in zip(found, (seen[0], seen[1], seen[7]), strict=True):
        assert ours.shape == (3, 17, 24) and torch.equal(ours, theirs)


def test_the_discriminator_reads_five_places_and_trains_its_heads_alone(dino):
    torch.manual_seed(0)
    critic = Critic(DinoDiscriminator(load_vit(dino, CPU)))
    assert critic.discriminator.places == (0, 1, 2, 3, 4)
    assert critic.discriminator(pictures()).shape == (3, 5 * 16)
    assert not any("vit" in key for key in critic.state_dict())
    rebuilt = pictures().requires_grad_()
    judged = critic(pictures(), rebuilt)
    (judged.tokenizer + judged.critic).backward()
    assert (rebuilt.grad != 0).any()
    assert all((parameter.grad != 0).any() for parameter in critic.parameters() if parameter.ndim > 1)


def test_it_learns_to_tell_two_kinds_of_pictures(dino):
    torch.manual_seed(0)
    critic = Critic(DinoDiscriminator(load_vit(dino, CPU)))
    optimizer = torch.optim.AdamW(critic.parameters(), 5e-3)
    stripes = torch.linspace(-9, 9, 32).sin().expand(8, 3, 32, 32)
    seen = []
    for _ in range(50):
        losses = critic(stripes + 0.1 * torch.randn_like(stripes), stripes.mT + 0.1 * torch.randn_like(stripes))
        optimizer.zero_grad()
        losses.critic.backward()
        optimizer.step()
        seen.append(losses.critic.item())
    assert min(seen[:3]) > 0.95, "1 is the least for somebody who cannot tell"
    assert max(seen[-3:]) < 0.9


@pytest.mark.parametrize("size", [20, 32, 50])
def test_pictures_of_any_size_are_fitted(dino, size):
    torch.manual_seed(0)
    discriminator = DinoDiscriminator(load_vit(dino, CPU))
    fitted = [discriminator._fitted(pictures(size)) for _ in range(12)]
    assert {image.shape[-1] for image in fitted} == {32}
    crops = sum(_is_part(image, pictures(size)) for image in fitted)
    assert 2 < crops < 10 if size > 32 else crops == (12 if size == 32 else 0)


def _is_part(image, whole):
    places = range(whole.shape[-1] - 31)
    return any(torch.equal(image, whole[..., y : y + 32, x : x + 32]) for y in places for x in places)


def test_what_cannot_be_read_is_one_line(dino, tmp_path, monkeypatch):
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(CheckpointError, match="no DINO or DINOv2"):
        load_vit(tmp_path / "text", CPU)
    with pytest.raises(CheckpointError, match="Cannot read"):
        load_vit(tmp_path / "nowhere", CPU)
    weights = dino / "model.safetensors"
    tensors = load_file(weights)
    save_file({key: value for key, value in tensors.items() if "layer.2." not in key}, weights)
    with pytest.raises(CheckpointError, match="lacks .*layers.2"):
        load_vit(dino, CPU)
    save_file(tensors, weights)
    whole = weights.read_bytes()
    for damage in (lambda: weights.write_bytes(whole[:100]), weights.unlink):
        damage()
        with pytest.raises(CheckpointError, match="cannot be read") as caught:
            load_vit(dino, CPU)
        assert "\n" not in str(caught.value)
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(TrainingError, match="pip install transformers"):
        load_vit(dino, CPU)
