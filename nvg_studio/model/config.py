"""What a model is made of, as flat values; `config.json` beside the weights is exactly this."""

import json
import math
import re
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from nvg_studio.atomic import write_atomic
from nvg_studio.errors import CheckpointError
from nvg_studio.granularity.structure_method import METHODS, PAIRS, Halves, Pairs, StructureMethod, method_name
from nvg_studio.model.classes import IMAGENET_CLASSES, class_names

HEAD_SIZE = 64
"""Width of one attention head in both transformers; the rotary code is made for it."""

_FORMAT = 1
MAX_POSITION_WEIGHT, MAX_SMOOTHING = 16, 16
LARGEST = 4 << 20
"""Bytes of a description."""
MAX_FINGERPRINTS = 1000
_FINGERPRINT = re.compile("[0-9a-f]{64}")
T = TypeVar("T")


@dataclass(frozen=True)
class TokenizerConfig:
    """Autoencoder and multi-granularity quantiser (paper section 3.1)."""

    image_size: int
    base_channels: int
    multipliers: tuple[int, ...]
    encoder_blocks: int
    decoder_blocks: int
    latent_channels: int
    codebook_size: int
    norm_groups: int
    """Groups of every norm; few of them where channels are few, or a group loses the strength of its channel."""
    structure_method: StructureMethod = PAIRS
    """How pictures are clustered; absent in `config.json` means pairs. Part of the tokenizer id."""

    @property
    def grid(self) -> int:
        """Cells on one side of the latent; every level but the last halves the picture."""
        return self.image_size >> (len(self.multipliers) - 1)

    @property
    def cells(self) -> int:
        """L, the number of cells."""
        return self.grid**2

    @property
    def depth(self) -> int:
        """K = log2 L; stages run from 0 to K."""
        return self.cells.bit_length() - 1


@dataclass(frozen=True)
class GeneratorConfig:
    """Content and structure transformer (paper section 3.2); `classes` excludes the "no class" row."""

    classes: int
    content_width: int
    content_depth: int
    structure_width: int
    structure_depth: int
    scale_factors: tuple[float, ...]
    """K + 2 numbers: entry i scales the canvas that enters stage i, the last one the predicted final canvas."""


@dataclass(frozen=True)
class ModelConfig:
    """A whole model: both networks, its classes, and the default sampling settings."""

    name: str
    tokenizer: TokenizerConfig
    generator: GeneratorConfig
    class_names: tuple[str, ...]
    conditions_on_known_cells: bool
    """Trained with cells whose later bits and tokens are given: locks are clean conditions at any step."""
    supports_unbalanced_trees: bool
    """Trained on unbalanced trees too."""
    sampling: dict[str, Any]
    """Default generation settings, by the names of `GenerationSettings`."""
    legacy_fingerprints: tuple[str, ...] = ()
    """Of models that this one was made from, with the same tokenizer: their names in older projects (64 hex digits);
    see `identity`."""

    def __post_init__(self) -> None:
        check(self)


def check(config: ModelConfig) -> None:
    """Raise CheckpointError where the numbers do not fit together or would ask for absurd amounts of memory."""
    _check_bounds(config.tokenizer, config.generator)
    check_method(config.tokenizer.structure_method)
    _check_tokenizer(config.tokenizer)
    _check_generator(config)


def _check_bounds(tok: TokenizerConfig, gen: GeneratorConfig) -> None:
    """Every number in its range."""
    # Upper bounds lie a few times above the largest published model: a hostile file cannot ask for terabytes.
    bounds = {
        "image_size": (tok.image_size, 8, 1024),
        "grid": (tok.grid, 2, 64),
        "base_channels": (tok.base_channels, 24, 512),
        "encoder_blocks": (tok.encoder_blocks, 1, 8),
        "decoder_blocks": (tok.decoder_blocks, 1, 8),
        "latent_channels": (tok.latent_channels, 1, 256),
        "codebook_size": (tok.codebook_size, 2, 1 << 17),
        "norm_groups": (tok.norm_groups, 1, 32),
        "classes": (gen.classes, 1, 100_000),
        "content_width": (gen.content_width, HEAD_SIZE, 4096),
        "structure_width": (gen.structure_width, HEAD_SIZE, 4096),
        "content_depth": (gen.content_depth, 1, 64),
        "structure_depth": (gen.structure_depth, 1, 64),
    }
    for name, (value, low, high) in bounds.items():
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise CheckpointError(
                f"Model configuration: {name} is {value!r}, but must be a number from {low} to {high}."
            )


