"""CUDA graphs: a network's launches are recorded once for each shape of its inputs, then replayed as one.

At batch 1 a GPU waits for the next launch most of the time; a replay launches a whole network at once.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

WARM_UP_CALLS = 2
"""Before a recording: libraries set themselves up in the first calls, which must not be recorded."""


class _Recording(NamedTuple):
    graph: torch.cuda.CUDAGraph
    inputs: tuple[Tensor, ...]
    output: Tensor


class Recorded:
    """A function of CUDA tensors with one tensor as its result, recorded at the first call of every set of shapes.

    It must do the same whatever the numbers in its inputs are, and make no tensor from numbers of the CPU.
    """

    def __init__(self, function: Callable[..., Tensor]) -> None:
        self._function = function
        self._recordings: dict[tuple[tuple[torch.Size, torch.dtype], ...], _Recording] = {}
        # One for all: results are copied out at once, so that recordings may use the same memory.
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, *inputs: Tensor) -> Tensor:
        """The function's result, in memory of its own."""
        shapes = tuple((x.shape, x.dtype) for x in inputs)
        if shapes not in self._recordings:
            self._recordings[shapes] = self._record(inputs)
        recording = self._recordings[shapes]
        for place, x in zip(recording.inputs, inputs, strict=True):
            place.copy_(x)
        recording.graph.replay()
        return recording.output.clone()

    def _record(self, inputs: tuple[Tensor, ...]) -> _Recording:
        places = tuple(x.clone(memory_format=torch.contiguous_format) for x in inputs)
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP_CALLS):
                self._function(*places)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool):
            output = self._function(*places)
        return _Recording(graph, places, output)
