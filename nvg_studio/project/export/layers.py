"""What a layered file holds, as values that no format owns: layers and groups in painting order."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from nvg_studio.imaging.crop import Picture

Advance = Callable[[int, int], None]
"""Called with how many layers are written and how many there are; may raise Cancelled."""

MAX_NAME = 200


class Blend(StrEnum):
    """How a layer is laid over what is below it. Linear light: below + 2 * layer - 255, clipped."""

    NORMAL = "normal"
    LINEAR_LIGHT = "linear light"


@dataclass(frozen=True, eq=False)
class Layer:
    """Pixels uint8 [h, w, 4] (RGB and a mask, not premultiplied) at `left`, `top` on the page."""

    name: str
    pixels: NDArray[np.uint8]
    left: int = 0
    top: int = 0
    visible: bool = True
    blend: Blend = Blend.NORMAL

    @property
    def opaque(self) -> bool:
        """Whether nothing is masked."""
        return bool((self.pixels[..., 3] == 255).all())

    @property
    def masked_pixels(self) -> NDArray[np.uint8]:
        """The pixels, black where they are masked entirely: packs better and tells nothing of what is hidden."""
        return np.where(self.pixels[..., 3:] > 0, self.pixels, np.uint8(0))


@dataclass(frozen=True, eq=False)
class Group:
    """Layers under one name, in painting order; hidden as a whole unless `visible`."""

    name: str
    layers: tuple[Layer, ...]
    visible: bool = False


@dataclass(frozen=True, eq=False)
class Scene:
    """A layered picture: the bottom layer comes first; what is visible composes to `view`, uint8 [S, S, 3]."""

    view: Picture
    items: tuple[Layer | Group, ...]

    @property
    def size(self) -> int:
        """Pixels a side."""
        return len(self.view)

    def walk(self) -> Iterator[tuple[Group | None, Layer]]:
        """All layers in painting order, each with its group."""
        for item in self.items:
            if isinstance(item, Group):
                yield from ((item, layer) for layer in item.layers)
            else:
                yield None, item


def opaque(name: str, picture: Picture, visible: bool = True, blend: Blend = Blend.NORMAL) -> Layer:
    """A layer of a whole picture uint8 [S, S, 3] without a mask."""
    alpha = np.full((*picture.shape[:2], 1), 255, np.uint8)
    return Layer(name, np.concatenate([picture, alpha], axis=2), visible=visible, blend=blend)


def readable(name: str) -> str:
    """A name in any script for a file of any format: on one line, without control characters, not too long."""
    line = "".join(c if c.isprintable() else " " for c in name)
    return " ".join(line.split())[:MAX_NAME].rstrip()


def no_progress(done: int, total: int) -> None:
    """A progress function that does nothing."""
