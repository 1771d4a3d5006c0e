"""Structure in few steps: the flow's average velocity over a whole span of time, guidance included.

The idea is that of shortcut and mean-flow models (arXiv 2410.12557, 2505.13447) with the guidance scale as a condition
(arXiv 2210.03142): one call replaces several steps of the structure flow, and both of its guidance branches.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from nvg_studio.model.blocks import Linear, Rotation, time_embedding
from nvg_studio.model.config import ModelConfig
from nvg_studio.model.structure import TIME_SIZE, StructureTransformer

MAX_STEPS = 4
"""Up to here a model that has a few-step network takes it; above, the flow itself."""
MAX_GUIDANCE = 6.0
"""The largest guidance scale that the network learns; larger ones count as this one."""


class FewStepStructure(nn.Module):
    """A structure transformer that also knows how far it is to jump, and how strongly the class guides."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.generator.structure_width
        self.flow = StructureTransformer(config)
        self.span_in, self.span_out = Linear(TIME_SIZE, width), Linear(width, width)
        self.guidance_in, self.guidance_out = Linear(TIME_SIZE, width), Linear(width, width)

    def start_from(self, flow: StructureTransformer) -> None:
        """Take over a trained flow: until the first training step, spans and guidance change nothing."""
        self.flow.load_state_dict(flow.state_dict())
        for layer in (self.span_out, self.guidance_out):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(
        self,
        noised: Tensor,
        canvas: Tensor,
        structure: Tensor | Rotation,
        classes: Tensor,
        stages: Tensor,
        times: Tensor,
        spans: Tensor,
        guidance: Tensor,
    ) -> Tensor:
        """Average velocity of the guided flow from `times` to `times - spans`, float [B, L, K].

        Args:
            spans: float [B], above 0, at most `times`.
            guidance: float [B], the scale; 1 is no guidance. Clamped to 1..MOST_GUIDANCE.
            others: as in `StructureTransformer.forward`.
        """
        strength = (guidance.clamp(1, MAX_GUIDANCE) - 1) / (MAX_GUIDANCE - 1)
        dtype = self.flow.class_embed.weight.dtype
        span = self.span_out(F.silu(self.span_in(time_embedding(spans).to(dtype))))
        guide = self.guidance_out(F.silu(self.guidance_in(time_embedding(strength).to(dtype))))
        return self.flow(noised, canvas, structure, classes, stages, times, span + guide)
