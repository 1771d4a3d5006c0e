"""Photos in class folders -> one file that travels well: JPEG bytes, classes and names in an npz without pickle."""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from nvg_studio.atomic import write_atomic
from nvg_studio.errors import PictureError, TrainingError
from nvg_studio.training.loop.progress import counted

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".avif", ".tif", ".tiff", ".bmp", ".gif", ".ppm", ".heic", ".heif"}
"""What counts as a picture; of these, what cannot be read is named (HEIC is beyond Pillow and OpenCV)."""
MIN_SIDE = 8
Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class PhotoSet:
    """Photos in memory, short side cut down to one size.

    pictures: uint8 [h, w, 3] RGB each; labels: int64 [n]; names: file names relative to the folder.
    """

    pictures: list[Picture]
    labels: NDArray[np.int64]
    names: list[str]
    classes: tuple[str, ...]
    skipped: tuple[str, ...]

    def where(self, chosen: NDArray[np.bool_]) -> "PhotoSet":
        """The photos marked in a mask bool [n]."""
        index = np.flatnonzero(chosen).tolist()
        pictures, names = [self.pictures[i] for i in index], [self.names[i] for i in index]
        return PhotoSet(pictures, self.labels[index], names, self.classes, self.skipped)


def load_photos(path: Path, short_side: int) -> PhotoSet:
    """Read a folder of class folders, or a pack, with every photo's short side at most `short_side` pixels.

    Raises:
        TrainingError: nothing there, fewer than two classes, or no readable picture.
    """
    classes, all_labels, names, encoded = _read_pack(path) if path.is_file() else _read_folder(path)
    pictures, kept, skipped = [], [], []
    for index, data in enumerate(counted(encoded, "reading photos", len(encoded), "photo")):
        picture = decode(data)
        if picture is None:
            skipped.append(names[index])
            continue
        kept.append(index)
        pictures.append(np.ascontiguousarray(shrink(picture, short_side)))
    if not pictures:
        broken = f" (all {len(skipped)} are broken)" if skipped else ""
        raise TrainingError(
            f"No readable picture in '{path}'{broken}. Put JPEG or PNG files into one folder per class."
        )
    labels = np.asarray(all_labels, np.int64)[kept]
    if len(set(labels.tolist())) < 2:
        raise TrainingError(f"'{path}' holds one class only. Put the pictures into at least two class folders.")
    return PhotoSet(pictures, labels, [names[i] for i in kept], classes, tuple(skipped))


def decode(data: bytes) -> Picture | None:
    """Any picture file's bytes -> uint8 [h, w, 3] RGB, upright; None where it cannot be read, is tiny or far too large.

    Where Pillow is, as the program itself reads pictures: at most 100 megapixels, colour profiles applied, transparency
    over white. Training machines without Pillow use OpenCV, which refuses above 2^30 pixels, drops transparency and
    takes colours as they are; a pack made on a machine with Pillow avoids the difference.
    """
    try:
        from nvg_studio.imaging.read import decode_image
    except ImportError:
        return _decode_with_opencv(data)
    try:
        return decode_image(data)
    except PictureError:
        return None


def _decode_with_opencv(data: bytes) -> Picture | None:
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None
    if decoded is None or min(decoded.shape[:2]) < MIN_SIDE:
        return None
    return np.asarray(decoded[..., ::-1], np.uint8)


def write_pack(folder: Path, target: Path, short_side: int = 144, quality: int = 90) -> tuple[int, tuple[str, ...]]:
    """Pack a folder of class folders into `target` (.npz); returns the number of photos and the names skipped."""
    photos = load_photos(folder, short_side)
    flags = [cv2.IMWRITE_JPEG_QUALITY, quality]
    encoded = [cv2.imencode(".jpg", picture[..., ::-1], flags)[1] for picture in photos.pictures]
    offsets = np.cumsum([0, *(len(data) for data in encoded)])
    arrays: dict[str, Any] = {
        "data": np.concatenate(encoded),
        "offsets": offsets.astype(np.int64),
        "labels": photos.labels,
        "names": np.array(photos.names),
        "classes": np.array(photos.classes),
    }
    write_atomic(target, lambda file: np.savez(file, **arrays))
    return len(encoded), photos.skipped


def shrink(picture: Picture, short_side: int) -> Picture:
    """Scale a picture down until its short side is `short_side`; smaller ones stay as they are."""
    height, width = picture.shape[:2]
    factor = short_side / min(height, width)
    if factor >= 1:
        return picture
    size = (max(round(width * factor), short_side), max(round(height * factor), short_side))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _read_folder(path: Path) -> tuple[tuple[str, ...], list[int], list[str], list[bytes]]:
    if not path.is_dir():
        raise TrainingError(f"'{path}' is neither a folder of class folders nor a pack. Check the path.")
    classes = tuple(sorted(entry.name for entry in path.iterdir() if entry.is_dir()))
    if not classes:
        raise TrainingError(f"'{path}' holds no class folders. Put the pictures into one folder per class.")
    labels, names, encoded = [], [], []
    for label, name in enumerate(classes):
        for file in sorted((path / name).iterdir()):
            if file.suffix.lower() in SUFFIXES:
                labels.append(label)
                names.append(f"{name}/{file.name}")
                encoded.append(file.read_bytes())
    return classes, labels, names, encoded


def _read_pack(path: Path) -> tuple[tuple[str, ...], list[int], list[str], list[bytes]]:
    try:
        with np.load(path, allow_pickle=False) as pack:
            data, offsets = pack["data"].tobytes(), pack["offsets"].tolist()
            labels, names = pack["labels"].tolist(), [str(name) for name in pack["names"]]
            classes = tuple(str(name) for name in pack["classes"])
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise TrainingError(f"'{path}' is not a complete photo pack. Make it again with 'train pack'.") from error
    encoded = [data[start:stop] for start, stop in zip(offsets, offsets[1:], strict=False)]
    return classes, labels, names, encoded
