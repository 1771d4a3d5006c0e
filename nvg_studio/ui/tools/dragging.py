"""The part of a stroke that brush, eraser and lock brush share: collecting cells while the button is down."""

from collections.abc import Callable, Generator
from dataclasses import replace

import numpy as np

from nvg_studio.ui.canvas.layers import Mask, Preview
from nvg_studio.ui.canvas.tool import Pointer, ToolContext
from nvg_studio.ui.tools.cells import swept

Show = Callable[[Mask], Preview]


class LineMemory:
    """Where the last stroke ended, for straight lines with Shift."""

    def __init__(self) -> None:
        self.end: tuple[float, float] | None = None


def hover_preview(context: ToolContext, pointer: Pointer, show: Show, memory: LineMemory) -> Preview:
    """What a click would do: the brush's cells, and with Shift the line from where the last stroke ended."""
    here, size = (pointer.x, pointer.y), context.state.choices.size
    start = memory.end if pointer.shift and memory.end is not None else here
    preview = replace(show(swept(context.session.grid, start, here, size)), circle=(*here, size))
    return replace(preview, path=(start, here)) if start != here else preview


def collect_cells(
    context: ToolContext, press: Pointer, show: Show, memory: LineMemory
) -> Generator[None, Pointer, Mask]:
    """Collect the cells of one drag, showing them; returns bool [L]. A pen's pressure makes the brush smaller."""
    grid, size = context.session.grid, _size(context.state.choices.size, press)
    here = (press.x, press.y)
    start = memory.end if press.shift and memory.end is not None else here
    cells = swept(grid, start, here, size)
    try:
        while True:
            context.canvas.show_preview(replace(show(cells), circle=(*here, size)))
            pointer = yield
            if pointer.released:
                break
            there, size = (pointer.x, pointer.y), _size(context.state.choices.size, pointer)
            cells = np.logical_or(cells, swept(grid, here, there, size))
            here = there
    finally:
        context.canvas.show_preview(None)
    memory.end = here
    return cells


def _size(full: int, pointer: Pointer) -> float:
    """The brush's diameter in cells under a pen's pressure, never below one cell."""
    return max(full * pointer.pressure, 1.0)
