"""The adversary: its losses by hand, its augmentation, and that it learns and comes back."""

import math

import pytest
import torch
from torch import nn

from nvg_studio.training.losses import diffaugment
from nvg_studio.training.losses.adversary import Critic, PatchDiscriminator, hinge, lecam


def pictures(count, mean, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return (mean + 0.2 * torch.randn(count, 3, 32, 32, generator=generator)).clamp(-1, 1)


class Mean(nn.Module):
    """Two logits a picture: its mean, scaled, and a third of that."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(2.0))

    def forward(self, images):
        mean = self.scale * images.mean((1, 2, 3))
        return torch.stack([mean, mean / 3], 1)


def test_hinge_and_lecam_are_their_formulas():
    real, fake = torch.tensor([[0.5, 2.0]]), torch.tensor([[-3.0, 0.25]])
    assert hinge(real, fake).item() == pytest.approx(0.5 * ((0.5 + 0) / 2 + (0 + 1.25) / 2))
    found = lecam(real, fake, torch.tensor(0.4), torch.tensor(-0.1))
    assert found.item() == pytest.approx((0.6**2 + 2.1**2) / 2 + (3.4**2 + 0.15**2) / 2)


def test_both_sides_by_hand(monkeypatch):
    monkeypatch.setattr("nvg_studio.training.losses.adversary.augment", lambda images: images)
    critic = Critic(Mean())
    images, rebuilt = torch.full((2, 3, 4, 4), 0.6), torch.full((2, 3, 4, 4), -0.3).requires_grad_()
    judged = critic(images, rebuilt)
    real, fake = torch.tensor([1.2, 0.4]), torch.tensor([-0.6, -0.2])
    real_mean, fake_mean = 0.001 * 0.8, 0.001 * -0.4
    assert critic.real_mean.item() == pytest.approx(real_mean)
    assert critic.rebuilt_mean.item() == pytest.approx(fake_mean)
    assert judged.tokenizer.item() == pytest.approx(math.log1p(math.exp(0.4)))
    expected = hinge(real, fake) + 0.001 * lecam(real, fake, torch.tensor(real_mean), torch.tensor(fake_mean))
    assert judged.critic.item() == pytest.approx(expected.item())
    judged.critic.backward(retain_graph=True)
    moved = rebuilt.grad is not None
    assert not moved, "the discriminator's loss moves the discriminator alone"
    judged.tokenizer.backward()
    assert rebuilt.grad is not None and (rebuilt.grad < 0).all(), "brighter looks more real"


def test_it_learns_to_tell_two_kinds_of_pictures():
    torch.manual_seed(0)
    critic = Critic(PatchDiscriminator())
    optimizer = torch.optim.AdamW(critic.parameters(), 2e-3)
    for step in range(30):
        losses = critic(pictures(8, 0.5, step), pictures(8, -0.5, step + 100))
        optimizer.zero_grad()
        losses.critic.backward()
        optimizer.step()
    with torch.no_grad():
        real, rebuilt = (critic.discriminator(pictures(8, mean, 999)).mean() for mean in (0.5, -0.5))
    assert losses.critic < 0.6 and real > 0.5 and rebuilt < -0.5


def test_augmented_pictures_move_change_and_lose_a_square():
    torch.manual_seed(0)
    images = torch.rand(64, 3, 40, 40) * 0.5 + 0.25
    moved = diffaugment.shift(images)
    empty_rows = (moved == 0).all((1, 3)).sum(1)
    assert 0 < empty_rows.max() <= 5 and empty_rows.min() == 0
    cut = (diffaugment.cut_out(images) == 0).all(1).sum((1, 2))
    assert cut.max() == 64 and cut.min() > 0
    grey = torch.full((256, 3, 8, 8), 0.25)
    brighter = diffaugment.recolour(grey).mean((1, 2, 3)) - 0.25
    assert -0.5 <= brighter.min() < -0.4 and 0.4 < brighter.max() <= 0.5


def test_gradients_pass_through_the_augmentation():
    torch.manual_seed(0)
    images = torch.zeros(4, 3, 32, 32, requires_grad=True)
    diffaugment.cut_out(diffaugment.shift(images)).sum().backward()
    assert images.grad.unique().tolist() == [0, 1] and images.grad.mean() > 0.6
    diffaugment.augment(images).square().sum().backward()
    assert images.grad.isfinite().all() and images.grad.mean((1, 2, 3)).unique().numel() == 4


def test_a_shifted_picture_is_the_picture_elsewhere():
    torch.manual_seed(0)
    images = torch.rand(6, 3, 16, 16) + 0.1
    for image, moved in zip(images, diffaugment.shift(images), strict=True):
        padded = nn.functional.pad(image, (2, 2, 2, 2))
        places = [padded[:, y : y + 16, x : x + 16] for y in range(5) for x in range(5)]
        assert sum(torch.equal(place, moved) for place in places) == 1
