"""Does a picture keep the structure that was asked for? Encode it again and compare (adjusted Rand index)."""

import numpy as np
from sklearn.metrics import adjusted_rand_score

from nvg_studio.evaluation.layouts import Layout
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.sampling.pipeline import NVGPipeline

LEVELS = (1, 2, 3)


def agreement(asked: GranularitySequence, found: GranularitySequence, level: int) -> float:
    """Adjusted Rand index of two structure maps: 1 for the same clusters, about 0 for unrelated ones."""
    return float(adjusted_rand_score(asked.labels(level), found.labels(level)))


def seen_again(pipeline: NVGPipeline, sequence: GranularitySequence) -> GranularitySequence:
    """The sequence of a sequence's picture."""
    return pipeline.encode(pipeline.decode(sequence))


def photo_scores(
    pipeline: NVGPipeline, asked: list[GranularitySequence], made: list[GranularitySequence]
) -> dict[str, float]:
    """Mean agreement by level of pictures made into asked-for structures, with ceiling and shuffled baseline.

    The ceiling encodes the real pictures' reconstructions again; the baseline compares with the next picture's request.
    """
    again, ceiling = [seen_again(pipeline, s) for s in made], [seen_again(pipeline, s) for s in asked]
    scores = {}
    for level in LEVELS:
        scores[f"level {level}"] = _mean(asked, again, level)
        scores[f"level {level}, ceiling"] = _mean(asked, ceiling, level)
        scores[f"level {level}, shuffled"] = _mean(asked[1:] + asked[:1], again, level)
    return scores


def _mean(asked: list[GranularitySequence], found: list[GranularitySequence], level: int) -> float:
    return float(np.mean([agreement(a, f, level) for a, f in zip(asked, found, strict=True)]))


def painted_score(pipeline: NVGPipeline, layout: Layout, made: list[GranularitySequence]) -> float:
    """Mean agreement with a painted figure at level 1.

    The encoder cuts every picture into equal halves, so a painted share other than one half cannot reach 1.
    """
    return float(np.mean([agreement(layout.sequence, seen_again(pipeline, sequence), 1) for sequence in made]))
