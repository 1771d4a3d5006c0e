"""Opening whatever holds work: project files, PNG files of the view, label maps from elsewhere."""

import base64
import binascii
import io
import warnings
from os import PathLike, fspath
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nvg_studio.errors import PictureError, ProjectError
from nvg_studio.granularity.grid import tree_depth
from nvg_studio.imaging.cells import grid_side
from nvg_studio.imaging.read import MAX_PIXELS, decode_image
from nvg_studio.project.archive import read_array
from nvg_studio.project.document import picture_key
from nvg_studio.project.export.picture import WORK
from nvg_studio.project.storage import Project, decode, load

LabelMap = NDArray[np.int64]
MAX_LABELS_FILE = 64 * 2**20
_PNG = b"\x89PNG\r\n\x1a\n"
_DECODING_ERRORS = (OSError, SyntaxError, ValueError, EOFError, LookupError, Image.DecompressionBombError)


def open_work(path: str | PathLike[str]) -> Project:
    """The project of a .nvgs file, or of a PNG that holds the work; ProjectError where there is none."""
    if Path(path).suffix.lower() != ".png":
        return load(path)
    project = work_in_picture(path)
    if project is None:
        raise ProjectError(f"Cannot open {fspath(path)}: there is no work of NVG Studio in it.")
    return project


def work_in_picture(path: str | PathLike[str]) -> Project | None:
    """The work that a PNG file of the view holds; None where the file is not such a picture.

    Raises:
        ProjectError: there is work in it, but it is damaged.
    """
    try:
        with open(path, "rb") as file:
            if file.read(len(_PNG)) != _PNG:
                return None
            file.seek(0)
            text = _text_chunk(file.read(MAX_LABELS_FILE + 1), WORK)
            if text is None:
                return None
            file.seek(0)
            view = decode_image(file.read(), fspath(path))
        data = base64.b64decode(text, validate=True)
        view.setflags(write=False)
        return decode(data, {picture_key(view): view})
    except OSError:
        return None  # whoever opens it as a picture says why it can't be read
    except (ProjectError, binascii.Error) as error:
        raise ProjectError(f"Cannot go on with the work in {fspath(path)}: {error}.") from None


def read_label_map(path: str | PathLike[str], cells: int) -> tuple[LabelMap, int]:
    """A label map from a PNG or an .npz (its array `labels`): labels int64 [cells] and their stage.

    A PNG has grey or palette numbers of 8 or 16 bit: one pixel a cell, or several that all carry one number. An array
    is such a map, or one number a cell; of all stages together, as `export` writes them, the last one counts. Numbers
    are taken as they are: 2**stage is the first power of 2 above the highest one.

    Raises:
        PictureError: not a label map, of another grid, or with a number that no stage of `cells` cells has.
    """
    shown = Path(path).name
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_LABELS_FILE + 1)
    except OSError as error:
        raise PictureError(f"Cannot open {shown}: {(error.strerror or 'it cannot be read').lower()}.") from None
    if len(data) > MAX_LABELS_FILE:
        raise PictureError(f"Cannot open {shown}: it is larger than {MAX_LABELS_FILE // 2**20} MB.")
    try:
        values = _numbers(data)
    except ProjectError as error:
        raise PictureError(f"Cannot read {shown} as a label map: {error}.") from None
    labels = _to_cells(values, cells, shown)
    highest = int(labels.max())
    stage = highest.bit_length()
    if int(labels.min()) < 0 or stage > tree_depth(cells):
        raise PictureError(f"Cannot use {shown}: its labels reach {highest}, but {cells} cells have 0 to {cells - 1}.")
    return labels, stage


def _numbers(data: bytes) -> NDArray[np.int64]:
    """The numbers of a file, of any shape; ProjectError."""
    if data.startswith(b"PK"):
        return np.asarray(read_array(data, "labels", MAX_LABELS_FILE), np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = Image.open(io.BytesIO(data), formats=("PNG",))
            if image.width * image.height > MAX_PIXELS:
                raise ProjectError("it is too large")
            if image.mode not in ("L", "P", "1", "I;16", "I"):
                raise ProjectError("it has colours; a label map has one grey or palette number a pixel")
            return np.asarray(image).astype(np.int64)
        except Image.DecompressionBombError:
            raise ProjectError("it is too large") from None
        except _DECODING_ERRORS:
            raise ProjectError("it is neither a PNG nor an .npz file, or it is damaged") from None


def _to_cells(values: NDArray[np.int64], cells: int, shown: str) -> LabelMap:
    """One number a cell, int64 [cells], of a vector or a square map."""
    side = grid_side(cells)
    if values.shape in ((cells,), (tree_depth(cells) + 1, cells)):
        last: LabelMap = values.reshape(-1, cells)[-1]
        return last
    size = len(values) if values.ndim == 2 else 0
    if values.shape != (size, size) or size < side or size % side:
        shape = " x ".join(str(n) for n in values.shape)
        raise PictureError(f"Cannot use {shown}: it is {shape}, but must be {side} x {side}, or a multiple.")
    blocks = values.reshape(side, size // side, side, size // side)
    first = blocks[:, :1, :, :1]
    if (blocks != first).any():
        raise PictureError(f"Cannot use {shown}: a cell carries several numbers; draw it on a grid of {side} x {side}.")
    return first.reshape(-1)


def _text_chunk(data: bytes, keyword: str) -> str | None:
    """A text chunk of a PNG; None where it has none or is damaged."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = Image.open(io.BytesIO(data), formats=("PNG",))
            text = image.info.get(keyword)
        except _DECODING_ERRORS:
            return None
    return str(text) if text is not None else None
