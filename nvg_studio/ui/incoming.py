"""What was dropped or pasted: files and pictures."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QMimeData
from PySide6.QtGui import QImage

from nvg_studio.ui.images import from_qimage


def first_file(data: QMimeData) -> Path | None:
    """The first local file."""
    return next((Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()), None)


def picture_in(data: QMimeData) -> Callable[[], NDArray[np.uint8]] | None:
    """How to read a picture itself, uint8 [H, W, 3]: a large one takes its time, on a thread."""
    if not data.hasImage():
        return None
    image = QImage(data.imageData())
    return lambda: from_qimage(image)


def has_something(data: QMimeData) -> bool:
    """Whether there is a file or a picture."""
    return data.hasImage() or first_file(data) is not None
