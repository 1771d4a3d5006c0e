"""The sections of a report: each measures one thing, draws what belongs to it, and gives its tables."""

from dataclasses import dataclass

import numpy as np

from nvg_studio.evaluation import sheets
from nvg_studio.evaluation.classifier.trained_classifier import Predictions, TrainedClassifier
from nvg_studio.evaluation.generation import THUMBNAIL, Samples, closeness, compared, nearest_pictures
from nvg_studio.evaluation.imagenet import ImageNetJudge
from nvg_studio.evaluation.inputs import EvaluationInputs, evenly_spaced
from nvg_studio.evaluation.layouts import PHOTO_LEVELS, Layout, disc, simple_layouts
from nvg_studio.evaluation.metrics.adherence import painted_scores, photo_scores
from nvg_studio.evaluation.metrics.coherence import mean_coherence
from nvg_studio.evaluation.metrics.distributions import nearest
from nvg_studio.evaluation.metrics.inception import inception_scores
from nvg_studio.evaluation.metrics.lock_fidelity import changes, run_all_locked
from nvg_studio.evaluation.metrics.reconstruction import Reconstructed, by_stage, code_use, quality
from nvg_studio.evaluation.metrics.sharpness import gradient_ratio
from nvg_studio.evaluation.stability import stability
from nvg_studio.evaluation.tables import Report
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.sampling.settings import GenerationSettings

SEEDS = (1, 2)
"""Of the pictures made into a layout."""
ADHERENCE_PHOTOS, LOCK_PHOTOS, STABILITY_PHOTOS = 40, 10, 50
LOCKED_SHARE = 0.3
SHOWN = 10
"""Pictures in a row of a sheet."""


def reconstruction(subject: EvaluationInputs, found: Reconstructed) -> Report:
    """What the tokenizer keeps of the held-out photos."""
    out, chosen = subject.request.out, subject.evenly_spaced(SHOWN)
    sheets.rows_of_pictures(
        {"photo": [found.photos[i] for i in chosen], "rebuilt": [found.pictures[i] for i in chosen]},
        out / "reconstruction.png",
    )
    stages = by_stage(subject.pipeline, found, subject.request.pictures)
    sheets.stage_curves(stages, out / "stages.png")
    codes = subject.pipeline.config.tokenizer.codebook_size
    return {
        "reconstruction": {**quality(found), "codes": codes, **code_use(found.sequences, codes)},
        "reconstruction by stage": stages,
    }


def samples(subject: EvaluationInputs, made: Samples) -> Report:
    """The samples to look at and, with Inception's weights, their usual scores."""
    out, names = subject.request.out, subject.pipeline.info.class_names
    by_class = {name: np.flatnonzero(made.labels == label)[:SHOWN] for label, name in enumerate(names)}
    rows = {name: [made.pictures[i] for i in index] for name, index in by_class.items()}
    sheets.rows_of_pictures(rows, out / "samples.png")
    first = [index[0] for index in by_class.values() if len(index)]
    sheets.coarse_to_fine(subject.pipeline, [made.sequences[i] for i in first], out / "coarse-to-fine.png")
    weights = subject.request.inception
    if weights is None:
        return {}
    scores = inception_scores(made.pictures, subject.squares, weights, subject.pipeline.device)
    return {"against held-out photos, Inception features": scores}


@dataclass(frozen=True)
class AllPredictions:
    """Predictions for the samples, the held-out photos, their reconstructions, the training photos."""

    made: Predictions
    val: Predictions
    rebuilt: Predictions
    train: Predictions | None


def predict_all(
    judge: TrainedClassifier, subject: EvaluationInputs, found: Reconstructed, made: Samples
) -> AllPredictions:
    """Run the classifier on everything once."""
    train = judge.predict(subject.train_squares) if subject.train_squares else None
    return AllPredictions(
        judge.predict(made.pictures), judge.predict(subject.squares), judge.predict(found.pictures), train
    )


def classifier_scores(
    judge: TrainedClassifier, seen: AllPredictions, subject: EvaluationInputs, made: Samples
) -> Report:
    """Samples beside real photos, measured by the classifier."""
    sets = {"samples": seen.made.features}
    if seen.train:
        # As many as there are samples: all three numbers depend on how many pictures they are taken from.
        sets["training photos"] = seen.train.features[evenly_spaced(len(seen.train.features), len(made.pictures))]
    return {
        "the classifier": {
            "its accuracy on held-out photos, as trained": judge.config.val_accuracy,
            "pixels a side": judge.config.image_size,
        },
        "class accuracy by the classifier, at the model's size": {
            "samples": seen.made.accuracy(made.labels),
            "held-out photos": seen.val.accuracy(subject.photos.labels),
            "their reconstructions": seen.rebuilt.accuracy(subject.photos.labels),
        },
        "against held-out photos, classifier features": compared(sets, seen.val.features),
    }


def judged_by_imagenet(judge: ImageNetJudge, subject: EvaluationInputs, found: Reconstructed, made: Samples) -> Report:
    """Samples and reconstructions beside photos, in features that nothing of ours was trained on."""
    real = judge.embed(subject.squares)
    sets = {"samples": judge.embed(made.pictures)}
    if subject.train_squares:
        # As many as there are samples: all three numbers depend on how many pictures they are taken from.
        chosen = evenly_spaced(len(subject.train_squares), len(made.pictures))
        sets["training photos"] = judge.embed([subject.train_squares[index] for index in chosen])
    return {
        "against held-out photos, ImageNet features": compared(sets, real),
        "feature distance of reconstructions, ImageNet network": {"mean": judge.distance(found.photos, found.pictures)},
    }


