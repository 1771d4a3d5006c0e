"""The ImageNet network: published weights know their classes; what does not fit is one line."""

from pathlib import Path

import pytest
import torch

from nvg_studio.errors import CheckpointError
from nvg_studio.imaging.read import read_image
from nvg_studio.model import imagenet
from nvg_studio.model.imagenet import ImageNetNetwork, installed_weights, load_imagenet
from tests.imagenet import random_weights

SAMPLES = Path(__file__).parents[2] / "resources" / "samples"
DAISY = 985
"""The class of ImageNet."""


@pytest.mark.parametrize("variant", imagenet.VARIANTS)
def test_published_weights_name_a_daisy(variant):
    weights = installed_weights(variant)
    if weights is None:
        pytest.skip(f"the package with the weights of {variant} is not installed")
    photo = torch.from_numpy(read_image(SAMPLES / "daisy.jpg").copy()).permute(2, 0, 1)[None] / 127.5 - 1
    embedding = load_imagenet(weights).embed(photo)
    assert embedding.features.shape == (1, 1280) and int(embedding.logits.argmax()) == DAISY


def test_levels_halve_the_size_five_times_and_stay_frozen(tmp_path):
    network = load_imagenet(random_weights(tmp_path / "efficientnet-lite0-random.pth"))
    network.train()
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 2 - 1
    first, second = network.levels(images), network.levels(images)
    assert [level.shape[-1] for level in first] == [32, 16, 8, 4, 2]
    assert all(torch.equal(one, two) for one, two in zip(first, second, strict=True)), "no dropout, no statistics"
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_what_does_not_fit_is_one_line(tmp_path, monkeypatch):
    torch.save({"a": torch.ones(1)}, tmp_path / "efficientnet-lite0-other.pth")
    (tmp_path / "empty").mkdir()
    for path, words in (
        (tmp_path / "efficientnet-lite0-other.pth", "does not fit"),
        (tmp_path / "empty", "no weights of EfficientNet"),
        (tmp_path / "nowhere", "no weights of EfficientNet"),
    ):
        with pytest.raises(CheckpointError, match=words) as caught:
            load_imagenet(path)
        assert "\n" not in str(caught.value)
    monkeypatch.setattr(imagenet, "ARCHITECTURE", "a_package_that_nobody_has")
    with pytest.raises(CheckpointError, match="pip install"):
        ImageNetNetwork("lite0")
