"""What the picture on the canvas is composed of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nvg_studio.imaging.compose import compose
from nvg_studio.sampling.events import Picture


@dataclass(frozen=True, eq=False)
class Composition:
    """`base` inside `mask` (bool [L]), `decoded` elsewhere; `base` itself where `decoded` is None."""

    base: Picture
    decoded: Picture | None = None
    mask: NDArray[np.bool_] | None = None

    def same(self, other: "Composition | None") -> bool:
        """Whether both give the same picture (by identity of the pictures, by value of the mask)."""
        if other is None or self.base is not other.base or self.decoded is not other.decoded:
            return False
        return self.mask is other.mask or (
            self.mask is not None and other.mask is not None and np.array_equal(self.mask, other.mask)
        )

    def render(self) -> Picture:
        """The picture, uint8 [S, S, 3]."""
        if self.decoded is None:
            return self.base
        if self.mask is None or not self.mask.any():
            return self.decoded
        return compose(self.base, self.decoded, self.mask)
