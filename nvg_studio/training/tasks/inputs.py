"""What a training command starts from: photos, the model's description, encoded crops."""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from nvg_studio.errors import TrainingError
from nvg_studio.granularity.structure_method import HALVES, METHODS, StructureMethod, method_name, of_kind
from nvg_studio.model.checkpoint import CONFIG
from nvg_studio.model.config import ModelConfig, TokenizerConfig, read_config
from nvg_studio.model.identity import tokenizer_identity
from nvg_studio.model.tokenizer import Tokenizer
from nvg_studio.training.data.cache import Augmentation, SequenceCache, build_cache, crops_again, load_cache
from nvg_studio.training.data.crops import READ_AHEAD
from nvg_studio.training.data.pack import PhotoSet, load_photos
from nvg_studio.training.loop import devices
from nvg_studio.training.loop.train_loop import writing
from nvg_studio.training.losses.alignment import open_features, save_features
from nvg_studio.training.losses.vit import load_vit
from nvg_studio.training.tasks.codebook_refit import LatentCache, encode_crops, load_latents
from nvg_studio.training.tasks.recipes import make_config, size_of

HOLD_OUT_EVERY = 10
"""Without a folder of held-out photos every tenth one is held out."""
DEFAULT_SIZE, DEFAULT_NAME = "small", "own"
NEW_METHOD: StructureMethod = HALVES
"""How a new model clusters pictures, unless --structure-method is given."""


def described(options: argparse.Namespace) -> ModelConfig:
    """The requested model without its classes: as --init says where it is given, else of --size.

    Raises:
        CheckpointError, TrainingError.
    """
    if not options.init:
        blank = make_config(options.name or DEFAULT_NAME, options.size or DEFAULT_SIZE, ("one",))
        return _with_method(blank, options.structure_method, NEW_METHOD)
    config = read_config(options.init / CONFIG)
    if options.size and size_of(make_config("any", options.size, ("one",))) != size_of(config):
        raise TrainingError(f"'{options.init}' has another size than '{options.size}'. Leave --size out.")
    # The former names of its tokenizer are given back where the tokenizer is written as it is.
    named = replace(config, name=options.name or config.name, legacy_fingerprints=())
    return _with_method(named, options.structure_method, config.tokenizer.structure_method)


def _with_method(config: ModelConfig, name: str | None, present: StructureMethod) -> ModelConfig:
    """The configuration with the named method; its numbers stay where it is the present one."""
    method = present if name is None else of_kind(METHODS[name], present)
    return replace(config, tokenizer=replace(config.tokenizer, structure_method=method))


def check_classes(photos: PhotoSet, config: ModelConfig, options: argparse.Namespace) -> None:
    """Raise TrainingError unless the photos have the classes of the model that --init names."""
    if photos.classes != config.class_names:
        raise TrainingError(f"'{options.data}' has other classes than '{options.init}'. Use the same class folders.")


def photos_for(options: argparse.Namespace, image_size: int) -> tuple[PhotoSet, PhotoSet]:
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
    if photos.skipped and devices.is_main():
        print(skipped_line(photos.skipped, len(photos.pictures)))
    return photos


def skipped_line(skipped: tuple[str, ...], kept: int) -> str:
    """The message about photos that could not be read."""
    if not skipped:
        return "None was skipped."
    shown = ", ".join(skipped[:5]) + (" and more" if len(skipped) > 5 else "")
    return f"Skipped {len(skipped)} of {len(skipped) + kept} that could not be read: {shown}."


def features_for(
    options: argparse.Namespace, config: TokenizerConfig, train_set: PhotoSet, folder: Path, device: torch.device
) -> NDArray[np.float16]:
    """What DINOv2 sees in the crops that are trained on, from `folder` or made there; then they are encoded again."""
    path, count = folder / "features.npy", max(options.crops, 1) * len(train_set.pictures)
    with devices.main_process_first():
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "train.npz").unlink(missing_ok=True)
            crops = crops_again(train_set, options.crops, config.image_size, options.seed)
            with writing(path):
                save_features(load_vit(options.repa, device), crops, count, config.grid, device, path)
        return open_features(path, count, config.cells)


def caches_for(
    options: argparse.Namespace, tokenizer: Tokenizer, train_set: PhotoSet, val_set: PhotoSet, folder: Path
) -> tuple[SequenceCache, SequenceCache]:
    """Encoded crops for training, and the held-out photos, from `folder` or made there.

    Those that another tokenizer or another structure method has made are computed again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source = made_with(tokenizer)

    def cached(name: str, photos: PhotoSet, crops: int) -> SequenceCache:
        path = folder / f"{name}.npz"
        found = load_cache(path, source) if path.exists() else None
        if found is None:
            device = next(tokenizer.parameters()).device
            made = build_cache(tokenizer, photos, crops, Augmentation(), options.seed, device)
            with writing(path):
                made.save(path, source)
            found = load_cache(path, source)
        if found is None:
            raise TrainingError(f"The cache '{path}' is changed by another run. Choose a folder for this one alone.")
        return found

    with devices.main_process_first():
        return cached("train", train_set, options.crops), cached("val", val_set, 0)


def latents_for(options: argparse.Namespace, tokenizer: Tokenizer, photos: PhotoSet, folder: Path) -> LatentCache:
    """Encoded crops to refit codes on, from `folder` or made there."""
    folder.mkdir(parents=True, exist_ok=True)
    path, source = folder / "latents.npz", made_with(tokenizer)
    with devices.main_process_first():
        if not path.exists():
            device = next(tokenizer.parameters()).device
            with writing(path):
                encode_crops(tokenizer, photos, options.crops, options.seed, device).save(path, source)
        return load_latents(path, source)


def made_with(tokenizer: Tokenizer) -> str:
    """Names everything that a picture's sequence depends on; begins with the structure method."""
    return f"{method_name(tokenizer.config.structure_method)} {tokenizer_identity(tokenizer.config, tokenizer)}"
