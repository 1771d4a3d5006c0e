"""Weights on disk: the only place that loads them, and never through pickle code.

Own format: a folder with `config.json`, `tokenizer.safetensors` and `generator.safetensors`, and where the model has
them, `few-step.safetensors` for structure in few steps and `preview.safetensors`, a small decoder for previews.
"""

import hashlib
import os
import pickle
import shutil
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from nvg_studio.errors import CheckpointError
from nvg_studio.model import official
from nvg_studio.model.config import ModelConfig, TokenizerConfig, read_config, write_config
from nvg_studio.model.content import ContentTransformer
from nvg_studio.model.few_step import FewStepStructure
from nvg_studio.model.preview import PreviewDecoder
from nvg_studio.model.structure import StructureTransformer
from nvg_studio.model.tokenizer import Tokenizer

Net = TypeVar("Net", bound=nn.Module)


def save_training_state(state: dict[str, Any], path: Path) -> None:
    """Write a training state atomically: after a kill the old or the new file is there, complete."""
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def load_training_state(path: Path) -> dict[str, Any]:
    """Read a training state: tensors, numbers and lists only; raises CheckpointError."""
    return load_tensors(path)


def load_tensors(path: Path) -> dict[str, Any]:
    """A dict written by `torch.save`, without running any code it may hold; the tensors stay on disk until touched."""
    try:
        # Files from before torch 1.6 are no zip archives and cannot be mapped.
        loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except OSError as error:
        raise CheckpointError(f"Cannot read '{path}': {error.strerror}. Check the path.") from error
    except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError, KeyError, SafetensorError) as error:
        raise CheckpointError(f"'{path}' is damaged or holds more than weights. Get the file again.") from error
    if not isinstance(loaded, dict):
        raise CheckpointError(f"'{path}' is not a table of weights. Get the file again.")
    return loaded


CONFIG, TOKENIZER, GENERATOR = "config.json", "tokenizer.safetensors", "generator.safetensors"
FEW_STEP, PREVIEW = "few-step.safetensors", "preview.safetensors"


class Generator(nn.Module):
    """Content and structure transformer of one model."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.content = ContentTransformer(config)
        self.structure = StructureTransformer(config)


@dataclass(frozen=True)
class Networks:
    """A loaded model, ready for inference."""

    config: ModelConfig
    tokenizer: Tokenizer
    generator: Generator
    fingerprint: str
    """SHA-256 over configuration and weights, hex: names the model in projects and requests."""
    few_step: FewStepStructure | None = None
    preview: PreviewDecoder | None = None
    """Not part of the fingerprint: what a project means does not hang on it."""


def save_model(
    config: ModelConfig,
    tokenizer: nn.Module,
    generator: nn.Module | None,
    folder: Path,
    dtype: torch.dtype = torch.float32,
    few_step: nn.Module | None = None,
    preview: nn.Module | None = None,
) -> None:
    """Write a model folder, every file atomically, those of networks that are None left out.

    A few-step network or preview decoder that lies there belongs to other weights and is removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    networks = {TOKENIZER: tokenizer, GENERATOR: generator, FEW_STEP: few_step, PREVIEW: preview}
    for name, network in networks.items():
        if network is not None:
            _save_tensors(network, folder / name, dtype)
        elif name in (FEW_STEP, PREVIEW):
            (folder / name).unlink(missing_ok=True)
    _write_config(config, folder)


def save_tokenizer(
    source: Path, tokenizer: nn.Module, config: ModelConfig, folder: Path, same_decoder: bool = False
) -> None:
    """Write the model in `source` anew with a tokenizer of which a part differs, every file atomically.

    Generator and few-step network in `source` are copied, and the preview decoder where it still imitates the decoder.
    Numbers keep the format they have there, so that the parts that are the same stay so bit for bit.
    """
    folder.mkdir(parents=True, exist_ok=True)
    dtype = next(iter(read_safetensors(source / TOKENIZER).values())).dtype
    _save_tensors(tokenizer, folder / TOKENIZER, dtype)
    _copy_files(source, folder, (GENERATOR, FEW_STEP, *((PREVIEW,) if same_decoder else ())))
    _write_config(config, folder)


