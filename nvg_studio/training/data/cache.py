"""Encode once, train on the result: trees, tokens and held cells of many crops, a few kilobytes each."""

import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nvg_studio.atomic import write_atomic
from nvg_studio.errors import TrainingError
from nvg_studio.granularity.hierarchy import all_labels, labels_to_bits
from nvg_studio.granularity.structure_method import Pairs, method_name
from nvg_studio.model.clustering import cluster_batch
from nvg_studio.model.tokenizer import Tokenizer
from nvg_studio.training.data.crops import crop, to_tensor
from nvg_studio.training.data.pack import PhotoSet
from nvg_studio.training.data.prefetcher import WORKERS
from nvg_studio.training.data.token_noise import draw_ranks, quantize_with_token_noise
from nvg_studio.training.data.trees import move_cut, random_blob
from nvg_studio.training.loop.progress import counted

ENCODE_BATCH = 64


@dataclass(frozen=True)
class Augmentation:
    """How training data leave the paper's: shares of unbalanced trees, of pictures with held cells and of pictures
    with mistakes in their history."""

    free_trees: float = 0.3
    known_cells: float = 0.3
    token_noise: float = 0.5


@dataclass(frozen=True)
class SequenceCache:
    """n encoded crops.

    bits: uint8 [n, L, K]; seen_map: [n, K + 1, L], the tokens that the canvases are made of; token_map: the same shape,
    the tokens to learn, nearest to what the seen canvas before lacks, both in the smallest type that holds the
    codebook's indices; classes: int64 [n]; known: bool [n, L], cells whose later bits are given and whose tokens were
    found apart from the rest of their cluster's.
    """

    bits: Tensor
    seen_map: Tensor
    token_map: Tensor
    classes: Tensor
    known: Tensor

    def __len__(self) -> int:
        return len(self.classes)

    def to(self, device: torch.device) -> "SequenceCache":
        """The same on a device: a few kilobytes a crop."""
        return SequenceCache(**{name: part.to(device) for name, part in vars(self).items()})

    def save(self, path: Path, source: str) -> None:
        """Write as npz, atomically, with the name of what it was made with."""
        arrays = {name: part.cpu().numpy() for name, part in vars(self).items()}
        write_atomic(path, lambda file: np.savez(file, source=np.array(source), **arrays))


def load_cache(path: Path, source: str) -> SequenceCache | None:
    """Read a cache; None where it was made with something else than `source`.

    Caches from before they named it were made by pairs, with a tokenizer that nobody can tell.

    Raises:
        TrainingError: it is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            if "source" in data and str(data["source"]) != source:
                return None
            if "source" not in data and source.split()[0] != method_name(Pairs()):
                return None
            return SequenceCache(**{field.name: torch.from_numpy(data[field.name]) for field in fields(SequenceCache)})
    except (OSError, KeyError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise TrainingError(f"The cache '{path}' is damaged. Delete it; it will be made again.") from error


def build_cache(
    tokenizer: Tokenizer, photos: PhotoSet, crops: int, augmentation: Augmentation, seed: int, device: torch.device
) -> SequenceCache:
    """Encode `crops` random crops of every photo; 0 means the centre crop once, without any augmentation."""
    work = _work(photos, crops)

    def encode(start: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        batch = work[start : start + ENCODE_BATCH]
        rngs = [_rng(seed, *item) for item in batch]
        return _encode(tokenizer, photos, batch, rngs if crops else None, augmentation, device)

    starts = range(0, len(work), ENCODE_BATCH)
    with ThreadPoolExecutor(WORKERS) as threads:
        encoded = threads.map(encode, starts)
        parts = list(counted(encoded, "encoding crops", len(starts), "batch"))
    classes = torch.from_numpy(photos.labels[[index for index, _ in work]])
    bits, seen_map, token_map, known = (torch.cat(arrays) for arrays in zip(*parts, strict=True))
    return SequenceCache(bits, seen_map, token_map, classes, known)


def crops_again(photos: PhotoSet, crops: int, size: int, seed: int) -> Iterator[NDArray[np.uint8]]:
    """The very pictures that `build_cache` encodes, in its order, in batches uint8 [B, S, S, 3]."""
    work = _work(photos, crops)
    for start in range(0, len(work), ENCODE_BATCH):
        batch = work[start : start + ENCODE_BATCH]
        yield np.stack([crop(photos.pictures[item[0]], size, _rng(seed, *item) if crops else None) for item in batch])


def _work(photos: PhotoSet, crops: int) -> list[tuple[int, int]]:
    """Photo and number of every crop."""
    return [(index, number) for number in range(max(crops, 1)) for index in range(len(photos.pictures))]


def _rng(seed: int, index: int, number: int) -> np.random.Generator:
    """The random numbers of one crop of one photo; the crop itself is the first to draw."""
    return np.random.Generator(np.random.Philox(key=[seed, (number << 32) | index]))


@torch.inference_mode()
def _encode(
    tokenizer: Tokenizer,
    photos: PhotoSet,
    batch: list[tuple[int, int]],
    rngs: list[np.random.Generator] | None,
    augmentation: Augmentation,
    device: torch.device,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    size, grid, depth = tokenizer.config.image_size, tokenizer.config.grid, tokenizer.config.depth
    pictures = [crop(photos.pictures[index], size, rngs[n] if rngs else None) for n, (index, _) in enumerate(batch)]
    latents = tokenizer.encode(to_tensor(torch.from_numpy(np.stack(pictures)).to(device))).float()
    finest = cluster_batch(latents, tokenizer.config.structure_method)[:, -1].cpu().numpy()
    bits, known = [], []
    ranks = np.zeros((len(batch), depth + 1, 2 << depth), np.int64)
    for n, latent in enumerate(latents.cpu().numpy()):
        tree, held = labels_to_bits(finest[n], depth), np.zeros(grid * grid, np.bool_)
        if rngs and rngs[n].random() < augmentation.free_trees:
            tree = move_cut(tree, latent, rngs[n], tokenizer.config.structure_method)
        if rngs and rngs[n].random() < augmentation.known_cells:
            held = random_blob(grid, rngs[n])
        if rngs and rngs[n].random() < augmentation.token_noise:
            ranks[n] = draw_ranks(depth + 1, 2 << depth, rngs[n])
        bits.append(tree)
        known.append(held)
    groups = np.stack([2 * all_labels(tree) + held for tree, held in zip(bits, known, strict=True)])
    maps = quantize_with_token_noise(
        tokenizer.quantizer, latents, torch.from_numpy(groups).to(device), torch.from_numpy(ranks).to(device)
    )
    dtype = torch.int16 if tokenizer.config.codebook_size <= 1 << 15 else torch.int32
    seen_map, token_map = (part.to("cpu", dtype) for part in maps)
    return torch.from_numpy(np.stack(bits)), seen_map, token_map, torch.from_numpy(np.stack(known))


def scale_factors(tokenizer: Tokenizer, token_maps: Tensor, device: torch.device, most: int = 512) -> tuple[float, ...]:
    """1 / standard deviation of the canvases that enter stages 1..K and of the last one; 1 for stage 0.

    Args:
        token_maps: [n, K + 1, L], of which at most `most`, spread evenly, are looked at.
    """
    chosen = np.linspace(0, len(token_maps) - 1, min(most, len(token_maps))).astype(int)
    with torch.inference_mode():
        canvases = tokenizer.quantizer.canvases(token_maps[chosen].long().to(device))
    deviations = canvases.square().mean((0, 2, 3)).sqrt().tolist()
    return (1.0, *(round(1 / max(value, 1e-6), 6) for value in deviations))
