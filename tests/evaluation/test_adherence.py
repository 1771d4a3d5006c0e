"""Adherence: 1 where a picture keeps what was asked for, about 0 where it has nothing to do with it."""

from typing import cast

import numpy as np
import pytest

from nvg_studio.evaluation.layouts import disc, painted_layout
from nvg_studio.evaluation.metrics.adherence import LEVELS, agreement, figures, painted_scores, photo_scores, re_encoded
from nvg_studio.granularity import edits
from nvg_studio.sampling.pipeline import NVGPipeline
from nvg_studio.sampling.settings import GenerationSettings
from tests.granularity.strategies import random_sequence
from tests.tiny import tiny_pipeline


class Faithful:
    """A model whose pictures are the sequences themselves."""

    def decode(self, sequence):
        return sequence

    def encode(self, picture):
        return picture


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    return tiny_pipeline(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def generated(pipeline):
    return pipeline.generate_batch([GenerationSettings(class_id=seed % 2, seed=seed) for seed in range(4)])


@pytest.mark.parametrize("level", LEVELS)
def test_agreement_is_one_for_the_same_clusters_whatever_their_names(level):
    sequence = random_sequence(0, 6)
    renamed = edits.swap(sequence, level, 0, (1 << level) - 1)
    assert agreement(sequence, sequence, level) == 1
    assert (renamed.labels(level) != sequence.labels(level)).any() and agreement(sequence, renamed, level) == 1


@pytest.mark.parametrize("level", LEVELS)
def test_agreement_of_strangers_is_about_nothing(level):
    strangers = [agreement(random_sequence(seed, 8), random_sequence(seed + 1, 8), level) for seed in range(100)]
    assert abs(np.mean(strangers)) < 0.01 and max(strangers) < 0.2


def test_a_faithful_model_reaches_its_ceiling_of_one():
    asked = [random_sequence(seed, 8) for seed in range(8)]
    scores = photo_scores(cast(NVGPipeline, Faithful()), asked, asked)
    for level in LEVELS:
        row = scores[f"level {level}"]
        assert row["made"] == row["ceiling"] == 1 and abs(row["shuffled"]) < 0.05


def test_pictures_of_other_structures_score_no_better_than_shuffled_ones():
    asked, made = ([random_sequence(seed, 8) for seed in seeds] for seeds in (range(8), range(50, 58)))
    scores = photo_scores(cast(NVGPipeline, Faithful()), asked, made)
    for level in LEVELS:
        row = scores[f"level {level}"]
        assert abs(row["made"]) < 0.05 and row["ceiling"] == 1


def test_scores_are_of_the_pictures_encoded_again(pipeline, generated):
    again = [re_encoded(pipeline, sequence) for sequence in generated]
    assert again == [pipeline.encode(pipeline.decode(sequence)) for sequence in generated]
    scores = photo_scores(pipeline, generated, generated)
    for level in LEVELS:
        expected = np.mean([agreement(a, f, level) for a, f in zip(generated, again, strict=True)])
        row = scores[f"level {level}"]
        assert row["made"] == row["ceiling"] == pytest.approx(expected) and row["shuffled"] < 1


class Plain(Faithful):
    """A faithful model whose canvas is given."""

    def __init__(self, canvas):
        self._canvas = canvas

    def canvas(self, sequence):
        return self._canvas


def test_painted_figures_are_compared_at_level_one(pipeline, generated):
    seen = re_encoded(pipeline, generated[0]).labels(1).reshape(8, 8) == 1
    layout = painted_layout("what the encoder saw", seen)
    one, all_of_them = (painted_scores(pipeline, layout, made, generated) for made in (generated[:1], generated))
    assert one["halves"] == one["most of halves"] == 1
    assert all_of_them["halves"] < 1 and all_of_them["most of halves"] == 1
    assert one["the same of free samples"] == all_of_them["cut at the painted share"]


@pytest.mark.parametrize("share", [0.15, 0.3, 0.7])
def test_a_figure_that_stands_out_is_found_whatever_its_share(share):
    """Halves cannot follow it; the moved cut finds it, at either end of the scale, and nothing in noise."""
    figure = disc(8, 0.4, 0.5, share).reshape(-1)
    halves = np.zeros(64, bool)
    halves[np.argsort(~figure, kind="stable")[:32]] = True
    layout, rng = painted_layout("disc", figure.reshape(8, 8)), np.random.default_rng(0)
    made = painted_layout("as encoded", halves.reshape(8, 8)).sequence
    for sign in (1, -1):
        canvas = rng.normal(0, 0.1, (64, 4)) + sign * figure[:, None]
        scores = painted_scores(cast(NVGPipeline, Plain(canvas)), layout, [made], [made])
        assert scores["halves"] == scores["most of halves"] < 0.55
        assert scores["cut at the painted share"] > 0.9
    noise, stranger = [rng.normal(size=(64, 4)) for _ in range(20)], [random_sequence(1, 6)]
    by_noise = [painted_scores(cast(NVGPipeline, Plain(canvas)), layout, stranger, stranger) for canvas in noise]
    assert abs(np.mean([row["cut at the painted share"] for row in by_noise])) < 0.2


def test_a_moved_cut_has_the_asked_size_and_takes_the_furthest_cells():
    canvas, halves = np.arange(16, dtype=np.float32)[:, None], np.arange(16) >= 8
    high, low = figures(canvas, halves, 3)
    assert high.sum() == low.sum() == 3 and high[8:].sum() == 3 and low[:8].sum() == 3


def test_a_figure_scores_the_same_whichever_child_it_is():
    """The pictures are the same; only what the painted cluster is called differs."""
    figure, rng = disc(8, 0.4, 0.5, 0.3), np.random.default_rng(0)
    made = [random_sequence(seed, 6) for seed in range(3)]
    model = cast(NVGPipeline, Plain(rng.standard_normal((64, 4))))
    light, dark = (painted_scores(model, painted_layout("disc", figure, child), made, made) for child in (1, 0))
    assert light == dark
