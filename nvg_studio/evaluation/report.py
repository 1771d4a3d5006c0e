"""Held-out numbers and sheets of a model."""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvg_studio.errors import TrainingError
from nvg_studio.evaluation.adherence import painted_score, photo_scores
from nvg_studio.evaluation.layouts import Layout, from_photo, hand_made
from nvg_studio.evaluation.sheets import coarse_to_fine, contact_sheet
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.imaging.crop import resize, square_crop
from nvg_studio.sampling.pipeline import NVGPipeline
from nvg_studio.sampling.settings import GenerationSettings
from nvg_studio.training.pack import PhotoSet, load_photos

SEEDS = (1, 2)


def evaluate(options: argparse.Namespace) -> dict[str, Any]:
    """Measure and draw a model, into `options.out`; the numbers."""
    if options.pictures < 2:
        raise TrainingError("Adherence needs two photos at least, to compare one with the other. Raise --pictures.")
    pipeline = NVGPipeline.from_pretrained(options.model, device="cpu")
    photos = _photos(pipeline, options.photos)
    options.out.mkdir(parents=True, exist_ok=True)
    layouts = _layouts(pipeline, photos, options.layout_photos)
    made = {name: [_fill(pipeline, layout, number) for layout in layouts]
            for number, name in enumerate(pipeline.info.class_names)}  # fmt: skip
    shown = {name: [[pipeline.decode(s) for s in cell] for cell in row] for name, row in made.items()}
    contact_sheet(layouts, shown, options.out / "contact-sheet.png")
    samples = pipeline.generate_batch([GenerationSettings(class_id=c, seed=5) for c in range(len(made))])
    coarse_to_fine(pipeline, samples, options.out / "coarse-to-fine.png")
    asked, found = _transferred(pipeline, photos, options.pictures)
    report = {
        "reconstruction PSNR, dB": reconstruction_psnr(pipeline, photos),
        "adherence, photo structures": photo_scores(pipeline, asked, found),
        "adherence, painted": {
            layout.name: painted_score(pipeline, layout, [s for row in made.values() for s in row[index]])
            for index, layout in enumerate(layouts[:3])
        },
    }
    (options.out / "report.json").write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    return report


def reconstruction_psnr(pipeline: NVGPipeline, photos: PhotoSet) -> float:
    """Mean PSNR in dB over the photos' centre squares at the model's size."""
    values = []
    for photo in photos.pictures:
        square = resize(square_crop(photo), pipeline.info.image_size)
        error = np.square(pipeline.decode(pipeline.encode(photo)).astype(float) - square).mean()
        values.append(10 * np.log10(255**2 / error))
    return float(np.mean(values))


def _photos(pipeline: NVGPipeline, path: Path) -> PhotoSet:
    photos = load_photos(path, 2 * pipeline.info.image_size)
    if photos.classes != pipeline.info.class_names:
        wanted = ", ".join(pipeline.info.class_names)
        raise TrainingError(f"'{path}' has other classes than the model. Use folders of these names: {wanted}.")
    return photos


def _layouts(pipeline: NVGPipeline, photos: PhotoSet, names: list[str] | None) -> list[Layout]:
    chosen = names or photos.names[:: len(photos.names) // 2][:2]
    pictures: dict[str, NDArray[np.uint8]] = dict(zip(photos.names, photos.pictures, strict=True))
    for name in chosen:
        if name not in pictures:
            raise TrainingError(f"There is no photo '{name}'. Name one as class/file, such as '{photos.names[0]}'.")
    return [
        *hand_made(pipeline.info.grid),
        *(from_photo(pipeline, f"photo, {name.split('/')[0]}", pictures[name]) for name in chosen),
    ]


def _fill(pipeline: NVGPipeline, layout: Layout, class_id: int) -> list[GranularitySequence]:
    settings = [GenerationSettings(class_id=class_id, seed=seed) for seed in SEEDS]
    return pipeline.run_from_batch(layout.sequence, 0, settings, layout.locks)


def _transferred(
    pipeline: NVGPipeline, photos: PhotoSet, count: int
) -> tuple[list[GranularitySequence], list[GranularitySequence]]:
    """Structures of held-out photos (levels 1-4), and new pictures of the photos' classes made into them."""
    chosen = np.linspace(0, len(photos.pictures) - 1, min(count, len(photos.pictures))).astype(int)
    asked = [pipeline.encode(photos.pictures[index]) for index in chosen]
    locks = Locks.none(pipeline.info.cells, pipeline.info.depth).with_structure(np.ones(pipeline.info.cells, bool), 4)
    made = [
        pipeline.run_from(sequence, 0, GenerationSettings(class_id=int(photos.labels[index]), seed=int(index)), locks)
        for index, sequence in zip(chosen, asked, strict=True)
    ]
    return asked, made
