"""A small random model for tests: 16 cells a side or 8, two classes, nothing trained."""

from pathlib import Path

import torch

from nvg_studio.model.checkpoint import Generator, save_model
from nvg_studio.model.config import GeneratorConfig, ModelConfig, TokenizerConfig
from nvg_studio.model.few_step import FewStepStructure
from nvg_studio.model.preview import PreviewDecoder
from nvg_studio.model.tokenizer import Tokenizer
from nvg_studio.sampling.pipeline import NVGPipeline

SAMPLING = {
    "content_guidance": [1.0, 2.0],
    "structure_guidance": [1.0, 2.0],
    "structure_steps": 2,
    "top_p": [1.0, 0.8],
    "top_k": 0,
    "temperature": 1.0,
    "gumbel_split": False,
    "greedy": False,
}


def tiny_config(
    grid: int = 8, conditions_on_known_cells: bool = True, supports_unbalanced_trees: bool = False
) -> ModelConfig:
    """A model of `grid` cells a side (8 or 16) on pictures of twice that size."""
    tokenizer = TokenizerConfig(2 * grid, 32, (1, 1), 1, 1, 8, 64, 32)
    generator = GeneratorConfig(2, 64, 1, 64, 1, (1.0,) * (tokenizer.depth + 2))
    return ModelConfig(
        "tiny",
        tokenizer,
        generator,
        ("rose", "tulip"),
        conditions_on_known_cells,
        supports_unbalanced_trees,
        dict(SAMPLING),
    )


def save_tiny_model(
    folder: Path,
    grid: int = 8,
    seed: int = 0,
    conditions_on_known_cells: bool = True,
    supports_unbalanced_trees: bool = False,
    few_step: bool = False,
    preview: bool = False,
) -> None:
    """Write a random model folder, with a few-step network and a preview decoder if asked for."""
    config = tiny_config(grid, conditions_on_known_cells, supports_unbalanced_trees)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        tokenizer, generator = Tokenizer(config.tokenizer), Generator(config)
        # The start of the codebook is nearly zero; spread it, so that tokens differ visibly.
        torch.nn.init.normal_(tokenizer.quantizer.embedding.weight)
        jumps = FewStepStructure(config) if few_step else None
        sketch = PreviewDecoder(config.tokenizer) if preview else None
    save_model(config, tokenizer, generator, folder, few_step=jumps, preview=sketch)


def tiny_pipeline(
    folder: Path, grid: int = 8, conditions_on_known_cells: bool = True, supports_unbalanced_trees: bool = False
) -> NVGPipeline:
    """A random pipeline on the CPU, by way of `folder`."""
    save_tiny_model(
        folder,
        grid,
        conditions_on_known_cells=conditions_on_known_cells,
        supports_unbalanced_trees=supports_unbalanced_trees,
    )
    return NVGPipeline.from_pretrained(folder, device="cpu")