def _check_tokenizer(tok: TokenizerConfig) -> None:
    """Channels, norm groups and the grid of cells fit together."""
    if not 1 <= len(tok.multipliers) <= 8 or not all(isinstance(m, int) and 1 <= m <= 16 for m in tok.multipliers):
        raise CheckpointError(
            f"Model configuration: multipliers are {tok.multipliers}, but must be 1 to 8 small numbers."
        )
    if any(m * tok.base_channels % groups_for(m * tok.base_channels, tok.norm_groups) for m in tok.multipliers):
        raise CheckpointError(f"Model configuration: {tok.norm_groups} norm groups do not divide the channels.")
    if tok.cells != 1 << tok.depth or tok.grid << (len(tok.multipliers) - 1) != tok.image_size:
        raise CheckpointError(
            f"Model configuration: a picture of {tok.image_size} px does not give a 2^n grid of cells."
        )


def _check_generator(config: ModelConfig) -> None:
    """Widths, scale factors, classes and fingerprints fit together."""
    gen, depth = config.generator, config.tokenizer.depth
    if gen.content_width % HEAD_SIZE or gen.structure_width % HEAD_SIZE:
        raise CheckpointError(f"Model configuration: widths must be multiples of the head size {HEAD_SIZE}.")
    if len(gen.scale_factors) != depth + 2:
        raise CheckpointError(
            f"Model configuration: {depth + 2} scale factors expected, {len(gen.scale_factors)} found."
        )
    if len(config.class_names) != gen.classes:
        raise CheckpointError(f"Model configuration: {gen.classes} classes, but {len(config.class_names)} class names.")
    former = config.legacy_fingerprints
    valid = all(isinstance(one, str) and _FINGERPRINT.fullmatch(one) for one in former)
    if len(former) > MAX_FINGERPRINTS or not valid:
        raise CheckpointError(
            f"Model configuration: legacy_fingerprints must be at most {MAX_FINGERPRINTS} of 64 hex digits each."
        )


def check_method(method: StructureMethod) -> None:
    """Raise CheckpointError where the numbers of a structure method are out of range."""
    if isinstance(method, Halves):
        weight, smoothing = method.position_weight, method.smoothing
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not math.isfinite(weight):
            raise CheckpointError(f"Model configuration: position_weight is {weight!r}, but must be a number.")
        if not 0 <= weight <= MAX_POSITION_WEIGHT:
            raise CheckpointError(
                f"Model configuration: position_weight is {weight}, but must lie from 0 to {MAX_POSITION_WEIGHT}."
            )
        if isinstance(smoothing, bool) or not isinstance(smoothing, int) or not 0 <= smoothing <= MAX_SMOOTHING:
            raise CheckpointError(
                f"Model configuration: smoothing is {smoothing!r}, but must be a number from 0 to {MAX_SMOOTHING}."
            )


def groups_for(channels: int, groups: int) -> int:
    """Groups of a norm over `channels`: as configured, or 24 where that does not divide them (published rule)."""
    return groups if channels % groups == 0 else 24


def official(depth: int, classes: int = IMAGENET_CLASSES) -> ModelConfig:
    """The published ImageNet models at 256 x 256: depth 16, 20 or 24 (paper table 1)."""
    return ModelConfig(
        name=f"nvg-d{depth}",
        tokenizer=TokenizerConfig(256, 128, (1, 2, 4, 4, 4), 2, 2, 32, 4096, 32),
        generator=GeneratorConfig(classes, 64 * depth, depth, 32 * depth, depth, OFFICIAL_SCALE_FACTORS),
        class_names=class_names(classes),
        conditions_on_known_cells=False,
        supports_unbalanced_trees=False,
        sampling=dict(OFFICIAL_SAMPLING),
    )


