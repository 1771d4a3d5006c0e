"""Reconstruction: errors of known size, codes counted by hand."""

import numpy as np
import pytest

from nvg_studio.evaluation.metrics.reconstruction import by_stage, code_use, psnr, quality, reconstruct, ssim
from nvg_studio.granularity.sequence import GranularitySequence
from tests.granularity.strategies import random_sequence
from tests.tiny import tiny_pipeline


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    return tiny_pipeline(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def found(pipeline):
    return reconstruct(pipeline, list(np.random.default_rng(0).integers(256, size=(4, 16, 16, 3), dtype=np.uint8)))


def test_psnr_of_a_known_error():
    photo = np.full((16, 16, 3), 100, np.uint8)
    assert psnr(photo, photo + np.uint8(5)) == pytest.approx(20 * np.log10(255 / 5))


def test_ssim_is_one_for_equal_pictures_and_sees_lost_structure_where_psnr_does_not():
    photo = np.random.default_rng(0).integers(60, 196, size=(32, 32, 3)).astype(np.uint8)
    brighter = photo + np.uint8(20)
    noisy = (photo + np.random.default_rng(1).choice([-20, 20], photo.shape)).astype(np.uint8)
    assert ssim(photo, photo) == 1
    assert psnr(photo, brighter) == pytest.approx(psnr(photo, noisy))
    assert ssim(photo, noisy) < ssim(photo, brighter) - 0.005


def test_quality_is_the_mean_over_the_pairs(found):
    scores = quality(found)
    assert scores["PSNR, dB"] == pytest.approx(np.mean([psnr(found.photos[i], found.pictures[i]) for i in range(4)]))
    assert scores["SSIM"] == pytest.approx(np.mean([ssim(found.photos[i], found.pictures[i]) for i in range(4)]))


def test_stages_are_measured_on_their_own_pictures(pipeline, found):
    rows = by_stage(pipeline, found, 100)
    assert list(rows) == [f"stage {stage}" for stage in range(7)]
    assert rows["stage 6"]["PSNR, dB"] == pytest.approx(quality(found)["PSNR, dB"])
    first = [psnr(p, pipeline.decode(s, 0)) for p, s in zip(found.photos, found.sequences, strict=True)]
    assert rows["stage 0"]["PSNR, dB"] == pytest.approx(np.mean(first))
    first_codes = {int(sequence.token_map[0, 0]) for sequence in found.sequences}
    assert rows["stage 0"]["codes used"] == len(first_codes) / 64
    ends = [psnr(found.photos[i], found.pictures[i]) for i in (0, 3)]
    assert by_stage(pipeline, found, 2)["stage 6"]["PSNR, dB"] == pytest.approx(np.mean(ends))


def test_codes_are_counted_once_for_each_cluster():
    even = GranularitySequence.blank(16, 4)
    assert code_use([even], 10) == pytest.approx({"codes used": 0.1, "code perplexity": 1})
    sequences = [random_sequence(seed, 4) for seed in range(3)]
    tokens = np.concatenate([row[row >= 0] for sequence in sequences for row in sequence.tokens])
    shares = np.bincount(tokens) / len(tokens)
    shares = shares[shares > 0]
    use = code_use(sequences, 2 * int(tokens.max()))
    assert use["codes used"] == len(shares) / (2 * tokens.max())
    assert use["code perplexity"] == pytest.approx(np.prod(shares**-shares))
