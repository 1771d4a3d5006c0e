"""The published training checkpoints: their tensor names, and the configuration that their shapes imply."""

import re
from collections.abc import Mapping

from torch import Tensor

from nvg_studio.errors import CheckpointError
from nvg_studio.model.classes import class_names
from nvg_studio.model.config import OFFICIAL_SAMPLING, GeneratorConfig, ModelConfig, TokenizerConfig

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
    return ModelConfig(name, tok, gen, names, known_cells=False, trained_free=False, sampling=dict(OFFICIAL_SAMPLING))


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
