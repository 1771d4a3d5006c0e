"""Networks of any size with random weights: times do not depend on what was learned."""

import torch

from nvg_studio.ids import NAMELESS
from nvg_studio.model.checkpoint import Generator, Networks
from nvg_studio.model.config import ModelConfig
from nvg_studio.model.few_step import FewStepStructure
from nvg_studio.model.tokenizer import Tokenizer

CODE_SPREAD = 0.3


def random_networks(config: ModelConfig, device: torch.device, few_step: bool = False) -> Networks:
    """Networks of a configuration on a device, the same at every call; with a few-step network on request."""
    with torch.random.fork_rng(), torch.device(device):
        torch.manual_seed(0)
        tokenizer, generator = Tokenizer(config.tokenizer), Generator(config)
        # The start of the codebook is nearly zero; spread it, so that canvases differ visibly.
        torch.nn.init.normal_(tokenizer.quantizer.embedding.weight, std=CODE_SPREAD)
        jumps = FewStepStructure(config).eval() if few_step else None
    return Networks(config, tokenizer.eval(), generator.eval(), NAMELESS, jumps)
