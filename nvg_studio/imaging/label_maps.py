"""Label maps and masks from files that are not trusted: pictures, and numpy arrays, of which none is unpickled."""

import io
import math
import zipfile
from os import PathLike, fspath
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nvg_studio.errors import PictureError
from nvg_studio.imaging.annotations import read_annotations
from nvg_studio.imaging.read import MAX_PIXELS, read_file, read_ids
from nvg_studio.imaging.regions import Labels

MAX_FILE = 512 * 2**20
MAX_ARRAYS = 64
MAX_TOTAL = 400 * 2**20
"""Bytes that the maps of one file may unpack to, all together."""
MAX_SIDE = 2048
MAX_MASKS = 1024
CHOSEN = "labels"
"""Of several maps in one file, the one of this name counts."""

Arrays = dict[str, NDArray[Any]]


class LabelMap(NamedTuple):
    """Regions, or all levels of a tree.

    labels: int64 [H, W]; numbered from 0 in their order, or the cells' labels at the last level of a tree.
    depth: K of that tree, one cell a pixel: the first i of K bits are the cluster at level i; None for plain regions.
    """

    labels: Labels
    depth: int | None = None

    def at(self, level: int) -> Labels:
        """The regions of a level: int64 [H, W]; plain regions have no levels."""
        return self.labels if self.depth is None else self.labels >> max(self.depth - level, 0)


def read_label_map(path: str | PathLike[str]) -> LabelMap:
    """A label map or a mask from a file.

    Understands pictures (palette places, greys of any type, colours or alpha tell the regions apart; colours are never
    converted), .npz or .npy files with an array of whole numbers or truth values [H, W] or [1, H, W], or of masks
    [n, H, W] (of several arrays the one called `labels`), labelme and COCO files, and the labels.npz of an export,
    which holds a whole tree. Large maps are sampled down to at most 2048 a side.

    Raises:
        PictureError: no such file, damaged, too large, or no label map in it.
    """
    name = Path(fspath(path)).name
    data = read_file(path, MAX_FILE)
    if data[:2] in (b"PK", b"\x93N"):
        arrays = _read_arrays(data, name)
        return _tree(arrays) or LabelMap(_numbered(_chosen(arrays, name), name))
    if data.lstrip()[:1] in (b"{", b"["):
        return LabelMap(_numbered(read_annotations(data, name), name))
    return LabelMap(_numbered(read_ids(data, name), name))


def _numbered(values: NDArray[Any], name: str) -> Labels:
    """Regions numbered from 0 in the order of their numbers, which are whole; what is no number is a region, too."""
    step = -(-max(values.shape) // MAX_SIDE)
    labels = values[::step, ::step]
    if labels.dtype.kind == "f":
        labels = np.where(np.isfinite(labels), labels, -1)
        if (labels != np.rint(labels)).any():
            raise PictureError(f"Cannot use {name}: it holds fractions; regions are told apart by whole numbers.")
    return np.unique(labels, return_inverse=True)[1].reshape(labels.shape).astype(np.int64)


def _tree(arrays: Arrays) -> LabelMap | None:
    """The tree of an export's labels.npz: labels [K + 1, L] and bits [L, K], where L is a square; else None."""
    labels, bits = arrays.get("labels"), arrays.get("bits")
    if labels is None or bits is None or labels.shape != (bits.shape[1] + 1, bits.shape[0]) or bits.max() > 1:
        return None
    cells, depth = bits.shape
    side = round(cells**0.5)
    finest = labels[-1].astype(np.int64)
    levels = finest >> np.arange(depth, -1, -1)[:, None]
    if side * side != cells or cells != 1 << depth or not np.array_equal(levels, labels):
        return None
    return LabelMap(finest.reshape(side, side), depth)


def _chosen(arrays: Arrays, name: str) -> NDArray[Any]:
    """The only map of a file, or that of the agreed name."""
    if CHOSEN in arrays:
        return arrays[CHOSEN]
    if len(arrays) == 1:
        return next(iter(arrays.values()))
    if not arrays:
        raise PictureError(
            f"Cannot use {name}: there is no label map in it; one array of whole numbers [rows, columns] is needed."
        )
    names = ", ".join(key if key.isprintable() else "?" for key in sorted(arrays))[:120]
    raise PictureError(
        f"Cannot use {name}: there are {len(arrays)} label maps in it ({names}); call the one to use '{CHOSEN}'."
    )


def _read_arrays(data: bytes, name: str) -> Arrays:
    """The arrays in the bytes of an .npz or .npy file that can be label maps, by name."""
    try:
        if data[:2] != b"PK":
            array = _array(io.BytesIO(data), MAX_TOTAL, name)
            return {} if array is None else {name: array}
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if len(archive.infolist()) > MAX_ARRAYS:
                raise PictureError(f"Cannot use {name}: there are more than {MAX_ARRAYS} arrays in it.")
            arrays: Arrays = {}
            for entry in archive.infolist():
                left = MAX_TOTAL - sum(array.nbytes for array in arrays.values())
                array = _array(archive.open(entry), left, name)
                if array is not None:
                    arrays[entry.filename.removesuffix(".npy")] = array
            return arrays
    except PictureError:
        raise
    except Exception:  # headers and packed bytes of damaged files make numpy and zipfile raise anything
        raise PictureError(f"Cannot read {name}: it is damaged, or not a numpy file of whole numbers.") from None


def _array(file: Any, left: int, name: str) -> NDArray[Any] | None:
    """An array of an .npy file if it can be a label map; its size is known before memory is taken."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(file)
    pixels = math.prod(shape[-2:])
    if len(shape) not in (2, 3) or dtype.kind not in "biuf" or min(shape) < 1 or pixels > MAX_PIXELS:
        return None
    count = math.prod(shape) * dtype.itemsize
    if count > left:
        raise PictureError(f"Cannot use {name}: its arrays unpack to more than {MAX_TOTAL // 2**20} MB.")
    content = file.read(count)
    if len(content) != count:
        raise ValueError("shorter than its header says")
    values = np.frombuffer(content, dtype)
    whole = values.reshape(shape[::-1]).T if fortran else values.reshape(shape)
    return whole if whole.ndim == 2 else _one_map(whole)


def _one_map(stack: NDArray[Any]) -> NDArray[Any] | None:
    """[1, H, W] or [H, W, 1] as it is; masks [n, H, W] as one map, where a later mask lies over an earlier one."""
    if 1 in (stack.shape[0], stack.shape[2]):
        return stack[0] if stack.shape[0] == 1 else stack[..., 0]
    if stack.shape[0] > MAX_MASKS or not np.isin(stack, (0, 1, 255)).all():
        return None
    labels = np.zeros(stack.shape[1:], np.int64)
    for number, mask in enumerate(stack, 1):
        labels[mask > 0] = number
    return labels
