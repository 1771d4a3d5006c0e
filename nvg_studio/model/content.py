"""The content transformer: from the canvas so far to the tokens of the next stage (paper section 3.2)."""

import torch
from torch import Tensor, nn

from nvg_studio.model.blocks import Block, Head, Linear, drop_path_rates, initialize, rotation, token_ids
from nvg_studio.model.config import ModelConfig

CANVAS_KIND = 0


class ContentTransformer(nn.Module):
    """Predicts the final canvas; the step from the present canvas to it, averaged by cluster, gives the logits."""

    scale_factors: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        gen, tok = config.generator, config.tokenizer
        width, channels = gen.content_width, tok.latent_channels
        self.grid, self.no_class = tok.grid, gen.classes
        self.start = nn.Parameter(torch.randn(1, tok.cells, channels))
        self.embed = Linear(channels, width)
        self.class_embed = nn.Embedding(gen.classes + 1, width)
        self.stage_embed = nn.Embedding(tok.depth + 1, width)
        self.blocks = nn.ModuleList(Block(width, rate) for rate in drop_path_rates(gen.content_depth))
        self.head = Head(width, channels)
        self.classifier = Linear(channels, tok.codebook_size)
        self._factors = gen.scale_factors
        self.register_buffer("scale_factors", torch.empty(len(gen.scale_factors)), persistent=False)
        self.restore_buffers()
        initialize(self)

    def restore_buffers(self) -> None:
        """Write the constants that are not in the weights (after the network got its memory)."""
        if not self.scale_factors.is_meta:
            self.scale_factors.copy_(torch.tensor(self._factors))

    def forward(self, canvas: Tensor, structure: Tensor, classes: Tensor, stages: Tensor) -> Tensor:
        """Predict the final canvas.

        Args:
            canvas: float [B, L, C], the canvas before the stage, unscaled (not read at stage 0).
            structure: [B, L, K], 0 or 2 for the bits known at this stage, 1 for the others.
            classes: int64 [B]; the number of classes stands for "no class".
            stages: int64 [B], 0..K.

        Returns:
            float [B, L, C], unscaled.
        """
        scaled = canvas * self.scale_factors[stages].view(-1, 1, 1)
        tokens = torch.where((stages == 0).view(-1, 1, 1), self.start.to(canvas.dtype), scaled)
        class_row = self.class_embed(classes)
        condition = class_row + self.stage_embed(stages)
        x = torch.cat([class_row.unsqueeze(1), self.embed(tokens)], 1)  # [B, 1 + L, H]
        turn = rotation(token_ids(structure, self.grid, (CANVAS_KIND,)))
        for block in self.blocks:
            x = block(x, condition, turn)
        return self.head(x[:, 1:], condition) / self.scale_factors[-1]

    def logits(self, step_means: Tensor) -> Tensor:
        """Token logits [..., codes] from the mean step to the final canvas of each cluster, [..., C]."""
        return self.classifier(step_means)
