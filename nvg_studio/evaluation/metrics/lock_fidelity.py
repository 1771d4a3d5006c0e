"""Does a lock hold? Photos are regenerated with part of them held: what changes inside the lock, and outside."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.imaging.cells import cells_to_pixels
from nvg_studio.imaging.compose import compose
from nvg_studio.imaging.crop import Picture
from nvg_studio.sampling.pipeline import NVGPipeline
from nvg_studio.sampling.settings import GenerationSettings


@dataclass(frozen=True)
class LockTrial:
    """One photo regenerated around held cells.

    photo: what was encoded; before, after: decoded pictures; exact: `after` with the photo's own pixels in the lock;
    kept: share 0..1 of the held bits and tokens that came out as they went in.
    """

    photo: Picture
    before: Picture
    after: Picture
    exact: Picture
    kept: float


def run_locked(
    pipeline: NVGPipeline, photo: Picture, sequence: GranularitySequence, mask: NDArray[np.bool_], class_id: int
) -> LockTrial:
    """Hold everything in the cells bool [L], and run from stage 0 with a class."""
    blank = Locks.none(sequence.cells, sequence.depth)
    locks = blank.with_structure(mask, sequence.depth).with_content(mask)
    made = pipeline.run_from(sequence, 0, GenerationSettings(class_id=class_id, seed=0), locks)
    same = np.concatenate([(made.bits == sequence.bits).T, made.token_map == sequence.token_map])
    after = pipeline.decode(made)
    exact = compose(photo, after, locks.region)
    return LockTrial(photo, pipeline.decode(sequence), after, exact, float(same[:, mask].mean()))


def run_all_locked(
    pipeline: NVGPipeline,
    photos: list[Picture],
    sequences: list[GranularitySequence],
    mask: NDArray[np.bool_],
    labels: NDArray[np.int64],
) -> list[LockTrial]:
    """`run_locked` for photos with their sequences and classes int64 [n]."""
    cases = list(zip(photos, sequences, labels.tolist(), strict=True))
    bar = tqdm(cases, desc="holding", unit="photo", disable=None)
    return [run_locked(pipeline, photo, sequence, mask, class_id) for photo, sequence, class_id in bar]


def changes(holdings: list[LockTrial], mask: NDArray[np.bool_]) -> dict[str, dict[str, float]]:
    """Mean change of a pixel's channel, of 255, inside and outside the cells bool [L].

    Without exact pixels the picture is compared with the decoded one before; with them, with the photo.
    """
    inside = cells_to_pixels(mask, holdings[0].photo.shape[0])
    off = [np.abs(one.after.astype(int) - one.before) for one in holdings]
    on = [np.abs(one.exact.astype(int) - one.photo) for one in holdings]
    return {
        name: {
            "inside": float(np.mean([change[inside].mean() for change in differences])),
            "outside": float(np.mean([change[~inside].mean() for change in differences])),
        }
        for name, differences in (("exact pixels off", off), ("exact pixels on", on))
    }
