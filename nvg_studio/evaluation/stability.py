"""Do structures hold still, and do they say something? Photos, encoded, decoded and encoded again."""

import numpy as np
from numpy.typing import NDArray

from nvg_studio.evaluation.metrics.adherence import agreement, re_encoded
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.imaging.crop import Picture
from nvg_studio.sampling.pipeline import NVGPipeline

LEVELS = (1, 2, 3)


def stability(
    pipeline: NVGPipeline, photos: list[Picture], sequences: list[GranularitySequence]
) -> dict[str, dict[str, float]]:
    """By level, means over photos uint8 [S, S, 3] and their sequences.

    `again`: adjusted Rand index with the structure of the reconstruction; `same bits`: share of the cells whose bit is
    the same there, which counts numbering too; `another photo`: adjusted Rand index with the structure of the next
    photo, which is high where all structures are alike; `explained`: share of the latent's variance within a picture
    that lies between its clusters.
    """
    again = [re_encoded(pipeline, sequence) for sequence in sequences]
    latents = [pipeline.latent(photo) for photo in photos]
    others = sequences[1:] + sequences[:1]
    return {
        f"level {level}": {
            "again": _mean([agreement(a, b, level) for a, b in zip(sequences, again, strict=True)]),
            "same bits": _mean([same_bits(a, b, level) for a, b in zip(sequences, again, strict=True)]),
            "another photo": _mean([agreement(a, b, level) for a, b in zip(sequences, others, strict=True)]),
            "explained": _mean([explained(x, s.labels(level)) for x, s in zip(latents, sequences, strict=True)]),
        }
        for level in LEVELS
    }


def same_bits(one: GranularitySequence, other: GranularitySequence, level: int) -> float:
    """Share of the cells that take the same turn at a level."""
    return float((one.bits[:, level - 1] == other.bits[:, level - 1]).mean())


def explained(latent: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Share of the variance of a latent float [L, C] that lies between clusters int64 [L]; 0 where there is none."""
    centred = latent.astype(np.float64) - latent.mean(0, dtype=np.float64)
    sizes = np.bincount(labels)
    sums = np.stack([np.bincount(labels, channel) for channel in centred.T], 1)
    between = float((np.square(sums).sum(1) / np.maximum(sizes, 1)).sum())
    return between / max(float(np.square(centred).sum()), 1e-30)


def _mean(values: list[float]) -> float:
    return float(np.mean(values))
