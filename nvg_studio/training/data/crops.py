"""Random and centre crops of photos as network input."""

import cv2
import numpy as np
import torch

from nvg_studio.training.data.pack import PhotoSet, Picture

ALL = slice(None)
READ_AHEAD = 1.25
"""Photos are kept at this multiple of the model's picture size, so that crops can be shifted."""


def crop(picture: Picture, size: int, rng: np.random.Generator | None) -> Picture:
    """One square crop uint8 [size, size, 3]: random place, scale and mirror image; the centre square without `rng`."""
    height, width = picture.shape[:2]
    short = min(height, width)
    if rng is None:
        side, top, left = short, (height - short) // 2, (width - short) // 2
    else:
        side = int(rng.integers(max(round(short / READ_AHEAD), 1), short + 1))
        top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
    square = picture[top : top + side, left : left + side]
    interpolation = cv2.INTER_AREA if side >= size else cv2.INTER_CUBIC
    square = np.asarray(cv2.resize(square, (size, size), interpolation=interpolation), np.uint8)
    if rng is not None and rng.random() < 0.5:
        square = square[:, ::-1]
    return np.ascontiguousarray(square)


def to_tensor(pictures: torch.Tensor) -> torch.Tensor:
    """uint8 [B, S, S, 3] -> float [B, 3, S, S] in [-1, 1], on the device of the pictures."""
    return pictures.permute(0, 3, 1, 2).contiguous().float() / 127.5 - 1


def random_batch(photos: PhotoSet, size: int, count: int, rng: np.random.Generator, share: slice = ALL) -> torch.Tensor:
    """A share of `count` random crops, uint8 [n, size, size, 3]; only the crops of the share are made."""
    chosen = rng.integers(len(photos.pictures), size=count)
    seeds = rng.integers(2**63, size=count)  # one a crop: none depends on how many others are made
    crops = [
        crop(photos.pictures[index], size, np.random.Generator(np.random.Philox(seed)))
        for index, seed in zip(chosen[share], seeds[share], strict=True)
    ]
    return torch.from_numpy(np.stack(crops))


def centre_crops(photos: PhotoSet, size: int) -> torch.Tensor:
    """The centre square of every photo, uint8 [n, size, size, 3]."""
    return torch.from_numpy(np.stack([crop(picture, size, None) for picture in photos.pictures]))
