"""numpy pictures to Qt and back."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColorSpace, QImage

Picture = NDArray[np.uint8]


def to_qimage(picture: Picture) -> QImage:
    """uint8 [H, W, 3] to a QImage that owns its pixels."""
    picture = np.ascontiguousarray(picture)
    height, width, _ = picture.shape
    return QImage(picture.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def rgb(colour: NDArray[np.uint8]) -> tuple[int, int, int]:
    """A colour uint8 [3] as plain numbers."""
    red, green, blue = (int(value) for value in colour)
    return red, green, blue


def from_qimage(image: QImage) -> Picture:
    """A QImage (of any format and colour space; transparent areas over white) to sRGB uint8 [H, W, 3]."""
    if image.hasAlphaChannel():
        rgba = _pixels(_in_srgb(image, QImage.Format.Format_RGBA8888), 4).astype(np.uint16)
        alpha = rgba[..., 3:]
        return ((rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    return _pixels(_in_srgb(image, QImage.Format.Format_RGB888), 3)


def _in_srgb(image: QImage, kind: QImage.Format) -> QImage:
    """The image in an 8-bit format; colours are converted before they are cut to 8 bits. No colour space means sRGB."""
    srgb = QColorSpace(QColorSpace.NamedColorSpace.SRgb)
    if image.colorSpace().isValid() and image.colorSpace() != srgb:
        converted = image.convertedToColorSpace(srgb, kind)
        if not converted.isNull():
            return converted
    return image.convertToFormat(kind)


def _pixels(image: QImage, channels: int) -> Picture:
    """A copy of the pixels of an image with 8 bits a channel: uint8 [H, W, channels]."""
    height, width = image.height(), image.width()
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(height, image.bytesPerLine())
    return rows[:, : channels * width].reshape(height, width, channels).copy()


def cells_image(labels: NDArray[np.int64], colours: Picture, grid: int) -> QImage:
    """One pixel per cell: labels int64 [grid*grid] through colours uint8 [n, 3]."""
    return to_qimage(colours[labels].reshape(grid, grid, 3))
