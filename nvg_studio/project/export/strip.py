"""The picture from coarse to fine, as in the paper's Figure 1: structure maps above, pictures below."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.imaging.crop import Picture, resize
from nvg_studio.imaging.draw import structure_map
from nvg_studio.project.rendering import Rendering

CARD_SIZE = 128
GAP_SHARE = 16
"""Cards are one sixteenth of their size apart."""


def draw_strip(sequence: GranularitySequence, rendering: Rendering, scale: int | None = None) -> Picture:
    """One column a stage 0..K, on white: uint8 [H, W, 3].

    Args:
        sequence: its structure maps are shown.
        rendering: its pictures are shown, at `scale` times their size; None: at 128 pixels or more.
    """
    size = len(rendering.stages[0])
    card = max(size, CARD_SIZE) if scale is None else scale * size
    gap = max(card // GAP_SHARE, 2)
    caption = card // 6
    step = card + gap
    page = np.full((2 * step + caption + gap, len(rendering.stages) * step + gap, 3), 255, np.uint8)
    for stage, picture in enumerate(rendering.stages):
        left = gap + stage * step
        for row, image in enumerate((structure_map(sequence.labels(stage), stage, card), resize(picture, card))):
            top = caption + gap + row * step
            page[top : top + card, left : left + card] = image
    return _captioned(page, gap, step, card)


def _captioned(page: Picture, gap: int, step: int, card: int) -> Picture:
    image = Image.fromarray(page)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(card / 9)
    for stage, left in enumerate(range(gap, image.width - gap, step)):
        draw.text((left + card / 2, gap), f"Stage {stage}", "black", font, anchor="ma")
    return np.array(image)
