"""`python -m nvg_studio.training COMMAND`: needs only torch, numpy, scipy, safetensors, cv2 and tqdm."""

from nvg_studio.native_runtime import prepare_process

prepare_process()  # before torch is imported

import argparse
import os
import shutil
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from nvg_studio.errors import TrainingError
from nvg_studio.granularity.structure_method import METHODS, method_name
from nvg_studio.model.checkpoint import (
    Networks,
    add_few_step,
    add_preview,
    load_model,
    load_tokenizer,
    save_model,
    save_tokenizer,
)
from nvg_studio.model.config import ModelConfig
from nvg_studio.model.tokenizer import Tokenizer
from nvg_studio.errors import is_out_of_memory
from nvg_studio.sampling.precision import Precision
from nvg_studio.training.loop import devices
from nvg_studio.training.data.cache import scale_factors
from nvg_studio.training.tasks.codebook_refit import CodesRecipe, CodesTask, comparison, token_maps
from nvg_studio.training.loop.console import OneLineParser, exit_code
from nvg_studio.training.tasks.few_step import DEFAULT_STEPS, FewStepRecipe, FewStepTask
from nvg_studio.training.tasks.generator import GeneratorRecipe, GeneratorTask
from nvg_studio.training.tasks.inputs import (
    DEFAULT_NAME,
    DEFAULT_SIZE,
    NEW_METHOD,
    caches_for,
    check_classes,
    described,
    features_for,
    latents_for,
    photos_for,
    skipped_line,
)
from nvg_studio.training.loop.train_loop import Settings, train, writing
from nvg_studio.training.loop.schedule import Schedule
from nvg_studio.training.tasks.options import (
    add_decoder_only,
    add_generator_options,
    add_tokenizer_options,
    generator_numbers,
    load_reconstruction_losses,
    tokenizer_numbers,
)
from nvg_studio.training.data.pack import PhotoSet, write_pack
from nvg_studio.training.loop.precision import add_precision_options, chosen_rules
from nvg_studio.training.tasks.preview import PreviewRecipe, PreviewTask
from nvg_studio.training.tasks.recipes import SIZES, trained_config, with_classes
from nvg_studio.training.tasks.tokenizer import TokenizerRecipe, TokenizerTask

TOKENIZER_SHARE = 0.3
"""Part of the time budget that `all` gives to the tokenizer."""


def main(argv: list[str] | None = None) -> int:
    """Run a training command; returns the exit code: 0, 2 for bad input, 130 after Ctrl+C (the state is saved).

    Started by `torchrun`, it shares the work with the other processes.
    """
    options = _parser().parse_args(argv)
    stop = _stop_on_interrupt()
    return exit_code(lambda: _run(options, stop), devices.report_once) or (130 if stop.is_set() else 0)


def _run(options: argparse.Namespace, stop: threading.Event) -> None:
    try:
        with devices.process_group():
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
        command.set_defaults(action=action, decoder_only=False, codes_only=False)
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
    add_precision_options(command)
    add("--save-every", type=float, default=120.0, help="seconds between saves (default: %(default)g)")
    add("--report-every", type=int, default=500, help="steps between reports (default: %(default)s)")


