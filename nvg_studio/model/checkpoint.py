"""Weights on disk: the only place that loads them, and never through pickle code.

Own format: a folder with `config.json`, `tokenizer.safetensors` and `generator.safetensors`, and where the model has
them, `few-step.safetensors` for structure in few steps and `preview.safetensors`, a small decoder for previews.
"""

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

from nvg_studio.atomic import atomic_path
from nvg_studio.errors import CheckpointError
from nvg_studio.ids import Identity
from nvg_studio.model.config import ModelConfig, TokenizerConfig, read_config, write_config
from nvg_studio.model.content import ContentTransformer
from nvg_studio.model.few_step import FewStepStructure
from nvg_studio.model.identity import identify, tokenizer_identity
from nvg_studio.model.preview import PreviewDecoder
from nvg_studio.model.structure import StructureTransformer
from nvg_studio.model.tokenizer import Tokenizer

Net = TypeVar("Net", bound=nn.Module)


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
    identity: Identity
    few_step: FewStepStructure | None = None
    preview: PreviewDecoder | None = None


def save_model(
    config: ModelConfig,
    tokenizer: nn.Module,
    generator: nn.Module | None,
    folder: Path,
    dtype: torch.dtype = torch.float32,
    few_step: nn.Module | None = None,
    preview: nn.Module | None = None,
    source: Networks | None = None,
) -> None:
    """Write a model folder, every file atomically, those of networks that are None left out.

    A few-step network or preview decoder that lies there belongs to other weights and is removed.

    Args:
        source: the model that it was made from. Where their tokenizers are the same, projects of it that were written
            before there were tokenizer ids are the new model's too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    networks = {TOKENIZER: tokenizer, GENERATOR: generator, FEW_STEP: few_step, PREVIEW: preview}
    for name, network in networks.items():
        if network is not None:
            _save_tensors(network, folder / name, dtype)
        elif name in (FEW_STEP, PREVIEW):
            (folder / name).unlink(missing_ok=True)
    write_config(_with_names_of(source, config, folder), folder / CONFIG)


def _with_names_of(source: Networks | None, config: ModelConfig, folder: Path) -> ModelConfig:
    """`config` with the fingerprints of before that `source` has, if the tokenizer written to `folder` is its own."""
    if source is None:
        return config
    if tokenizer_identity(config.tokenizer, _read_tokenizer(folder, config)) != source.identity.tokenizer:
        return config
    former = source.identity.former | set(config.legacy_fingerprints)
    return replace(config, legacy_fingerprints=tuple(sorted(former)))


def save_tokenizer(
    source: Path, tokenizer: nn.Module, config: ModelConfig, folder: Path, same_decoder: bool = False
) -> None:
    """Write a copy of the model in `source` with a tokenizer of which a part differs, every file atomically.

    Generator and few-step network in `source` are copied, and the preview decoder where it still imitates the decoder.
    Numbers keep the format they have there, so that the parts that are the same stay so bit for bit.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model = load_model(source) if (source / GENERATOR).is_file() else None
    dtype = next(iter(read_safetensors(source / TOKENIZER).values())).dtype
    _save_tensors(tokenizer, folder / TOKENIZER, dtype)
    _copy_files(source, folder, (GENERATOR, FEW_STEP, *((PREVIEW,) if same_decoder else ())))
    write_config(_with_names_of(model, config, folder), folder / CONFIG)


def _copy_files(source: Path, folder: Path, names: tuple[str, ...]) -> None:
    """Copy those of the files that there are, atomically, to another folder or none."""
    for name in names:
        if (source / name).is_file() and not folder.samefile(source):
            with atomic_path(folder / name) as partial:
                shutil.copyfile(source / name, partial)


def _save_tensors(network: nn.Module, path: Path, dtype: torch.dtype) -> None:
    write_tensors({key: value.detach().to("cpu", dtype) for key, value in network.named_parameters()}, path)


def write_tensors(weights: Mapping[str, Tensor], path: Path) -> None:
    """Write tensors atomically, one after the other straight from where they are."""
    with atomic_path(path) as partial:
        save_file({key: value.contiguous() for key, value in weights.items()}, partial)


def load_model(folder: Path) -> Networks:
    """Read a model folder in float32.

    Raises:
        CheckpointError: a file is missing, truncated, misshapen, or holds numbers that are not finite.
    """
    config = read_config(folder / CONFIG)
    tokenizer, generator = empty_networks(config)
    fill(tokenizer, read_safetensors(folder / TOKENIZER), TOKENIZER)
    fill(generator, read_safetensors(folder / GENERATOR), GENERATOR)
    few_step = _read_if_there(lambda: FewStepStructure(config), folder / FEW_STEP)
    preview = _read_if_there(lambda: PreviewDecoder(config.tokenizer), folder / PREVIEW)
    parts = (tokenizer, generator) if few_step is None else (tokenizer, generator, few_step)
    return Networks(config, tokenizer.eval(), generator.eval(), identify(config, *parts), few_step, preview)


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
        CheckpointError: `model` holds no model that can be read. OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source = load_model(model)
    _copy_files(model, folder, (TOKENIZER, GENERATOR, PREVIEW))
    _save_tensors(few_step, folder / FEW_STEP, torch.float16)
    config = replace(source.config, sampling={**source.config.sampling, "structure_steps": steps})
    write_config(_with_names_of(source, config, folder), folder / CONFIG)


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
    return _read_tokenizer(folder, replace(config, tokenizer=expected))


def _read_tokenizer(folder: Path, config: ModelConfig) -> Tokenizer:
    with torch.device("meta"):
        tokenizer = Tokenizer(config.tokenizer)
    fill(tokenizer, read_safetensors(folder / TOKENIZER), TOKENIZER)
    return tokenizer.eval()


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
    copy_weights(network, weights)


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


def copy_weights(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Copy weights that are known to fit into a network without memory behind it."""
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


def empty_networks(config: ModelConfig) -> tuple[Tokenizer, Generator]:
    """Networks without memory behind them: nothing is allocated before the file was checked against them."""
    with torch.device("meta"):
        return Tokenizer(config.tokenizer), Generator(config)


def _restore_buffers(network: nn.Module) -> None:
    if isinstance(network, Generator):
        network.content.restore_buffers()
