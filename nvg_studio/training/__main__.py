"""`python -m nvg_studio.training COMMAND`: needs only torch, numpy, scipy, safetensors, cv2 and tqdm."""

import argparse
import os
import shutil
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nvg_studio.errors import TrainingError
from nvg_studio.model.checkpoint import (
    Networks,
    add_few_step,
    add_preview,
    load_model,
    load_tokenizer,
    save_decoder,
    save_model,
)
from nvg_studio.model.config import TokenizerConfig
from nvg_studio.model.tokenizer import Tokenizer
from nvg_studio.sampling.failures import is_out_of_memory
from nvg_studio.training import devices
from nvg_studio.training.alignment import open_features, save_features
from nvg_studio.training.cache import Augmentation, SequenceCache, build_cache, crops_again, load_cache, scale_factors
from nvg_studio.training.console import OneLineParser, exit_code
from nvg_studio.training.crops import READ_AHEAD
from nvg_studio.training.few_step import DEFAULT_STEPS, FewStepRecipe, FewStepTask
from nvg_studio.training.generator import GeneratorRecipe, GeneratorTask
from nvg_studio.training.loop import Schedule, Settings, train, writing
from nvg_studio.training.options import (
    add_decoder_only,
    add_generator_options,
    add_tokenizer_options,
    load_judges,
    tokenizer_numbers,
)
from nvg_studio.training.pack import PhotoSet, load_photos, write_pack
from nvg_studio.training.preview import PreviewRecipe, PreviewTask
from nvg_studio.training.recipes import SIZES, make_config
from nvg_studio.training.tokenizer import TokenizerRecipe, TokenizerTask
from nvg_studio.training.vit import load_vit

TOKENIZER_SHARE = 0.3
"""Part of the time budget that `all` gives to the tokenizer."""
HOLD_OUT_EVERY = 10
"""Without a folder of held-out photos every tenth one is held out."""


def main(argv: list[str] | None = None) -> int:
    """Run a training command; returns the exit code: 0, 2 for bad input, 130 after Ctrl+C (the state is saved).

    Started by `torchrun`, it shares the work with the other processes.
    """
    options = _parser().parse_args(argv)
    stop = _stop_on_interrupt()
    return exit_code(lambda: _run(options, stop), devices.last_words) or (130 if stop.is_set() else 0)


def _run(options: argparse.Namespace, stop: threading.Event) -> None:
    try:
        with devices.joined():
            options.action(options, stop)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise TrainingError(
            "Out of memory. Lower --batch, take a smaller --size or fewer --crops, or close other programs; then give "
            "the command again: what was saved is whole."
        ) from error


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog="nvg-studio train",
        description="Train NVG on folders of photos, one a class.",
        epilog="On N devices: torchrun --nproc-per-node N -m nvg_studio.training, then the same arguments.",
    )
    commands = parser.add_subparsers(required=True, metavar="pack|tokenizer|generator|all|few-step|preview")
    pack = commands.add_parser("pack", help="put a folder of class folders into one file")
    pack.add_argument("data", type=Path)
    pack.add_argument("target", type=Path)
    pack.add_argument("--short-side", type=int, default=144, help="pixels (default: %(default)s)")
    pack.set_defaults(action=_pack)
    for name, action, text in (
        ("tokenizer", _tokenizer, "train the autoencoder and the codebook"),
        ("generator", _generator, "train content and structure networks on a finished tokenizer"),
        ("all", _all, "both, one after the other"),
        ("few-step", _few_step, "teach a finished model (--init) to make structure in one to four steps"),
        ("preview", _preview, "teach a small network to draw previews for a finished model (--init)"),
    ):
        command = commands.add_parser(name, help=text)
        _add_common(command)
        command.set_defaults(action=action, decoder_only=False)
        if action in (_tokenizer, _generator, _all):
            _add_new_model(command)
        if action is not _preview:
            _add_crops_and_compiler(command)
        if action in (_tokenizer, _all):
            add_tokenizer_options(command)
        if action in (_generator, _all):
            add_generator_options(command)
        if action is _tokenizer:
            add_decoder_only(command)
    return parser