def _add_new_model(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--name", help=f"name of the model (default: as --init, else {DEFAULT_NAME})")
    add("--size", choices=sorted(SIZES), help=f"(default: as --init, else {DEFAULT_SIZE})")
    add(
        "--structure-method",
        choices=sorted(METHODS),
        help=f"how pictures are clustered (default: as --init, else {method_name(NEW_METHOD)})",
    )


def _add_crops_and_compiler(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--crops", type=int, default=6, help="crops of each photo the generator trains on (default: %(default)s)")
    add("--compile", action="store_true", help="compile the networks first: faster steps, a slow start")


def _pack(options: argparse.Namespace, _: threading.Event) -> None:
    count, skipped = write_pack(options.data, options.target, options.short_side)
    megabytes = options.target.stat().st_size / 2**20
    print(f"{count} photos, {megabytes:.1f} MiB in '{options.target}'. {skipped_line(skipped, count)}")


def _tokenizer(options: argparse.Namespace, stop: threading.Event, share: float = 1.0) -> None:
    device = devices.local_device(options.device)
    torch.backends.cudnn.benchmark = True  # all batches have one shape
    _check_compiler(options)
    numbers = {**_given(batch=options.batch, rate=options.rate), **tokenizer_numbers(options)}
    base = described(options)
    train_set, val_set = photos_for(options, base.tokenizer.image_size)
    init = load_tokenizer(options.init, base.tokenizer) if options.init else None
    if init is not None and options.codes_only:
        _codes(options, stop, base, init, (train_set, val_set), device)
        return
    recipe = TokenizerRecipe(seed=options.seed, **numbers)
    reconstruction_losses = load_reconstruction_losses(options, device)
    task = TokenizerTask(
        base.tokenizer, recipe, train_set, val_set, device, init, options.compile, reconstruction_losses
    )
    averaged = train(task, _settings(options, device, "tokenizer", share), stop.is_set)
    if devices.is_main():
        with writing(options.out / "model"):
            if options.decoder_only:
                save_tokenizer(options.init, averaged, base, options.out / "model")
            else:
                save_model(with_classes(base, train_set.classes), averaged, None, options.out / "model")
    devices.barrier()


def _codes(
    options: argparse.Namespace,
    stop: threading.Event,
    config: ModelConfig,
    tokenizer: Tokenizer,
    photos: tuple[PhotoSet, PhotoSet],
    device: torch.device,
) -> None:
    """Refit codes and refiners; encoder, decoder and the networks of the model stay."""
    tokenizer = tokenizer.to(device).requires_grad_(False)
    tokenizer.quantizer.requires_grad_(True)
    cache = latents_for(options, tokenizer, photos[0], options.out / "codes")
    recipe = CodesRecipe(seed=options.seed, **_given(batch=options.batch, rate=options.rate))
    task = CodesTask(tokenizer, recipe, cache, photos[1], device)
    before = task.report(tokenizer.quantizer, options.out, 0, final=False)
    # The quantiser's sums are small: they gain nothing by a smaller type.
    settings = replace(_settings(options, device, "codes"), precisions=(Precision(),))
    averaged = train(task, settings, stop.is_set)
    tokenizer.quantizer = averaged
    factors = scale_factors(tokenizer, token_maps(tokenizer, cache, device), device)
    config = replace(config, generator=replace(config.generator, scale_factors=factors))
    if devices.is_main():
        with writing(options.out / "model"):
            save_tokenizer(options.init, tokenizer, config, options.out / "model", same_decoder=True)
        print(comparison(before, task.report(averaged, options.out, 0, final=True)))
    devices.barrier()


def _generator(options: argparse.Namespace, stop: threading.Event, share: float = 1.0, fresh: bool = False) -> None:
    """`fresh`: on the tokenizer of this run, also where the networks start from another model."""
    device = devices.local_device(options.device)
    _check_compiler(options)
    numbers = {**_given(pictures=options.batch, rate=options.rate), **generator_numbers(options)}
    base = described(options)
    train_set, val_set = photos_for(options, base.tokenizer.image_size)
    init: Networks | None = load_model(options.init) if options.init else None
    if init:
        check_classes(train_set, init.config, options)
    tokenizer_folder = options.init if init and not fresh else options.out / "model"
    tokenizer = load_tokenizer(tokenizer_folder, base.tokenizer).to(device).eval()
    folder = options.out / "generator"
    features = features_for(options, tokenizer.config, train_set, folder, device) if options.repa else None
    train_cache, val_cache = caches_for(options, tokenizer, train_set, val_set, folder)
    if init and not fresh and init.config.tokenizer == base.tokenizer:
        factors = init.config.generator.scale_factors
    else:
        factors = scale_factors(tokenizer, train_cache.seen_map, device)
    config = trained_config(with_classes(base, train_set.classes), factors, bool(init and init.few_step))
    recipe = GeneratorRecipe(seed=options.seed, **numbers)
    start = init.generator if init else None
    rules = chosen_rules(options, device)
    task = GeneratorTask(
        config, recipe, tokenizer, train_cache, val_cache, device, start, options.compile, features, rules
    )
    averaged = train(task, _settings(options, device, "generator", share), stop.is_set)
    if devices.is_main():
        preview = init.preview if init and not fresh else None
        with writing(options.out / "model"):
            save_model(config, tokenizer, averaged, options.out / "model", torch.float16, preview=preview, source=init)


def _few_step(options: argparse.Namespace, stop: threading.Event) -> None:
    if not options.init:
        raise TrainingError("A few-step network learns from a finished model. Name its folder with --init.")
    device = devices.local_device(options.device)
    _check_compiler(options)
    model = load_model(options.init)
    train_set, val_set = photos_for(options, model.config.tokenizer.image_size)
    check_classes(train_set, model.config, options)
    tokenizer = model.tokenizer.to(device).eval()
    caches = caches_for(options, tokenizer, train_set, val_set, options.out / "few-step")
    recipe = FewStepRecipe(seed=options.seed, **_given(pictures=options.batch, rate=options.rate))
    task = FewStepTask(model, recipe, *caches, device, options.compile)
    averaged = train(task, _settings(options, device, "few-step", warmup_steps=20), stop.is_set)
    if devices.is_main():
        with writing(options.out / "model"):
            add_few_step(options.init, averaged, DEFAULT_STEPS, options.out / "model")


def _preview(options: argparse.Namespace, stop: threading.Event) -> None:
    if not options.init:
        raise TrainingError("A preview decoder learns from a finished model. Name its folder with --init.")
    device = devices.local_device(options.device)
    model = load_model(options.init)
    train_set, val_set = photos_for(options, model.config.tokenizer.image_size)
    recipe = PreviewRecipe(seed=options.seed, **_given(batch=options.batch, rate=options.rate))
    task = PreviewTask(model, recipe, train_set, val_set, device)
    averaged = train(task, _settings(options, device, "preview", warmup_steps=20), stop.is_set)
    if devices.is_main():
        with writing(options.out / "model"):
            add_preview(options.init, averaged, options.out / "model")


def _all(options: argparse.Namespace, stop: threading.Event) -> None:
    _tokenizer(options, stop, TOKENIZER_SHARE)
    if not devices.synchronized(0.0, stop.is_set())[1]:
        _generator(options, stop, 1 - TOKENIZER_SHARE, fresh=True)


def _check_compiler(options: argparse.Namespace) -> None:
    if options.compile and not any(map(shutil.which, (os.environ.get("CXX", "g++"), "clang++", "cl"))):
        raise TrainingError("--compile needs a C++ compiler and found none. Install g++, or leave --compile out.")


def _settings(
    options: argparse.Namespace, device: torch.device, part: str, share: float = 1.0, warmup_steps: int = 100
) -> Settings:
    if not options.minutes and not options.steps:
        raise TrainingError("No budget given. Add --minutes or --steps.")
    seconds = options.minutes * 60 * share if options.minutes else None
    schedule = Schedule(options.steps, seconds, warmup_steps)
    precisions = chosen_rules(options, device).training(options.precision)
    return Settings(options.out / part, schedule, options.save_every, options.report_every, precisions=precisions)


def _given(**values: float | None) -> dict[str, Any]:
    """Only the options that the user gave; the recipes know the rest."""
    return {name: value for name, value in values.items() if value is not None}


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
