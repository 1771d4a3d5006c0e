"""How a device runs the networks of a model: precision, recorded launches on a GPU, what is kept between calls."""

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor

from nvg_studio.model.blocks import Rotation
from nvg_studio.model.checkpoint import Networks
from nvg_studio.sampling.precision import Precision
from nvg_studio.sampling.prepared import prepare
from nvg_studio.sampling.recorded import Recorded

Function = Callable[..., Tensor]


class Compute:
    """The networks of a model on its device, in a precision."""

    def __init__(
        self,
        networks: Networks,
        device: torch.device,
        precision: Precision,
        owned: bool = False,
        recorder: Callable[[Function], Function] = Recorded,
    ) -> None:
        """Networks are never changed unless `owned` says that nobody else uses them: then no copy is made.

        Args:
            recorder: what `precision.record_launches` records with.
        """
        self.networks, self.device = prepare(networks, device, precision, owned), device
        # Without its cache: the weights are rounded for good, and a recording must not refer to what is cleared.
        self._autocast = precision.autocast(device, cache=False)
        recorded = recorder if precision.record_launches else _as_it_is
        self._content = recorded(self.networks.generator.content)
        self._velocity = recorded(self._turned)
        self._average = recorded(self._turned_average)
        self._first: dict[int, Tensor] = {}

    def final_canvas(self, canvas: Tensor, structure: Tensor, classes: Tensor, stage: int) -> Tensor:
        """The final canvas that the content network expects, float32 [B, L, C]; inputs as its `forward` takes them."""
        if stage == 0:
            return self._first_canvas(canvas, structure, classes)
        return self._run(self._content, canvas, structure, classes, torch.full_like(classes, stage))

    def logits(self, step_means: Tensor) -> Tensor:
        """Token logits, float32 [..., codes]."""
        return self._run(self.networks.generator.content.logits, step_means)

    def rotation(self, structure: Tensor) -> Rotation:
        """What `velocity` wants to know of a structure [B, L, K]."""
        return self.networks.generator.structure.rotation(structure)

    def velocity(
        self, noised: Tensor, canvas: Tensor, turn: Rotation, classes: Tensor, stage: int, times: Tensor
    ) -> Tensor:
        """The structure network's velocity, float32 [B, L, K]; inputs as its `forward` takes them."""
        return self._run(self._velocity, noised, canvas, *turn, classes, torch.full_like(classes, stage), times)

    def average_velocity(
        self,
        noised: Tensor,
        canvas: Tensor,
        turn: Rotation,
        classes: Tensor,
        stage: int,
        times: Tensor,
        spans: Tensor,
        guidance: Tensor,
    ) -> Tensor:
        """The few-step network's average velocity, float32 [B, L, K]; inputs as its `forward` takes them."""
        stages = torch.full_like(classes, stage)
        return self._run(self._average, noised, canvas, *turn, classes, stages, times, spans, guidance)

    def decode(self, canvases: Tensor) -> Tensor:
        """Canvases float [B, L, C] -> pictures float32 [B, 3, S, S] in [-1, 1]."""
        return self._run(self.networks.tokenizer.decode, canvases)

    def draw_preview(self, canvases: Tensor) -> Tensor:
        """`decode` by the model's preview decoder, which must be there."""
        return self._run(cast(Function, self.networks.preview), canvases)

    def decode_patch(self, latents: Tensor) -> Tensor:
        """Latents float [B, C, h, w] of any size -> pictures float32 [B, 3, H, W] in [-1, 1]."""
        return self._run(self.networks.tokenizer.decoder, latents)

    def _first_canvas(self, canvas: Tensor, structure: Tensor, classes: Tensor) -> Tensor:
        """Stage 0 reads neither canvas nor structure: its answer belongs to the class, and is kept."""
        numbers = classes.tolist()
        new = {number: row for row, number in enumerate(numbers) if number not in self._first}
        if new:
            rows = torch.tensor(list(new.values()), device=self.device)
            answers = self._run(self._content, canvas[rows], structure[rows], classes[rows], torch.zeros_like(rows))
            self._first.update(zip(new, answers, strict=True))
        return torch.stack([self._first[number] for number in numbers])

    def _turned(
        self, noised: Tensor, canvas: Tensor, cos: Tensor, sin: Tensor, classes: Tensor, stages: Tensor, times: Tensor
    ) -> Tensor:
        network: Function = self.networks.generator.structure
        return network(noised, canvas, Rotation(cos, sin), classes, stages, times)

    def _turned_average(self, noised: Tensor, canvas: Tensor, cos: Tensor, sin: Tensor, *others: Tensor) -> Tensor:
        network: Function = cast(Function, self.networks.few_step)
        return network(noised, canvas, Rotation(cos, sin), *others)

    def _run(self, function: Function, *inputs: Tensor) -> Tensor:
        with self._autocast:
            return function(*inputs).float()


def _as_it_is(function: Function) -> Function:
    return function
