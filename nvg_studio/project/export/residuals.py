"""What every stage adds to the picture, as grey pictures that linear light adds up again."""

from collections.abc import Sequence

import numpy as np

from nvg_studio.imaging.crop import Picture


def grey_residuals(pictures: Sequence[Picture]) -> tuple[Picture, ...]:
    """The difference of each picture, uint8 [S, S, 3], to the one before it: grey where nothing changed.

    A layer r in linear light over b gives b + 2 r - 255, so r = (new - b + 255) / 2, rounded up so that 128 is no
    change. `b` is what the layers below really add up to; so roundings don't, and the sum stays within 1/255.
    """
    below = pictures[0].astype(np.int16)
    layers = []
    for picture in pictures[1:]:
        layer = (picture.astype(np.int16) - below + 256) // 2
        below = np.clip(below + 2 * layer - 255, 0, 255)
        layers.append(layer.astype(np.uint8))
    return tuple(layers)