def _copy_files(source: Path, folder: Path, names: tuple[str, ...]) -> None:
    """Copy those of the files that there are, atomically, to another folder or none."""
    for name in names:
        if (source / name).is_file() and not folder.samefile(source):
            partial = folder / (name + ".partial")
            shutil.copyfile(source / name, partial)
            os.replace(partial, folder / name)


def _write_config(config: ModelConfig, folder: Path) -> None:
    partial = folder / (CONFIG + ".partial")
    write_config(config, partial)
    os.replace(partial, folder / CONFIG)


def _save_tensors(network: nn.Module, path: Path, dtype: torch.dtype) -> None:
    _write_tensors({key: value.detach().to("cpu", dtype) for key, value in network.named_parameters()}, path)


def _write_tensors(weights: Mapping[str, Tensor], path: Path) -> None:
    """Write tensors atomically, one after the other straight from where they are."""
    partial = path.with_name(path.name + ".partial")
    save_file({key: value.contiguous() for key, value in weights.items()}, partial)
    # The library makes files that only their owner may read.
    partial.chmod(0o644)
    os.replace(partial, path)


def load_model(folder: Path) -> Networks:
    """Read a model folder in float32.

    Raises:
        CheckpointError: a file is missing, truncated, misshapen, or holds numbers that are not finite.
    """
    config = read_config(folder / CONFIG)
    tokenizer, generator = _empty(config)
    fill(tokenizer, read_safetensors(folder / TOKENIZER), TOKENIZER)
    fill(generator, read_safetensors(folder / GENERATOR), GENERATOR)
    few_step = _read_if_there(lambda: FewStepStructure(config), folder / FEW_STEP)
    preview = _read_if_there(lambda: PreviewDecoder(config.tokenizer), folder / PREVIEW)
    parts = (tokenizer, generator) if few_step is None else (tokenizer, generator, few_step)
    return Networks(config, tokenizer.eval(), generator.eval(), _fingerprint(config, *parts), few_step, preview)


def _read_if_there(make: Callable[[], Net], path: Path) -> Net | None:
    """A part that not every model has, from its file."""
    if not path.exists():
        return None
    with torch.device("meta"):
        network = make()
    fill(network, read_safetensors(path), path.name)
    return network.eval()


def add_few_step(model: Path, few_step: nn.Module, steps: int, folder: Path) -> None:
    """Write the model of one folder into another one, its weights as they are, with this few-step network.

    Args:
        steps: structure steps that the new model takes by default.

    Raises:
        CheckpointError: `model` has no configuration that can be read. OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _copy_files(model, folder, (TOKENIZER, GENERATOR, PREVIEW))
    _save_tensors(few_step, folder / FEW_STEP, torch.float16)
    config = read_config(model / CONFIG)
    _write_config(replace(config, sampling={**config.sampling, "structure_steps": steps}), folder)


def add_preview(model: Path, preview: nn.Module, folder: Path) -> None:
    """Write the model of one folder into another one, its files as they are, with this preview decoder."""
    folder.mkdir(parents=True, exist_ok=True)
    _copy_files(model, folder, (TOKENIZER, GENERATOR, FEW_STEP, CONFIG))
    _save_tensors(preview, folder / PREVIEW, torch.float16)


def load_tokenizer(folder: Path, expected: TokenizerConfig) -> Tokenizer:
    """Read the tokenizer alone, to be used with the structure method of `expected`, whichever it was made with.

    Raises:
        CheckpointError: also when it has another size than `expected`.
    """
    config = read_config(folder / CONFIG)
    if replace(config.tokenizer, structure_method=expected.structure_method) != expected:
        raise CheckpointError(f"The tokenizer in '{folder}' has another size. Train one of the size you ask for.")
    tokenizer = _empty(replace(config, tokenizer=expected))[0]
    fill(tokenizer, read_safetensors(folder / TOKENIZER), TOKENIZER)
    return tokenizer.eval()


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
    tokenizer_tensors = official.tokenizer_weights(_state_dict(autoencoder))
    state = _state_dict(generator)
    generator_tensors = official.generator_weights(state, ema)
    prefix = official.EMA_PREFIX if ema else official.RAW_PREFIX
    factors = state.get(prefix + official.SCALE_FACTORS)
    if factors is None:
        raise CheckpointError(f"'{generator}' lacks '{prefix}{official.SCALE_FACTORS}'. Get the file again.")
    config = official.infer_config(tokenizer_tensors, generator_tensors, factors, name=f"nvg-{generator.stem}")
    tokenizer_net, generator_net = _empty(config)
    check_weights(tokenizer_net, tokenizer_tensors, str(autoencoder))
    check_weights(generator_net, generator_tensors, str(generator))
    return Official(config, tokenizer_tensors, generator_tensors)


def load_official(autoencoder: Path, generator: Path, ema: bool = True) -> Networks:
    """Read the two published training checkpoints into networks; as `read_official`."""
    found = read_official(autoencoder, generator, ema)
    tokenizer_net, generator_net = _empty(found.config)
    _copy(tokenizer_net, found.tokenizer)
    _copy(generator_net, found.generator)
    fingerprint = _fingerprint(found.config, tokenizer_net, generator_net)
    return Networks(found.config, tokenizer_net.eval(), generator_net.eval(), fingerprint)


def convert_official(autoencoder: Path, generator: Path, folder: Path, ema: bool = True) -> ModelConfig:
    """Write the two published checkpoints as a model folder, from disk to disk; as `read_official`.

    No network is built: memory holds at most the pages of the weights that are being copied.
    """
    found = read_official(autoencoder, generator, ema)
    folder.mkdir(parents=True, exist_ok=True)
    _write_tensors(found.tokenizer, folder / TOKENIZER)
    _write_tensors(found.generator, folder / GENERATOR)
    _write_config(found.config, folder)
    return found.config


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file; raises CheckpointError."""
    if not path.is_file():
        raise CheckpointError(f"'{path}' is missing. Copy the model's folder again.")
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"'{path}' is damaged ({error}). Copy the model's folder again.") from error


