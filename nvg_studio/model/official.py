"""The published training checkpoints: read, converted, their tensor names, and the configuration that shapes imply."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from nvg_studio.errors import CheckpointError
from nvg_studio.model.checkpoint import (
    CONFIG,
    GENERATOR,
    TOKENIZER,
    Networks,
    check_weights,
    copy_weights,
    empty_networks,
    load_tensors,
    write_tensors,
)
from nvg_studio.model.classes import class_names
from nvg_studio.model.config import OFFICIAL_SAMPLING, GeneratorConfig, ModelConfig, TokenizerConfig, write_config
from nvg_studio.model.identity import identify

EMA_PREFIX = "ema_model.nvgformer."
RAW_PREFIX = "nvgformer."
SCALE_FACTORS = "scale_factors"

Tensors = Mapping[str, Tensor]

_TOKENIZER_RULES = [
    (re.compile(r"\.(conv|norm)\.(weight|bias)$"), r".\2"),
    (re.compile(r"\.(?:down|up)sample\.conv\."), ".resize.conv."),
    (re.compile(r"\.(?:down|up)sample\.(weight|bias)$"), r".resize.conv.\1"),
    (re.compile(r"^quantize\."), "quantizer."),
]
_GENERATOR_RULES = [
    (re.compile(r"\.modulation\.lin\."), ".modulation."),
    (re.compile(r"\.norm\.(query|key)_norm\."), r".\1_norm."),
    (re.compile(r"\.adaLN_modulation\.1\."), ".modulation."),
    (re.compile(r"^content_start_embed$"), "content.start"),
    (re.compile(r"^x0_head\."), "content.head."),
    (re.compile(r"^cls_head\.linear\."), "content.classifier."),
    (re.compile(r"^content_"), "content."),
    (re.compile(r"^structure_content_cond_embed\."), "structure.canvas_embed."),
    (re.compile(r"^structure_time_embed\.(in|out)_layer\."), r"structure.time_\1."),
    (re.compile(r"^structure_"), "structure."),
]


@dataclass(frozen=True)
class Official:
    """What inference needs of the two published checkpoints, by our names; the tensors stay on disk until touched."""

    config: ModelConfig
    tokenizer: Mapping[str, Tensor]
    generator: Mapping[str, Tensor]


def read_official(autoencoder: Path, generator: Path, ema: bool = True) -> Official:
    """Find the tensors of inference in the two published training checkpoints, and check names, shapes and numbers.

    Args:
        ema: the averaged generator weights; False: the raw ones.

    Raises:
        CheckpointError: a file is unreadable, unsafe, or lacks tensors; the message names them.
    """
    tokenizer_tensors = tokenizer_weights(_state_dict(autoencoder))
    state = _state_dict(generator)
    generator_tensors = generator_weights(state, ema)
    prefix = EMA_PREFIX if ema else RAW_PREFIX
    factors = state.get(prefix + SCALE_FACTORS)
    if factors is None:
        raise CheckpointError(f"'{generator}' lacks '{prefix}{SCALE_FACTORS}'. Get the file again.")
    config = infer_config(tokenizer_tensors, generator_tensors, factors, name=f"nvg-{generator.stem}")
    tokenizer_net, generator_net = empty_networks(config)
    check_weights(tokenizer_net, tokenizer_tensors, str(autoencoder))
    check_weights(generator_net, generator_tensors, str(generator))
    return Official(config, tokenizer_tensors, generator_tensors)


def load_official(autoencoder: Path, generator: Path, ema: bool = True) -> Networks:
    """Read the two published training checkpoints into networks; as `read_official`."""
    found = read_official(autoencoder, generator, ema)
    tokenizer_net, generator_net = empty_networks(found.config)
    copy_weights(tokenizer_net, found.tokenizer)
    copy_weights(generator_net, found.generator)
    identity = identify(found.config, tokenizer_net, generator_net)
    return Networks(found.config, tokenizer_net.eval(), generator_net.eval(), identity)


def convert_official(autoencoder: Path, generator: Path, folder: Path, ema: bool = True) -> ModelConfig:
    """Write the two published checkpoints as a model folder, from disk to disk; as `read_official`.

    No network is built: memory holds at most the pages of the weights that are being copied.
    """
    found = read_official(autoencoder, generator, ema)
    folder.mkdir(parents=True, exist_ok=True)
    write_tensors(found.tokenizer, folder / TOKENIZER)
    write_tensors(found.generator, folder / GENERATOR)
    write_config(found.config, folder / CONFIG)
    return found.config


def _state_dict(path: Path) -> Mapping[str, Tensor]:
    state = load_tensors(path).get("state_dict")
    if not isinstance(state, Mapping) or not all(isinstance(v, Tensor) for v in state.values()):
        raise CheckpointError(f"'{path}' holds no 'state_dict' of tensors. Choose a published training checkpoint.")
    return state


def tokenizer_weights(state: Tensors) -> dict[str, Tensor]:
    """The tokenizer's own tensors by our names; averaged copy, counters and losses are left out."""
    kept = {key: value for key, value in state.items() if key.startswith(("encoder.", "decoder.", "quantize."))}
    return {_rename(key, _TOKENIZER_RULES): value for key, value in kept.items()}


