"""The perceptual loss: 0 for equal pictures, smaller the more alike they are, and LPIPS where its weights are."""

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from nvg_studio.errors import CheckpointError
from nvg_studio.model.classifier import Classifier, ClassifierConfig, save_classifier
from nvg_studio.training.losses import perceptual
from nvg_studio.training.losses.perceptual import load_perceptual
from tests.imagenet import random_weights

CPU = torch.device("cpu")
WIDTHS = ((4, 4), (4, 4), (8, 8, 8), (8, 8, 8), (8, 8, 8))
"""A slim VGG16, so that its random weights are quickly written."""


@pytest.fixture
def slim(monkeypatch):
    monkeypatch.setattr(perceptual, "VGG_WIDTHS", WIDTHS)
    torch.manual_seed(0)
    return perceptual.Vgg16()


def weights(vgg):
    """As torchvision writes them: with the layers that classify."""
    return {**vgg.state_dict(), "classifier.0.weight": torch.ones(2, 2)}


def heads():
    return {f"lin{depth}.model.1.weight": torch.rand(1, widths[-1], 1, 1) for depth, widths in enumerate(WIDTHS)}


def classifier_folder(folder):
    torch.manual_seed(0)
    save_classifier(ClassifierConfig(64, ("a", "b"), 0.5, 10), Classifier(2), folder)
    return folder


def vgg_folder(folder, vgg):
    torch.save(weights(vgg), folder / "vgg16-397923af.pth")
    return folder


def pictures():
    generator = torch.Generator().manual_seed(1)
    return torch.rand(2, 2, 3, 32, 32, generator=generator) * 2 - 1


def imagenet_folder(folder):
    random_weights(folder / "efficientnet-lite0-random.pth")
    return folder


@pytest.mark.parametrize("kind", ["classifier", "imagenet", "vgg"])
def test_equal_pictures_are_0_apart_and_come_nearer_when_moved(kind, tmp_path, slim):
    makers = {"classifier": classifier_folder, "imagenet": imagenet_folder, "vgg": lambda path: vgg_folder(path, slim)}
    measure = load_perceptual(makers[kind](tmp_path), CPU)
    ours, theirs = pictures()
    assert torch.equal(measure(ours, ours), torch.zeros(2))
    found = torch.stack([measure(torch.lerp(ours, theirs, share), theirs) for share in (0.0, 0.5, 0.8)])
    assert (found[:-1] > found[1:]).all() and (found > 0).all() and (found < 4).all()


def test_its_gradient_leads_there_and_its_network_stays(tmp_path):
    measure = load_perceptual(classifier_folder(tmp_path), CPU)
    ours, theirs = pictures()
    before = measure(ours, theirs).sum()
    moving = ours.clone().requires_grad_()
    optimizer = torch.optim.Adam([moving], 0.02)
    for _ in range(20):
        optimizer.zero_grad()
        measure(moving, theirs).sum().backward()
        optimizer.step()
    assert measure(moving, theirs).sum() < 0.7 * before
    assert all(parameter.grad is None for parameter in measure.parameters())


def test_with_heads_it_is_lpips(tmp_path, slim):
    """Computed again by its definition, with functions alone."""
    found = heads()
    torch.save(found, vgg_folder(tmp_path, slim) / "vgg.pth", _use_new_zipfile_serialization=False)
    ours, theirs = pictures()

    def depths(images):
        x = (images - torch.tensor([-0.030, -0.088, -0.188]).view(1, 3, 1, 1)) / torch.tensor(
            [0.458, 0.448, 0.450]
        ).view(1, 3, 1, 1)
        layers, outs = iter(slim.state_dict().values()), []
        for number, block in enumerate(WIDTHS):
            x = F.max_pool2d(x, 2) if number else x
            for _ in block:
                x = F.relu(F.conv2d(x, next(layers), next(layers), padding=1))
            outs.append(F.normalize(x, dim=1))
        return outs

    pairs = zip(depths(ours), depths(theirs), found.values(), strict=True)
    expected = sum(F.conv2d((a - b) ** 2, head).mean((1, 2, 3)) for a, b, head in pairs)
    torch.testing.assert_close(load_perceptual(tmp_path, CPU)(ours, theirs), expected, rtol=1e-4, atol=1e-6)


def test_weights_may_lie_in_safetensors_or_in_old_files(tmp_path, slim):
    ours, theirs = pictures()
    measured = []
    for name in ("new", "old", "safe"):
        (tmp_path / name).mkdir()
    torch.save(weights(slim), tmp_path / "new" / "vgg16.pth")
    torch.save(weights(slim), tmp_path / "old" / "vgg16.pth", _use_new_zipfile_serialization=False)
    save_file(weights(slim), tmp_path / "safe" / "vgg16.safetensors")
    for name in ("new", "old", "safe"):
        measured.append(load_perceptual(tmp_path / name, CPU)(ours, theirs))
    assert torch.equal(measured[0], measured[1]) and torch.equal(measured[0], measured[2])


def test_what_does_not_fit_is_one_line(tmp_path, slim):
    cases = {"empty": None, "foreign": {"a": torch.ones(1)}, "code": {"a": perceptual.Perceptual}}
    for name, content in cases.items():
        (tmp_path / name).mkdir()
        if content is not None:
            torch.save(content, tmp_path / name / "vgg16.pth")
    (tmp_path / "heads").mkdir()
    torch.save({**heads(), "lin3.model.1.weight": torch.ones(3)}, vgg_folder(tmp_path / "heads", slim) / "vgg.pth")
    for name, words in (
        ("empty", "holds no classifier"),
        ("nowhere", "holds no classifier"),
        ("foreign", "does not fit"),
        ("code", "more than weights"),
        ("heads", "heads"),
    ):
        with pytest.raises(CheckpointError, match=words) as caught:
            load_perceptual(tmp_path / name, CPU)
        assert "\n" not in str(caught.value)