def _add_common(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("data", type=Path, help="folder of class folders, or a pack")
    add("--out", type=Path, required=True, help="folder of the run; a run that is there already goes on")
    add("--val", type=Path, help="held-out photos (default: every tenth of the data)")
    add("--minutes", type=float, help="time budget")
    add("--steps", type=int, help="step budget")
    add("--batch", type=int, help="photos a step, of all processes together")
    add("--rate", type=float, help="peak learning rate")
    add("--seed", type=int, default=0)
    add("--init", type=Path, help="model folder whose weights to start from")
    add("--device", default="auto")
    add("--float32", action="store_true", help="no bfloat16")
    add("--save-every", type=float, default=120.0, help="seconds between saves (default: %(default)g)")
    add("--report-every", type=int, default=500, help="steps between reports (default: %(default)s)")


def _add_new_model(command: argparse.ArgumentParser) -> None:
    command.add_argument("--name", default="own", help="name of the model")
    command.add_argument("--size", default="small", choices=sorted(SIZES), help="(default: %(default)s)")


def _add_crops_and_compiler(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--crops", type=int, default=6, help="crops of each photo the generator trains on (default: %(default)s)")
    add("--compile", action="store_true", help="compile the networks first: faster steps, a slow start")


def _pack(options: argparse.Namespace, _: threading.Event) -> None:
    count, skipped = write_pack(options.data, options.target, options.short_side)
    megabytes = options.target.stat().st_size / 2**20
    print(f"{count} photos, {megabytes:.1f} MiB in '{options.target}'. {_skipped_line(skipped, count)}")


def _tokenizer(options: argparse.Namespace, stop: threading.Event, share: float = 1.0) -> None:
    device = devices.own_device(options.device)
    torch.backends.cudnn.benchmark = True  # all batches have one shape
    _check_compiler(options)
    train_set, val_set = _photos(options, SIZES[options.size].tokenizer.image_size)
    config = make_config(options.name, options.size, train_set.classes)
    numbers = {**_given(batch=options.batch, rate=options.rate), **tokenizer_numbers(options)}
    recipe = TokenizerRecipe(seed=options.seed, bf16=not options.float32, **numbers)
    init = load_tokenizer(options.init, config.tokenizer) if options.init else None
    judges = load_judges(options, device)
    task = TokenizerTask(config.tokenizer, recipe, train_set, val_set, device, init, options.compile, judges)
    averaged = train(task, _settings(options, "tokenizer", share), stop.is_set)
    if devices.first():
        with writing(options.out / "model"):
            if options.decoder_only:
                save_decoder(options.init, averaged, options.name, options.out / "model")
            else:
                save_model(config, averaged, None, options.out / "model")
    devices.wait()


def _generator(options: argparse.Namespace, stop: threading.Event, share: float = 1.0) -> None:
    device = devices.own_device(options.device)
    _check_compiler(options)
    train_set, val_set = _photos(options, SIZES[options.size].tokenizer.image_size)
    config = make_config(options.name, options.size, train_set.classes)
    init: Networks | None = load_model(options.init) if options.init else None
    tokenizer = init.tokenizer if init else load_tokenizer(options.out / "model", config.tokenizer)
    tokenizer.to(device).eval()
    folder = options.out / "generator"
    features = _features(options, tokenizer.config, train_set, folder, device) if options.repa else None
    train_cache, val_cache = _caches(options, tokenizer, train_set, val_set, folder)
    factors = init.config.generator.scale_factors if init else scale_factors(tokenizer, train_cache, device)
    config = make_config(options.name, options.size, train_set.classes, factors)
    recipe = GeneratorRecipe(
        seed=options.seed, bf16=not options.float32, **_given(pictures=options.batch, rate=options.rate)
    )
    start = init.generator if init else None
    task = GeneratorTask(config, recipe, tokenizer, train_cache, val_cache, device, start, options.compile, features)
    averaged = train(task, _settings(options, "generator", share), stop.is_set)
    if devices.first():
        with writing(options.out / "model"):
            save_model(config, tokenizer, averaged, options.out / "model", torch.float16, source=init)


def _few_step(options: argparse.Namespace, stop: threading.Event) -> None:
    if not options.init:
        raise TrainingError("A few-step network learns from a finished model. Name its folder with --init.")
    device = devices.own_device(options.device)
    _check_compiler(options)
    model = load_model(options.init)
    train_set, val_set = _photos(options, model.config.tokenizer.image_size)
    if train_set.classes != model.config.class_names:
        raise TrainingError(f"'{options.data}' has other classes than '{options.init}'. Use the same class folders.")
    tokenizer = model.tokenizer.to(device).eval()
    caches = _caches(options, tokenizer, train_set, val_set, options.out / "few-step")
    recipe = FewStepRecipe(
        seed=options.seed, bf16=not options.float32, **_given(pictures=options.batch, rate=options.rate)
    )
    task = FewStepTask(model, recipe, *caches, device, options.compile)
    averaged = train(task, _settings(options, "few-step", warmup_steps=20), stop.is_set)
    if devices.first():
        with writing(options.out / "model"):
            add_few_step(options.init, averaged, DEFAULT_STEPS, options.out / "model")


def _preview(options: argparse.Namespace, stop: threading.Event) -> None:
    if not options.init:
        raise TrainingError("A preview decoder learns from a finished model. Name its folder with --init.")
    device = devices.own_device(options.device)
    model = load_model(options.init)
    train_set, val_set = _photos(options, model.config.tokenizer.image_size)
    recipe = PreviewRecipe(
        seed=options.seed, bf16=not options.float32, **_given(batch=options.batch, rate=options.rate)
    )
    task = PreviewTask(model, recipe, train_set, val_set, device)
    averaged = train(task, _settings(options, "preview", warmup_steps=20), stop.is_set)
    if devices.first():
        with writing(options.out / "model"):
            add_preview(options.init, averaged, options.out / "model")


def _features(
    options: argparse.Namespace, config: TokenizerConfig, train_set: PhotoSet, folder: Path, device: torch.device
) -> NDArray[np.float16]:
    """What DINOv2 sees in the crops that are trained on, from `folder` or made there; then they are encoded anew."""
    path, count = folder / "features.npy", max(options.crops, 1) * len(train_set.pictures)
    with devices.first_ahead():
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "train.npz").unlink(missing_ok=True)
            crops = crops_again(train_set, options.crops, config.image_size, options.seed)
            with writing(path):
                save_features(load_vit(options.repa, device), crops, count, config.grid, device, path)
        return open_features(path, count, config.cells)


def _caches(
    options: argparse.Namespace, tokenizer: Tokenizer, train_set: PhotoSet, val_set: PhotoSet, folder: Path
) -> tuple[SequenceCache, SequenceCache]:
    """Encoded crops for training, and the held-out photos, from `folder` or made there."""
    folder.mkdir(parents=True, exist_ok=True)

    def cached(name: str, photos: PhotoSet, crops: int) -> SequenceCache:
        path = folder / f"{name}.npz"
        if not path.exists():
            device = next(tokenizer.parameters()).device
            made = build_cache(tokenizer, photos, crops, Augmentation(), options.seed, device)
            with writing(path):
                made.save(path)
        return load_cache(path)

    with devices.first_ahead():
        return cached("train", train_set, options.crops), cached("val", val_set, 0)


def _all(options: argparse.Namespace, stop: threading.Event) -> None:
    _tokenizer(options, stop, TOKENIZER_SHARE)
    if not devices.agree(0.0, stop.is_set())[1]:
        _generator(options, stop, 1 - TOKENIZER_SHARE)


def _check_compiler(options: argparse.Namespace) -> None:
    if options.compile and not any(map(shutil.which, (os.environ.get("CXX", "g++"), "clang++", "cl"))):
        raise TrainingError("--compile needs a C++ compiler and found none. Install g++, or leave --compile out.")


def _settings(options: argparse.Namespace, part: str, share: float = 1.0, warmup_steps: int = 100) -> Settings:
    if not options.minutes and not options.steps:
        raise TrainingError("No budget given. Add --minutes or --steps.")
    seconds = options.minutes * 60 * share if options.minutes else None
    schedule = Schedule(options.steps, seconds, warmup_steps)
    return Settings(options.out / part, schedule, options.save_every, options.report_every)


def _photos(options: argparse.Namespace, image_size: int) -> tuple[PhotoSet, PhotoSet]:
    """Photos to train on and held-out ones, for pictures of `image_size` pixels."""
    short_side = round(image_size * READ_AHEAD)
    photos = _readable(options.data, short_side)
    if options.val:
        held_out = _readable(options.val, short_side)
        if held_out.classes != photos.classes:
            raise TrainingError(f"'{options.val}' has other classes than '{options.data}'. Use the same class folders.")
        return photos, held_out
    held = np.arange(len(photos.pictures)) % HOLD_OUT_EVERY == 0
    return photos.where(~held), photos.where(held)


def _readable(path: Path, short_side: int) -> PhotoSet:
    photos = load_photos(path, short_side)
    if photos.skipped and devices.first():
        print(_skipped_line(photos.skipped, len(photos.pictures)))
    return photos


def _given(**values: float | None) -> dict[str, Any]:
    """Only what the user asked for; the recipes know the rest."""
    return {name: value for name, value in values.items() if value is not None}


def _skipped_line(skipped: tuple[str, ...], kept: int) -> str:
    if not skipped:
        return "None was skipped."
    shown = ", ".join(skipped[:5]) + (" and more" if len(skipped) > 5 else "")
    return f"Skipped {len(skipped)} of {len(skipped) + kept} that could not be read: {shown}."


def _stop_on_interrupt() -> threading.Event:
    """Ctrl+C ends the loop after the present step, and the state is saved; a second one ends at once."""
    stop = threading.Event()

    def interrupt(_: int, __: FrameType | None) -> None:
        if stop.is_set():
            os._exit(130)
        stop.set()

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, interrupt)
    return stop


if __name__ == "__main__":
    sys.exit(main())
