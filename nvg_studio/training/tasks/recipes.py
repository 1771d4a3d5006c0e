"""Sizes and recipes that were tried, as typed values."""

from dataclasses import dataclass, replace

from nvg_studio.errors import TrainingError
from nvg_studio.granularity.structure_method import Pairs
from nvg_studio.model.config import GeneratorConfig, ModelConfig, TokenizerConfig, official


@dataclass(frozen=True)
class Size:
    """Widths and depths of a model before its data are known."""

    tokenizer: TokenizerConfig
    content_width: int
    content_depth: int
    structure_width: int
    structure_depth: int


SIZES = {
    "tiny": Size(TokenizerConfig(16, 32, (1, 1), 1, 1, 8, 64, 8), 64, 1, 64, 1),
    "small": Size(TokenizerConfig(64, 32, (1, 2, 4), 1, 1, 16, 1024, 8), 256, 4, 128, 4),
    "medium": Size(TokenizerConfig(128, 48, (1, 2, 3, 3), 1, 1, 32, 2048, 8), 320, 6, 192, 6),
    **{f"d{depth}": Size(official(depth).tokenizer, 64 * depth, depth, 32 * depth, depth) for depth in (16, 20, 24)},
}
"""tiny: tests, 8 x 8 cells. small: 64 px, two CPU cores. medium: 128 px, one GPU. d16..d24: the paper's."""

SAMPLING = {
    "content_guidance": [3.0, 4.0],
    "structure_guidance": [2.0, 3.0],
    "structure_steps": 8,
    "top_p": [0.8, 0.15],
    "top_k": 0,
    "temperature": 1.0,
    "gumbel_split": False,
    "greedy": False,
}


def make_config(
    name: str, size: str, classes: tuple[str, ...], factors: tuple[float, ...] | None = None
) -> ModelConfig:
    """A model configuration; scale factors not yet measured are 1. Raises TrainingError for an unknown size."""
    if size not in SIZES:
        raise TrainingError(f"Unknown size '{size}'. Choose one of {', '.join(SIZES)}.")
    chosen = SIZES[size]
    generator = GeneratorConfig(
        len(classes),
        chosen.content_width,
        chosen.content_depth,
        chosen.structure_width,
        chosen.structure_depth,
        factors or (1.0,) * (chosen.tokenizer.depth + 2),
    )
    return ModelConfig(name, chosen.tokenizer, generator, classes, True, True, dict(SAMPLING))


def with_classes(config: ModelConfig, classes: tuple[str, ...]) -> ModelConfig:
    """The configuration of a model of other classes."""
    return replace(config, generator=replace(config.generator, classes=len(classes)), class_names=classes)


def trained_config(config: ModelConfig, factors: tuple[float, ...], without_few_step: bool) -> ModelConfig:
    """The configuration of a generator that was trained here, on free trees and known cells.

    `without_few_step`: the configuration is one of a model whose few-step network does not go with it any more; the
    structure takes as many steps again as without one.
    """
    steps = {"structure_steps": SAMPLING["structure_steps"]} if without_few_step else {}
    return replace(
        config,
        generator=replace(config.generator, scale_factors=factors),
        conditions_on_known_cells=True,
        supports_unbalanced_trees=True,
        sampling={**config.sampling, **steps},
    )


def size_of(config: ModelConfig) -> Size:
    """The size that a model was made in, whatever its structure method."""
    generator = config.generator
    return Size(
        replace(config.tokenizer, structure_method=Pairs()),
        generator.content_width,
        generator.content_depth,
        generator.structure_width,
        generator.structure_depth,
    )