def sharpness(subject: EvaluationInputs, found: Reconstructed, made: Samples) -> Report:
    """Mean gradient of pictures over that of the held-out photos."""
    return {
        "gradient ratio (1: as sharp as photos)": {
            "reconstructions": gradient_ratio(found.pictures, subject.squares),
            "samples": gradient_ratio(made.pictures, subject.squares),
        }
    }


def coherence(found: Reconstructed, made: Samples) -> Report:
    """How connected the regions are that the generator draws, beside those of photos."""
    columns = {"samples": mean_coherence(made.sequences), "photos": mean_coherence(found.sequences)}
    rows = {level: {name: column[level] for name, column in columns.items()} for level in columns["photos"]}
    return {"coherence of structures (share of neighbouring cells in the same cluster)": rows}


def memory(subject: EvaluationInputs, made: Samples, seen: AllPredictions | None) -> Report:
    """How near samples come to training pictures, beside how near held-out photos come."""
    train = subject.train_squares
    if not train:
        return {}
    by_pixels, val = (nearest_pictures(some, train) for some in (made.pictures, subject.squares))
    table = {f"pixels at {THUMBNAIL} x {THUMBNAIL}, root mean square of 255": closeness(by_pixels, val)}
    order = np.argsort(by_pixels.distance, kind="stable")[: 2 * SHOWN]
    rows = {
        "closest samples": [made.pictures[i] for i in order],
        "by pixels": [train[by_pixels.place[i]] for i in order],
    }
    if seen and seen.train:
        by_features = nearest(seen.made.features, seen.train.features)
        table["classifier features"] = closeness(by_features, nearest(seen.val.features, seen.train.features))
        rows["by features"] = [train[by_features.place[i]] for i in order]
    sheets.rows_of_pictures(rows, subject.request.out / "nearest.png")
    return {"nearest training picture": table}


def structure_of_photos(subject: EvaluationInputs, found: Reconstructed) -> Report:
    """Whether the structure of photos holds still when they are read again, and how much it says about them."""
    chosen = subject.evenly_spaced(STABILITY_PHOTOS)
    photos, sequences = [found.photos[i] for i in chosen], [found.sequences[i] for i in chosen]
    return {"structure of photos (encoded, decoded, encoded again)": stability(subject.pipeline, photos, sequences)}


def photo_adherence(subject: EvaluationInputs, found: Reconstructed) -> Report:
    """New pictures of the photos' classes, made into the first levels of held-out photos' structures."""
    pipeline, chosen = subject.pipeline, subject.evenly_spaced(ADHERENCE_PHOTOS)
    everywhere = np.ones(pipeline.info.cells, np.bool_)
    locks = Locks.none(pipeline.info.cells, pipeline.info.depth).with_structure(everywhere, PHOTO_LEVELS)
    asked = [found.sequences[index] for index in chosen]
    classes = subject.photos.labels[chosen].tolist()
    made = [
        pipeline.run_from(sequence, 0, GenerationSettings(class_id=class_id, seed=seed), locks)
        for seed, class_id, sequence in zip(chosen, classes, asked, strict=True)
    ]
    return {"adherence, photo structures (adjusted Rand index)": photo_scores(pipeline, asked, made)}


def painted_adherence(subject: EvaluationInputs, made: Samples) -> Report:
    """New pictures of all classes, made into painted figures; which child a figure is makes a difference for halves."""
    pipeline = subject.pipeline
    painted, names = simple_layouts(pipeline.info.grid), pipeline.info.class_names
    layouts = [*painted, *subject.layouts]
    filled = {name: [_fill(subject, layout, label) for layout in layouts] for label, name in enumerate(names)}
    shown = {name: [[pipeline.decode(one) for one in cell] for cell in row] for name, row in filled.items()}
    sheets.contact_sheet(layouts, shown, subject.request.out / "contact-sheet.png")
    free = [made.sequences[i] for i in evenly_spaced(len(made.sequences), ADHERENCE_PHOTOS)]
    scores = {}
    for index, layout in enumerate(painted):
        into = [one for row in filled.values() for one in row[index]]
        scores[f"{layout.name}, child 1"] = painted_scores(pipeline, layout, into, free)
    for layout in simple_layouts(pipeline.info.grid, figure=0):
        into = [one for label in range(len(names)) for one in _fill(subject, layout, label)]
        scores[f"{layout.name}, child 0"] = painted_scores(pipeline, layout, into, free)
    return {"adherence, painted figures (adjusted Rand index)": scores}


def _fill(subject: EvaluationInputs, layout: Layout, class_id: int) -> list[GranularitySequence]:
    settings = [GenerationSettings(class_id=class_id, seed=seed) for seed in SEEDS]
    return subject.pipeline.run_from_batch(layout.sequence, 0, settings, layout.locks)


def lock_fidelity(subject: EvaluationInputs, found: Reconstructed) -> Report:
    """Held-out photos regenerated around a held disc."""
    chosen, mask = (
        subject.evenly_spaced(LOCK_PHOTOS),
        disc(subject.pipeline.info.grid, 0.5, 0.5, LOCKED_SHARE).reshape(-1),
    )
    photos, sequences = [found.photos[i] for i in chosen], [found.sequences[i] for i in chosen]
    holdings = run_all_locked(subject.pipeline, photos, sequences, mask, subject.photos.labels[chosen])
    few = holdings[:SHOWN]
    sheets.rows_of_pictures(
        {
            "photo": [one.photo for one in few],
            "rebuilt": [one.before for one in few],
            "made anew": [one.after for one in few],
            "exact pixels": [one.exact for one in few],
        },
        subject.request.out / "locks.png",
    )
    kept = float(np.mean([one.kept for one in holdings]))
    return {
        "lock fidelity (mean change of 255)": changes(holdings, mask),
        "lock fidelity": {"held bits and tokens that stayed": kept, "locked share of the cells": float(mask.mean())},
    }