def generator_weights(state: Tensors, ema: bool) -> dict[str, Tensor]:
    """Content and structure tensors by our names, from the averaged or the raw copy; alignment parts are left out."""
    prefix = EMA_PREFIX if ema else RAW_PREFIX
    names = {key[len(prefix) :]: value for key, value in state.items() if key.startswith(prefix)}
    kept = {key: value for key, value in names.items() if not key.startswith(("projector.", "rope_ids", SCALE_FACTORS))}
    if not kept:
        raise CheckpointError(f"No generator weights under '{prefix}'. Choose the {'raw' if ema else 'averaged'} copy.")
    return {_rename(key, _GENERATOR_RULES): value for key, value in kept.items()}


def _rename(key: str, rules: list[tuple[re.Pattern[str], str]]) -> str:
    for pattern, replacement in rules:
        key = pattern.sub(replacement, key)
    return key


def infer_config(tokenizer: Tensors, generator: Tensors, scale_factors: Tensor, name: str) -> ModelConfig:
    """Sizes read from the tensors (our names).

    Raises:
        CheckpointError: a tensor that decides a size is missing or has too few dimensions.
    """
    try:
        tok = _tokenizer_config(tokenizer, grid=_grid(generator["content.start"]))
        gen = GeneratorConfig(
            classes=generator["content.class_embed.weight"].shape[0] - 1,
            content_width=generator["content.embed.weight"].shape[0],
            content_depth=_count(generator, "content.blocks."),
            structure_width=generator["structure.embed.weight"].shape[0],
            structure_depth=_count(generator, "structure.blocks."),
            scale_factors=tuple(round(float(value), 6) for value in scale_factors.flatten()),
        )
    except KeyError as error:
        raise CheckpointError(f"Not a published checkpoint: tensor {error} is missing. Get the files again.") from error
    except (IndexError, RuntimeError) as error:
        raise CheckpointError(f"Not a published checkpoint: a tensor has too few dimensions ({error}).") from error
    names = class_names(min(gen.classes, 100_000))
    return ModelConfig(
        name,
        tok,
        gen,
        names,
        conditions_on_known_cells=False,
        supports_unbalanced_trees=False,
        sampling=dict(OFFICIAL_SAMPLING),
    )


PUBLISHED_NORM_GROUPS = 32


def _grid(start: Tensor) -> int:
    return int(start.shape[1] ** 0.5)


def _tokenizer_config(weights: Tensors, grid: int) -> TokenizerConfig:
    levels = _count(weights, "encoder.down.")
    base = weights["encoder.conv_in.weight"].shape[0]
    widths = [weights[f"encoder.down.{level}.block.0.conv1.weight"].shape[0] for level in range(levels)]
    codes, channels = weights["quantizer.embedding.weight"].shape
    return TokenizerConfig(
        image_size=grid << (levels - 1),
        base_channels=base,
        multipliers=tuple(width // base for width in widths),
        encoder_blocks=_count(weights, "encoder.down.0.block."),
        decoder_blocks=_count(weights, "decoder.up.0.block.") - 1,
        latent_channels=channels,
        codebook_size=codes,
        norm_groups=PUBLISHED_NORM_GROUPS,
    )


def _count(weights: Tensors, prefix: str) -> int:
    """How many numbered parts follow a prefix."""
    return len({key[len(prefix) :].split(".")[0] for key in weights if key.startswith(prefix)})
