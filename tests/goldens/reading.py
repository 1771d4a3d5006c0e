"""Golden sets: the committed one, and complete ones in a folder of their own."""

import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

HERE = Path(__file__).parent
AUTOENCODER, GENERATOR, VALUES, ENCODER = "ae.safetensors", "gen.safetensors", "golden.npz", "encoder_shapes.json"
AVERAGED, RAW = "ema_model.nvgformer.", "nvgformer."
BUFFERS = ("rope_ids", "scale_factors")

Golden = dict[str, Any]


def given_folder() -> Path | None:
    """A complete set: where NVG_GOLDENS says, else beside the checkout."""
    beside = Path(__file__).parents[3] / "shared" / "parity" / "set_a"
    folder = Path(os.environ.get("NVG_GOLDENS") or beside)
    return folder if (folder / "golden.pt").exists() else None


def read_given(folder: Path) -> Golden:
    """The values of a complete set."""
    return nested(flat(torch.load(folder / "golden.pt", weights_only=True)))


def read_committed() -> Golden:
    """The values of the committed set: no photo, decoded pictures thinned out."""
    with np.load(HERE / VALUES, allow_pickle=False) as arrays:
        return nested(arrays)


def flat(golden: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Arrays by name; lists of tensors become `name.0`, `name.1` and so on."""
    arrays: dict[str, np.ndarray] = {}
    for key, value in golden.items():
        if isinstance(value, list) and isinstance(value[0], Tensor):
            arrays |= {f"{key}.{index}": part.numpy() for index, part in enumerate(value)}
        else:
            arrays[key] = value.numpy() if isinstance(value, Tensor) else np.asarray(value)
    return arrays


def nested(arrays: Mapping[str, np.ndarray]) -> Golden:
    """Tensors, lists of tensors, lists of names, and plain numbers."""
    golden: Golden = {}
    for key, array in arrays.items():
        name, dot, _ = key.partition(".")
        if dot:
            golden.setdefault(name, []).append(torch.from_numpy(array))
        elif array.ndim == 0:
            golden[name] = array.item()
        else:
            golden[name] = array.tolist() if array.dtype.kind == "U" else torch.from_numpy(array)
    return golden


def write_checkpoints(folder: Path) -> None:
    """`ae.ckpt` and `gen.ckpt` in the published layout, made of the committed tensors.

    The tokenizer's encoder is a stand-in. Everything that a loader has to ignore is there with other values: the
    tokenizer's averaged copy, the generator's raw one, counters, losses, the alignment networks.
    """
    own = load_file(HERE / AUTOENCODER) | stand_in_encoder()
    ignored = {"total_visited_codes": torch.zeros(9, 512, dtype=torch.int64), "loss.logvar": torch.zeros(1)}
    tokenizer = own | {f"ema_model.{key}": value.flip(0) for key, value in own.items()} | ignored
    torch.save({"state_dict": tokenizer}, folder / "ae.ckpt")
    averaged = load_file(HERE / GENERATOR)
    raw = {
        RAW + (name := key.removeprefix(AVERAGED)): value if name in BUFFERS else value + 1
        for key, value in averaged.items()
    }
    others = {"first_stage_model.quantize.embedding.weight": torch.zeros(512, 32), "repa_encoder.x": torch.zeros(3)}
    training = {"epoch": 3, "global_step": 100, "pytorch-lightning_version": "2.3.3"}
    torch.save({"state_dict": averaged | raw | others, **training}, folder / "gen.ckpt")


def stand_in_encoder() -> dict[str, Tensor]:
    """An encoder under the published names, from random bits that are the same everywhere."""
    shapes = json.loads((HERE / ENCODER).read_text())
    return {name: _stand_in(name, shape) for name, shape in shapes.items()}


def _stand_in(name: str, shape: list[int]) -> Tensor:
    uniform = np.random.Generator(np.random.Philox(zlib.crc32(name.encode()))).uniform(-1, 1, shape)
    if name.endswith(".norm.weight"):
        values = 1 + 0.2 * uniform
    else:
        values = uniform * (np.sqrt(3 / np.prod(shape[1:])) if len(shape) > 1 else 0.1)
    return torch.from_numpy(values.astype(np.float32))


def plain_picture() -> Tensor:
    """A picture for the stand-in encoder, a formula: float [1, 3, 256, 256] in [-1, 1]."""
    row, column = np.mgrid[:256, :256] / 256
    waves = [np.sin(9 * row + 23 * column), np.sin(31 * row * column), np.cos(17 * row - 5 * column)]
    return torch.from_numpy(np.stack(waves)[None].astype(np.float32))
