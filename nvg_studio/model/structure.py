"""The structure transformer: a rectified flow over the bits of the tree (paper section 3.3)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nvg_studio.model.blocks import (
    Block,
    Head,
    Linear,
    Rotation,
    drop_path_rates,
    initialize,
    rotation,
    time_embedding,
    token_ids,
)
from nvg_studio.model.config import ModelConfig

STRUCTURE_KIND, CANVAS_KIND = 0, 2
TIME_SIZE = 64


class StructureTransformer(nn.Module):
    """Velocity (noise - data) of noised bits, for the splits after stages 0..K-2."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        gen, tok = config.generator, config.tokenizer
        width = gen.structure_width
        self.grid, self.cells, self.no_class = tok.grid, tok.cells, gen.classes
        self.embed = Linear(tok.depth, width)
        self.canvas_embed = Linear(tok.latent_channels, width)
        self.class_embed = nn.Embedding(gen.classes + 1, width)
        self.stage_embed = nn.Embedding(tok.depth - 1, width)
        self.time_in = Linear(TIME_SIZE, width)
        self.time_out = Linear(width, width)
        self.blocks = nn.ModuleList(Block(width, rate) for rate in drop_path_rates(gen.structure_depth))
        self.head = Head(width, tok.depth)
        initialize(self)

    def rotation(self, structure: Tensor) -> Rotation:
        """Rotary angles of a structure [B, L, K] as in `forward`."""
        return rotation(token_ids(structure, self.grid, (CANVAS_KIND, STRUCTURE_KIND)))

    def forward(
        self,
        noised: Tensor,
        canvas: Tensor,
        structure: Tensor | Rotation,
        classes: Tensor,
        stages: Tensor,
        times: Tensor,
        more: Tensor | float = 0.0,
    ) -> Tensor:
        """Velocity of the noised bits.

        Args:
            noised: float [B, L, K], data in -1..1 and noise mixed; known channels clean.
            canvas: float [B, L, C], the canvas after the stage, unscaled.
            structure: [B, L, K], 0 or 2 for the bits known at this stage, 1 for the others; or its `rotation`, of
                callers that ask several times.
            classes: int64 [B]; the number of classes stands for "no class".
            stages: int64 [B], 0..K-2.
            times: float [B], 1 is pure noise, 0 is data.
            more: float [B, width], what a network around this one adds to the condition.

        Returns:
            float [B, L, K].
        """
        class_row = self.class_embed(classes)
        time = self.time_out(F.silu(self.time_in(time_embedding(times).to(class_row.dtype))))
        condition = class_row + time + self.stage_embed(stages) + more
        x = torch.cat([class_row.unsqueeze(1), self.canvas_embed(canvas), self.embed(noised)], 1)  # [B, 1 + 2L, H/2]
        turn = structure if isinstance(structure, Rotation) else self.rotation(structure)
        for block in self.blocks[:-1]:
            x = block(x, condition, turn)
        x = self.blocks[-1](x, condition, turn, last=self.cells)  # [B, L, H/2]
        return self.head(x, condition)
