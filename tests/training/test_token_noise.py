"""Disturbed histories: what the networks see has mistakes in it, what they learn makes up for them."""

import numpy as np
import pytest
import torch

from nvg_studio.granularity.clustering import cluster
from nvg_studio.model.tokenizer import Tokenizer, group_means
from nvg_studio.training.data.cache import Augmentation, build_cache
from nvg_studio.training.data.pack import PhotoSet
from nvg_studio.training.data.token_noise import NEIGHBOURS, draw_ranks, quantize_with_token_noise
from nvg_studio.training.tasks.generator import load_batch
from nvg_studio.training.tasks.recipes import make_config

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def tokenizer():
    torch.manual_seed(0)
    tokenizer = Tokenizer(make_config("tiny", "tiny", ("a", "b")).tokenizer).eval()
    torch.nn.init.normal_(tokenizer.quantizer.embedding.weight, std=0.5)
    return tokenizer


@pytest.fixture(scope="module")
def latents():
    return torch.from_numpy(np.random.default_rng(0).standard_normal((6, 64, 8)).astype(np.float32))


@pytest.fixture(scope="module")
def labels(latents):
    return torch.from_numpy(np.stack([cluster(latent) for latent in latents.numpy()]))


def ranks_of(pictures, groups=64):
    return torch.from_numpy(np.stack([draw_ranks(7, groups, np.random.default_rng(n)) for n in range(pictures)]))


def photo_set():
    pictures = np.random.default_rng(1).integers(256, size=(6, 18, 22, 3), dtype=np.uint8)
    names = [f"{n}.png" for n in range(6)]
    return PhotoSet(list(pictures), np.array([0, 1] * 3), names, ("a", "b"), ())


def test_ranks_disturb_a_share_of_the_groups_and_never_the_last_stage():
    shares = [(draw_ranks(9, 512, np.random.default_rng(n))[:-1] > 0).mean() for n in range(100)]
    kept = 1 - 1 / NEIGHBOURS  # the nearest is among those drawn from
    assert 0.05 * kept - 0.02 < min(shares) < 0.08 and 0.18 < max(shares) < 0.25 * kept + 0.02
    ranks = np.stack([draw_ranks(9, 512, np.random.default_rng(n)) for n in range(20)])
    assert not ranks[:, -1].any() and set(np.unique(ranks)) == set(range(NEIGHBOURS))


def test_without_disturbance_it_is_the_quantiser(tokenizer, latents, labels):
    maps = quantize_with_token_noise(tokenizer.quantizer, latents, labels, torch.zeros(6, 7, 64, dtype=torch.int64))
    expected = tokenizer.quantizer(latents, labels).token_map
    assert torch.equal(maps.seen, expected) and torch.equal(maps.target, expected)


def test_targets_are_nearest_to_what_the_seen_canvas_lacks(tokenizer, latents, labels):
    quantizer, ranks = tokenizer.quantizer, ranks_of(6)
    maps = quantize_with_token_noise(quantizer, latents, labels, ranks)
    canvases = quantizer.canvases(maps.seen)
    for stage in range(7):
        lacking = latents - canvases[:, stage - 1] if stage else latents
        means = group_means(lacking, labels[:, stage], 1 << stage)
        order = quantizer.code_distances(means).argsort(dim=-1, stable=True)  # [B, n, codes]
        assert torch.equal(maps.target[:, stage], order[..., 0].gather(1, labels[:, stage]))
        drawn = order.gather(-1, ranks[:, stage, : 1 << stage, None]).squeeze(-1)
        assert torch.equal(maps.seen[:, stage], drawn.gather(1, labels[:, stage]))
    assert torch.equal(maps.seen[:, -1], maps.target[:, -1]) and not torch.equal(maps.seen, maps.target)


def test_later_stages_make_up_for_the_mistakes(tokenizer, latents, labels):
    """The same wrong codes among tokens chosen without knowing of them leave the canvas further from the latent."""
    quantizer = tokenizer.quantizer
    ranks = ranks_of(6)
    maps = quantize_with_token_noise(quantizer, latents, labels, ranks)
    unaware = torch.where(maps.seen == maps.target, quantizer(latents, labels).token_map, maps.seen)
    corrected, carried_on = (
        (quantizer.canvases(tokens)[:, -1] - latents).square().mean() for tokens in (maps.seen, unaware)
    )
    assert corrected < carried_on


def test_a_cache_keeps_both_maps_and_its_batches_see_the_disturbed_one(tokenizer):
    cache = build_cache(tokenizer, photo_set(), 2, Augmentation(token_noise=1.0), 0, CPU)
    differs = (cache.seen_map != cache.token_map).any((1, 2))
    assert differs.all() and cache.seen_map.itemsize == 2
    np.testing.assert_array_equal(cache.seen_map[:, -1], cache.token_map[:, -1])
    batch = load_batch(tokenizer, cache, np.arange(4))
    seen = cache.seen_map[:4].long()
    torch.testing.assert_close(batch.canvases, tokenizer.quantizer.canvases(seen))
    assert torch.equal(batch.token_map, cache.token_map[:4].long())


@pytest.mark.parametrize(
    ("crops", "augmentation"), [(2, Augmentation(token_noise=0.0)), (0, Augmentation(token_noise=1.0))]
)
def test_held_out_and_undisturbed_caches_see_what_they_learn(tokenizer, crops, augmentation):
    cache = build_cache(tokenizer, photo_set(), crops, augmentation, 0, CPU)
    np.testing.assert_array_equal(cache.seen_map, cache.token_map)