def fill(network: nn.Module, weights: Mapping[str, Tensor], source: str) -> None:
    """Copy weights into a network once they are checked; raises CheckpointError."""
    check_weights(network, weights, source)
    _copy(network, weights)


def check_weights(network: nn.Module, weights: Mapping[str, Tensor], source: str) -> None:
    """Raise CheckpointError unless names and shapes are the network's and all numbers are finite."""
    wanted = network.state_dict()
    missing = sorted(set(wanted) - set(weights))
    extra = sorted(set(weights) - set(wanted))
    shapes = [
        f"{key} is {list(weights[key].shape)} instead of {list(wanted[key].shape)}"
        for key in sorted(set(wanted) & set(weights))
        if weights[key].shape != wanted[key].shape
    ]
    problems = [_listing("missing", missing), _listing("unexpected", extra), _listing("misshapen", shapes)]
    if any(problems):
        raise CheckpointError(f"'{source}' does not fit its model: {'; '.join(filter(None, problems))}.")
    for key, value in weights.items():
        if not value.is_floating_point() or not bool(torch.isfinite(value).all()):
            raise CheckpointError(f"'{source}': {key} holds values that are not finite numbers. Get the file again.")


def _copy(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    network.to_empty(device="cpu")
    _restore_buffers(network)
    with torch.no_grad():
        for key, value in network.state_dict().items():
            value.copy_(weights[key])


def _listing(what: str, names: list[str], most: int = 5) -> str:
    if not names:
        return ""
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{what} {', '.join(names[:most])}{rest}"


def _empty(config: ModelConfig) -> tuple[Tokenizer, Generator]:
    """Networks without memory behind them: nothing is allocated before the file was checked against them."""
    with torch.device("meta"):
        return Tokenizer(config.tokenizer), Generator(config)


def _restore_buffers(network: nn.Module) -> None:
    if isinstance(network, Generator):
        network.content.restore_buffers()


def _state_dict(path: Path) -> Mapping[str, Tensor]:
    state = load_tensors(path).get("state_dict")
    if not isinstance(state, Mapping) or not all(isinstance(v, Tensor) for v in state.values()):
        raise CheckpointError(f"'{path}' holds no 'state_dict' of tensors. Choose a published training checkpoint.")
    return state


def _fingerprint(config: ModelConfig, *networks: nn.Module) -> str:
    digest = hashlib.sha256(repr(config).encode())
    for network in networks:
        for key, value in sorted(network.state_dict().items()):
            digest.update(key.encode())
            digest.update(value.detach().cpu().contiguous().numpy().data)
    return digest.hexdigest()
