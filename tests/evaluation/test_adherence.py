"""Adherence: 1 where a picture keeps what was asked for, about 0 where it has nothing to do with it."""

import numpy as np
import pytest

from nvg_studio.evaluation.adherence import LEVELS, agreement, painted_score, photo_scores, seen_again
from nvg_studio.evaluation.layouts import painted
from nvg_studio.granularity import edits
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
    scores = photo_scores(Faithful(), asked, asked)
    for level in LEVELS:
        assert scores[f"level {level}"] == scores[f"level {level}, ceiling"] == 1
        assert abs(scores[f"level {level}, shuffled"]) < 0.05


def test_pictures_of_other_structures_score_no_better_than_shuffled_ones():
    asked, made = ([random_sequence(seed, 8) for seed in seeds] for seeds in (range(8), range(50, 58)))
    scores = photo_scores(Faithful(), asked, made)
    for level in LEVELS:
        assert abs(scores[f"level {level}"]) < 0.05 and scores[f"level {level}, ceiling"] == 1


def test_scores_are_of_the_pictures_encoded_again(pipeline, generated):
    again = [seen_again(pipeline, sequence) for sequence in generated]
    assert again == [pipeline.encode(pipeline.decode(sequence)) for sequence in generated]
    scores = photo_scores(pipeline, generated, generated)
    for level in LEVELS:
        expected = np.mean([agreement(a, f, level) for a, f in zip(generated, again, strict=True)])
        assert scores[f"level {level}"] == scores[f"level {level}, ceiling"] == pytest.approx(expected)
        assert scores[f"level {level}, shuffled"] < 1


def test_painted_figures_are_compared_at_level_one(pipeline, generated):
    half = generated[0].labels(1).astype(bool)
    assert painted_score(Faithful(), painted("half", half.reshape(8, 8)), generated[:1]) == 1
    layout = painted("what the encoder saw", seen_again(pipeline, generated[0]).labels(1).reshape(8, 8) == 1)
    assert painted_score(pipeline, layout, generated[:1]) == 1
    assert painted_score(pipeline, layout, generated) < 1
