"""Encode once, train on the result: trees, tokens and held cells of many crops, a few kilobytes each."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from nvg_studio.errors import TrainingError
from nvg_studio.granularity.clustering import cluster
from nvg_studio.granularity.hierarchy import all_labels, labels_to_bits
from nvg_studio.model.tokenizer import Tokenizer
from nvg_studio.training.crops import crop, to_tensor
from nvg_studio.training.pack import PhotoSet
from nvg_studio.training.trees import move_cut, random_blob

ENCODE_BATCH = 64


@dataclass(frozen=True)
class Augmentation:
    """How training data leave the paper's: shares of unbalanced trees and of pictures with held cells."""

    free_trees: float = 0.3
    known_cells: float = 0.3


@dataclass(frozen=True)
class SequenceCache:
    """n encoded crops.

    bits: uint8 [n, L, K]; token_map: int16 or int32 [n, K + 1, L]; classes: int64 [n]; known: bool [n, L], cells whose
    later bits are given and whose tokens were found apart from the rest of their cluster's.
    """

    bits: NDArray[np.uint8]
    token_map: NDArray[np.int32]
    classes: NDArray[np.int64]
    known: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.classes)

    def save(self, path: Path) -> None:
        """Write as npz, atomically."""
        partial = path.with_suffix(".partial.npz")
        np.savez(partial, bits=self.bits, token_map=self.token_map, classes=self.classes, known=self.known)
        partial.replace(path)


def load_cache(path: Path) -> SequenceCache:
    """Read a cache; raises TrainingError when it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as data:
            return SequenceCache(data["bits"], data["token_map"], data["classes"], data["known"])
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise TrainingError(f"The cache '{path}' is damaged. Delete it; it will be made again.") from error


def build_cache(
    tokenizer: Tokenizer, photos: PhotoSet, crops: int, augmentation: Augmentation, seed: int, device: torch.device
) -> SequenceCache:
    """Encode `crops` random crops of every photo; 0 means the centre crop once, without any augmentation."""
    work = [(index, number) for number in range(max(crops, 1)) for index in range(len(photos.pictures))]
    parts = []
    batches = range(0, len(work), ENCODE_BATCH)
    for start in tqdm(batches, desc="encoding crops", unit="batch", disable=None):
        batch = work[start : start + ENCODE_BATCH]
        rngs = [np.random.Generator(np.random.Philox(key=[seed, (number << 32) | index])) for index, number in batch]
        parts.append(_encode(tokenizer, photos, batch, rngs if crops else None, augmentation, device))
    classes = photos.labels[[index for index, _ in work]]
    bits, token_map, known = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return SequenceCache(bits, token_map, classes, known)


@torch.inference_mode()
def _encode(
    tokenizer: Tokenizer,
    photos: PhotoSet,
    batch: list[tuple[int, int]],
    rngs: list[np.random.Generator] | None,
    augmentation: Augmentation,
    device: torch.device,
) -> tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.bool_]]:
    size, grid, depth = tokenizer.config.image_size, tokenizer.config.grid, tokenizer.config.depth
    pictures = [crop(photos.pictures[index], size, rngs[n] if rngs else None) for n, (index, _) in enumerate(batch)]
    latents = tokenizer.encode(to_tensor(np.stack(pictures)).to(device)).float()
    bits, known = [], []
    for n, latent in enumerate(latents.cpu().numpy()):
        tree, held = labels_to_bits(cluster(latent)[-1], depth), np.zeros(grid * grid, np.bool_)
        if rngs and rngs[n].random() < augmentation.free_trees:
            tree = move_cut(tree, latent, rngs[n])
        if rngs and rngs[n].random() < augmentation.known_cells:
            held = random_blob(grid, rngs[n])
        bits.append(tree)
        known.append(held)
    groups = np.stack([2 * all_labels(tree) + held for tree, held in zip(bits, known, strict=True)])
    token_map: Tensor = tokenizer.quantizer(latents, torch.from_numpy(groups).to(device)).token_map
    return np.stack(bits), token_map.cpu().numpy().astype(np.int32), np.stack(known)


def scale_factors(
    tokenizer: Tokenizer, cache: SequenceCache, device: torch.device, most: int = 512
) -> tuple[float, ...]:
    """1 / standard deviation of the canvases that enter stages 1..K and of the last one; 1 for stage 0."""
    chosen = np.linspace(0, len(cache) - 1, min(most, len(cache))).astype(int)
    with torch.inference_mode():
        token_map = torch.from_numpy(cache.token_map[chosen].astype(np.int64)).to(device)
        canvases = tokenizer.quantizer.canvases(token_map)
    deviations = canvases.square().mean((0, 2, 3)).sqrt().tolist()
    return (1.0, *(round(1 / max(value, 1e-6), 6) for value in deviations))
