"""`python -m nvg_studio.evaluation model|classifier`: measure a model, or train the classifier that helps to.

`classifier` runs where only torch, numpy, scipy, safetensors, cv2 and tqdm are.
"""

import argparse
import json
import sys
from pathlib import Path

from nvg_studio.errors import TrainingError
from nvg_studio.training.console import OneLineParser, exit_code


def main(argv: list[str] | None = None) -> int:
    """Run an evaluation command; 0, or 2 with one line for bad input."""
    options = _parser().parse_args(argv)
    return exit_code(lambda: options.action(options))


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(prog="python -m nvg_studio.evaluation", description="Measure and draw a model.")
    commands = parser.add_subparsers(required=True, metavar="model|classifier")
    _add_model(commands.add_parser("model", help="held-out numbers and sheets of a model"))
    _add_classifier(commands.add_parser("classifier", help="train the classifier that judges generated pictures"))
    return parser


def _add_model(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("model", type=Path, help="model folder")
    add("photos", type=Path, help="held-out photos: folder of class folders, or a pack")
    add("--out", type=Path, required=True)
    add("--layout-photos", nargs=2, default=None, help="names (class/file) of the two layout photos")
    add("--pictures", type=int, default=40, help="held-out photos for adherence (default: %(default)s)")
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
    from nvg_studio.evaluation.report import evaluate

    print(json.dumps(evaluate(options), indent=2))


def _classifier(options: argparse.Namespace) -> None:
    from nvg_studio.evaluation.teach import READ_AHEAD, ClassifierRecipe, teach
    from nvg_studio.sampling.pipeline import resolve_device
    from nvg_studio.training.loop import Schedule, Settings
    from nvg_studio.training.pack import load_photos

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
    config = teach(recipe, photos, val, settings, device, options.out)
    print(f"{config.val_accuracy:.1%} of {config.val_photos} held-out photos named rightly; saved in '{options.out}'.")


if __name__ == "__main__":
    sys.exit(main())
