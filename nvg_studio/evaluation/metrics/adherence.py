"""Does a picture keep the requested structure? Encode it again and compare (adjusted Rand index)."""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from nvg_studio.evaluation.layouts import Layout, Mask
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.sampling.pipeline import NVGPipeline

LEVELS = (1, 2, 3)


def agreement(asked: GranularitySequence, found: GranularitySequence, level: int) -> float:
    """Adjusted Rand index of two structure maps: 1 for the same clusters, about 0 for unrelated ones."""
    return float(adjusted_rand_score(asked.labels(level), found.labels(level)))


def re_encoded(pipeline: NVGPipeline, sequence: GranularitySequence) -> GranularitySequence:
    """The sequence of a sequence's picture."""
    return pipeline.encode(pipeline.decode(sequence))


def photo_scores(
    pipeline: NVGPipeline, asked: list[GranularitySequence], made: list[GranularitySequence]
) -> dict[str, dict[str, float]]:
    """Mean agreement by level of pictures made into asked-for structures, with ceiling and shuffled baseline.

    The ceiling encodes the real pictures' reconstructions again; the baseline compares with the next picture's request.
    """
    again, ceiling = [re_encoded(pipeline, s) for s in made], [re_encoded(pipeline, s) for s in asked]
    return {
        f"level {level}": {
            "made": _mean(asked, again, level),
            "ceiling": _mean(asked, ceiling, level),
            "shuffled": _mean(asked[1:] + asked[:1], again, level),
        }
        for level in LEVELS
    }


def _mean(asked: list[GranularitySequence], found: list[GranularitySequence], level: int) -> float:
    return float(np.mean([agreement(a, f, level) for a, f in zip(asked, found, strict=True)]))


def painted_scores(
    pipeline: NVGPipeline, layout: Layout, made: list[GranularitySequence], free: list[GranularitySequence]
) -> dict[str, float]:
    """Mean agreement of pictures with the painted figure that they were made into, and of free ones with it.

    The encoder cuts every picture into equal halves, so a figure of another share cannot reach 1: `halves` stands
    beside the most that halves can reach. For the other scores the encoder's cut is moved until it parts as many cells
    as were painted (see `figures`).
    """
    figure = layout.sequence.labels(1) == layout.figure
    again = [re_encoded(pipeline, sequence) for sequence in made]
    return {
        "halves": float(np.mean([agreement(layout.sequence, found, 1) for found in again])),
        "most of halves": float(adjusted_rand_score(figure, _grown_to_half(figure))),
        "cut at the painted share": float(np.mean([_best(pipeline, figure, found) for found in again])),
        "the same of free samples": float(np.mean([_best(pipeline, figure, re_encoded(pipeline, s)) for s in free])),
    }


def _best(pipeline: NVGPipeline, figure: Mask, found: GranularitySequence) -> float:
    halves = found.labels(1) == 1
    return max(adjusted_rand_score(figure, f) for f in figures(pipeline.canvas(found), halves, int(figure.sum())))


def figures(canvas: NDArray[np.float32], halves: Mask, count: int) -> tuple[Mask, Mask]:
    """What stands out of either half: the `count` cells furthest from one half's mean towards the other's.

    Args:
        canvas: float [L, C], a vector for every cell.
        halves: bool [L], the encoder's cut.

    Returns:
        bool [L] with `count` true cells, for each of the two directions.
    """
    to_one, to_other = (np.linalg.norm(canvas - canvas[side].mean(0), axis=1) for side in (halves, ~halves))
    order = np.argsort(to_one - to_other, kind="stable")
    first, last = np.zeros(len(canvas), np.bool_), np.zeros(len(canvas), np.bool_)
    first[order[:count]] = last[order[len(order) - count :]] = True
    return first, last


def _grown_to_half(figure: Mask) -> Mask:
    """Half of the cells, bool [L]: as many of the figure as there is room for, and others where it is too small."""
    half = np.zeros(len(figure), np.bool_)
    half[np.argsort(~figure, kind="stable")[: len(figure) // 2]] = True
    return half
