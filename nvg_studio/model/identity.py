"""The ids of a model, see `nvg_studio.ids`: SHA-256 over named values and weights. No torch here but for types."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import TYPE_CHECKING

from nvg_studio.granularity.structure_method import Pairs, method_name
from nvg_studio.ids import Identity, TokenizerId, model_with

if TYPE_CHECKING:
    from torch import Tensor, nn

    from nvg_studio.model.config import ModelConfig, TokenizerConfig

_ENCODING = ("encoder.", "quantizer.")
"""Beginnings of the names of the tokenizer's weights that tokens depend on; the rest is the decoder's."""


def identify(config: "ModelConfig", tokenizer: "nn.Module", *networks: "nn.Module") -> Identity:
    """The identity of a model.

    Args:
        tokenizer: with its decoder.
        networks: generator and, where the model has one, few-step network. The preview decoder is none of them: it
            changes no result.
    """
    with ThreadPoolExecutor(1) as beside:  # hashing gigabytes is most of the time that loading takes
        old = beside.submit(_fingerprint, config, tokenizer, *networks)
        name = tokenizer_identity(config.tokenizer, tokenizer)
        model = model_with(name, _networks_digest(config, tokenizer, *networks))
        fingerprint = old.result()
    return Identity(name, model, fingerprint, frozenset(config.legacy_fingerprints) | {fingerprint})


def tokenizer_identity(sizes: "TokenizerConfig", tokenizer: "nn.Module") -> TokenizerId:
    """The tokenizer id: sizes and weights of encoder, codes and refiners, and how cells are clustered."""
    weights = tokenizer.state_dict().items()
    return TokenizerId(_digest(_tokenizer_facts(sizes), ((k, v) for k, v in weights if k.startswith(_ENCODING))))


def _tokenizer_facts(sizes: "TokenizerConfig") -> dict[str, object]:
    """What the tokenizer id says beside weights.

    A value that came later is named here only where it differs from what models of before do, so that theirs is kept.
    """
    later = {}
    if not isinstance(sizes.structure_method, Pairs):
        later["structure_method"] = [method_name(sizes.structure_method), asdict(sizes.structure_method)]
    return {
        **later,
        "image_size": sizes.image_size,
        "base_channels": sizes.base_channels,
        "multipliers": sizes.multipliers,
        "encoder_blocks": sizes.encoder_blocks,
        "latent_channels": sizes.latent_channels,
        "codebook_size": sizes.codebook_size,
        "norm_groups": sizes.norm_groups,
    }


def _networks_digest(config: "ModelConfig", tokenizer: "nn.Module", *networks: "nn.Module") -> str:
    """SHA-256 over decoder, generator and few-step network, and what a run depends on beside weights."""
    sizes = config.generator
    facts = {
        "decoder_blocks": config.tokenizer.decoder_blocks,
        "classes": sizes.classes,
        "content": [sizes.content_width, sizes.content_depth],
        "structure": [sizes.structure_width, sizes.structure_depth],
        "scale_factors": sizes.scale_factors,
        "known_cells": config.conditions_on_known_cells,
        "trained_free": config.supports_unbalanced_trees,
    }
    decoder = ((k, v) for k, v in tokenizer.state_dict().items() if not k.startswith(_ENCODING))
    parts = [decoder, *(network.state_dict().items() for network in networks)]
    return _digest(facts, ((f"{number}.{key}", value) for number, part in enumerate(parts) for key, value in part))


def _digest(facts: Mapping[str, object], weights: "Iterable[tuple[str, Tensor]]") -> str:
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for key, value in sorted(weights, key=lambda pair: pair[0]):
        digest.update(f"\0{key}{list(value.shape)}\0".encode())
        digest.update(_bytes(value))
    return digest.hexdigest()


def _bytes(value: "Tensor") -> memoryview:
    return value.detach().cpu().contiguous().numpy().data


def _fingerprint(config: "ModelConfig", *networks: "nn.Module") -> str:
    """What named a model before there were two ids, as projects of that time hold it: this must never change."""
    digest = hashlib.sha256(_configuration_text(config).encode())
    for network in networks:
        for key, value in sorted(network.state_dict().items()):
            digest.update(key.encode())
            digest.update(_bytes(value))
    return digest.hexdigest()


def _configuration_text(config: "ModelConfig") -> str:
    """The configuration as Python wrote it when its fields were these."""
    tokenizer = _fields_text(
        config.tokenizer,
        "image_size base_channels multipliers encoder_blocks decoder_blocks latent_channels codebook_size norm_groups",
    )
    generator = _fields_text(
        config.generator, "classes content_width content_depth structure_width structure_depth scale_factors"
    )
    facts = f"known_cells={config.conditions_on_known_cells!r}, trained_free={config.supports_unbalanced_trees!r}"
    rest = f"class_names={config.class_names!r}, {facts}, sampling={config.sampling!r}"
    return (
        f"ModelConfig(name={config.name!r}, tokenizer=TokenizerConfig({tokenizer}), "
        f"generator=GeneratorConfig({generator}), {rest})"
    )


def _fields_text(value: object, names: str) -> str:
    return ", ".join(f"{name}={getattr(value, name)!r}" for name in names.split())
