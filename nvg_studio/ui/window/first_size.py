"""The size of a window that was never opened before."""

from PySide6.QtCore import QSize

PREFERRED = QSize(1280, 800)
FRAME = 2
"""Pixels of the frame on both sides together; the part above is the title bar."""


def first_size(available: QSize, title_bar: int) -> QSize:
    """The size that fits on a screen, all in device-independent pixels.

    Args:
        available: of the screen, without panels and docks of the desktop.
        title_bar: height of the title bar.
    """
    return PREFERRED.boundedTo(available - QSize(FRAME, title_bar + FRAME))