OFFICIAL_SCALE_FACTORS = (1.0, 4.1993, 3.4706, 3.0520, 2.7430, 2.4842, 2.2407, 2.0088, 1.7954, 1.6080)
OFFICIAL_SAMPLING: dict[str, Any] = {
    "content_guidance": [1.0, 3.5],
    "structure_guidance": [1.0, 2.5],
    "structure_steps": 25,
    "top_p": [1.0, 0.5],
    "top_k": 0,
    "temperature": 1.0,
    "gumbel_split": False,
    "greedy": False,
}


STORED_KEYS = {"conditions_on_known_cells": "known_cells", "supports_unbalanced_trees": "trained_free"}
"""Fields of a model that `config.json` holds by another name."""


def write_config(config: ModelConfig, path: Path) -> None:
    """Write `config.json`, atomically; pairs are left out, as in files from before there was another method."""
    table = {STORED_KEYS.get(name, name): value for name, value in asdict(config).items()}
    data = {"format": _FORMAT, **table}
    if not config.legacy_fingerprints:
        del data["legacy_fingerprints"]
    method = config.tokenizer.structure_method
    if isinstance(method, Pairs):
        del data["tokenizer"]["structure_method"]
    else:
        data["tokenizer"]["structure_method"] = {"name": method_name(method), **asdict(method)}
    write_atomic(path, (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode())


def read_json(path: Path, kind: str) -> Any:
    """What a file of at most 4 MiB says; CheckpointError, naming the `kind` of thing it describes, where it cannot."""
    try:
        if path.stat().st_size > LARGEST:
            raise CheckpointError(f"'{path}' is too large to describe a {kind}. Check that it is the right file.")
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise CheckpointError(
            f"Cannot read '{path}': {error.strerror}. Choose a folder that holds a {kind}."
        ) from error
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"'{path}' is not valid JSON. Copy the {kind}'s folder again.") from error


def read_config(path: Path) -> ModelConfig:
    """Read `config.json`; raises CheckpointError for anything that is not a model configuration of this format."""
    data = read_json(path, "model")
    if not isinstance(data, dict) or data.pop("format", None) != _FORMAT:
        raise CheckpointError(
            f"'{path}' is not a model configuration of format {_FORMAT}. Update NVG Studio or the model."
        )
    try:
        if "structure_method" in data["tokenizer"]:
            data["tokenizer"]["structure_method"] = _method(data["tokenizer"]["structure_method"])
        data["tokenizer"] = _build(TokenizerConfig, data["tokenizer"])
        data["generator"] = _build(GeneratorConfig, data["generator"])
        if not isinstance(data["sampling"], dict):
            raise TypeError("sampling is not a table")
        for field, key in STORED_KEYS.items():
            data[field] = data.pop(key)
        return _build(ModelConfig, data)
    except (KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"'{path}' is not a complete model configuration ({error}). Copy the folder again."
        ) from error


def _build(kind: type[T], data: dict[str, Any]) -> T:
    """A config dataclass from a JSON table: exactly its fields, without those that have a default; lists become
    tuples."""
    known = fields(kind)  # type: ignore[arg-type]
    wrong = {part.name for part in known if part.default is MISSING} - set(data)
    wrong |= set(data) - {part.name for part in known}
    if wrong:
        raise KeyError(f"{kind.__name__}: unexpected or missing {sorted(wrong)}")
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in data.items()})


def _method(table: dict[str, Any]) -> StructureMethod:
    """The structure method that a table of `config.json` names, with exactly its numbers."""
    if not isinstance(table, dict):
        raise TypeError("structure_method is not a table")
    given = dict(table)
    kind = METHODS.get(given.pop("name"))
    if kind is None:
        raise KeyError(f"structure_method: {table['name']!r} is none of {', '.join(METHODS)}")
    names = {part.name for part in fields(kind)}
    if set(given) != names:
        raise KeyError(f"structure_method: unexpected or missing {sorted(set(given) ^ names)}")
    return type(kind)(**given)
