"""What the command line says about losses, and the networks that it names for them."""

import argparse
from pathlib import Path
from typing import Any

import torch
from torch import nn

from nvg_studio.errors import TrainingError
from nvg_studio.training.losses.adversary import Critic, DinoDiscriminator, PatchDiscriminator
from nvg_studio.training.losses.perceptual import load_perceptual
from nvg_studio.training.losses.vit import load_vit
from nvg_studio.training.tasks.tokenizer import ReconstructionLosses

MAX_STAGES = 8
RECIPE = ("perceptual_weight", "codebook_warmup", "coarse", "noise")
"""Options that are numbers of the tokenizer's recipe."""


def add_tokenizer_options(command: argparse.ArgumentParser) -> None:
    """Losses of the tokenizer; those not given are the recipe's."""
    add = command.add_argument
    add("--perceptual", type=Path, help="folder of a classifier, EfficientNet-Lite or VGG16 whose features compare")
    add("--perceptual-weight", type=float, metavar="W", help="(default: 1)")
    add("--adversary", choices=("patch", "dino"), help="a discriminator that learns to tell rebuilt pictures")
    add("--dino", type=Path, help="folder of a DINO transformer, for --adversary dino")
    add("--codebook-warmup", type=share, metavar="SHARE", help="of the run, in which all codes learn from every vector")
    add("--coarse", type=share, metavar="SHARE", help="of the pictures, decoded from an earlier stage (default: 0.4)")
    add("--noise", type=float, help="most noise on the other canvases, in deviations (default: 0.2)")


def add_generator_options(command: argparse.ArgumentParser) -> None:
    """Help for the generator."""
    add = command.add_argument
    add("--repa", type=Path, help="folder of a DINOv2 transformer whose features the generator learns")
    add("--content-stages", type=stages, metavar="N", help="stages of each picture that content learns (default: 2)")
    add(
        "--structure-stages", type=stages, metavar="N", help="the same for structure (default: 1); 0 leaves it as it is"
    )


def add_decoder_only(command: argparse.ArgumentParser) -> None:
    """Going on with the decoder of a whole model."""
    part = command.add_mutually_exclusive_group()
    part.add_argument(
        "--decoder-only", action="store_true", help="train the decoder of --init alone; its generator stays valid"
    )
    part.add_argument(
        "--codes-only", action="store_true", help="refit codes and refiners of --init alone, from where they are"
    )


def stages(text: str) -> int:
    """A whole number from 0 to 8."""
    value = int(text)
    if not 0 <= value <= MAX_STAGES:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 0 to {MAX_STAGES}")
    return value


def generator_numbers(options: argparse.Namespace) -> dict[str, Any]:
    """Numbers of the generator's recipe that were given."""
    numbers = {name: getattr(options, name) for name in ("content_stages", "structure_stages")}
    if numbers["content_stages"] == 0 and numbers["structure_stages"] == 0:
        raise TrainingError("--content-stages 0 and --structure-stages 0 leave nothing to learn. Raise one of them.")
    if numbers["content_stages"] == 0 and options.repa:
        raise TrainingError("--repa helps the content network. Raise --content-stages, or leave --repa out.")
    return {name: value for name, value in numbers.items() if value is not None}


def share(text: str) -> float:
    """A number from 0 up to, but not, 1."""
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a share from 0 to below 1")
    return value


def tokenizer_numbers(options: argparse.Namespace) -> dict[str, Any]:
    """Numbers of the tokenizer's recipe that were given."""
    for part in ("decoder_only", "codes_only"):
        if getattr(options, part) and options.init is None:
            raise TrainingError(f"--{part.replace('_', '-')} needs a trained model. Add --init with its folder.")
    given = {name: getattr(options, name) for name in RECIPE if getattr(options, name) is not None}
    return {**given, "decoder_only": options.decoder_only}


def load_reconstruction_losses(options: argparse.Namespace, device: torch.device) -> ReconstructionLosses:
    """The networks that the options name. Raises CheckpointError, and TrainingError where one is missing."""
    perceptual = load_perceptual(options.perceptual, device) if options.perceptual else None
    discriminator = _discriminator(options, device) if options.adversary else None
    return ReconstructionLosses(perceptual, Critic(discriminator).to(device) if discriminator else None)


def _discriminator(options: argparse.Namespace, device: torch.device) -> nn.Module:
    torch.manual_seed(options.seed)
    if options.adversary == "patch":
        return PatchDiscriminator()
    if options.dino is None:
        raise TrainingError("--adversary dino needs a transformer. Add --dino with its folder, or use patch.")
    return DinoDiscriminator(load_vit(options.dino, device))
