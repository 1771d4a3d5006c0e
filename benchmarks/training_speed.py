"""Training the generator from a cache, beside the published way: `python benchmarks/training_speed.py PHOTOS`.

The published way reads, encodes, clusters and quantises its pictures at every step and trains all stages of each in
one pass. Here a cache holds the encoded crops, and a step takes a few stages of more pictures. Both take turns with the
same networks, precision and number of stage examples a step (the recipe has more content and fewer structure stages
among them); shown are stage examples a second. This compares speed alone: new crops at every step are worth more than
those of a cache, all stages of one picture less than as many stages of different ones.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from nvg_studio.model.checkpoint import Networks, load_model
from nvg_studio.paths import shipped_model
from nvg_studio.sampling import reference
from nvg_studio.training.data.cache import Augmentation, build_cache
from nvg_studio.training.data.crops import READ_AHEAD, random_batch, to_tensor
from nvg_studio.training.data.pack import PhotoSet, load_photos
from nvg_studio.training.loop.train_loop import step_rng
from nvg_studio.training.tasks.generator import Batch, GeneratorRecipe, GeneratorTask, content_losses, structure_losses

PICTURES = 3
"""Of a step in the published way: 9 content and 7 structure stages of each, as many examples as the recipe's step."""
CACHED = 64


def published_losses(model: Networks, task: GeneratorTask, photos: PhotoSet, step: int) -> Tensor:
    """The loss of a step that starts from pictures and trains every stage of each."""
    depth, tokenizer = model.config.tokenizer.depth, model.tokenizer
    pictures = random_batch(photos, model.config.tokenizer.image_size, PICTURES, step_rng(0, step))
    with torch.no_grad():
        latents = tokenizer.encode(to_tensor(pictures))
        labels = torch.from_numpy(np.stack([reference.cluster(latent.numpy()) for latent in latents]))
        quantized = tokenizer.quantizer(latents, labels)
    shifts = torch.arange(depth - 1, -1, -1)
    bits = (labels[:, -1, :, None] >> shifts) & 1
    known = torch.zeros(bits.shape[:2], dtype=torch.bool)
    batch = Batch(bits, quantized.canvases, quantized.token_map, torch.zeros(PICTURES, dtype=torch.long), known)
    rows, stages = (
        part.flatten() for part in torch.meshgrid(torch.arange(PICTURES), torch.arange(depth + 1), indexing="ij")
    )
    content = content_losses(task.networks.content, batch.take(rows), stages, task.autocast)
    rows, stages = rows[stages < depth - 1], stages[stages < depth - 1]
    noise, times = torch.randn(bits.shape), torch.rand(len(rows))
    structure = structure_losses(task.networks.structure, batch.take(rows), stages, times, noise[rows], task.autocast)
    return content.canvas.mean() + content.tokens.mean() + structure.mean()


def update(task: GeneratorTask, loss: Tensor) -> None:
    """One step of the optimisers."""
    for optimizer in task.optimizers:
        optimizer.zero_grad(set_to_none=True)
    loss.backward()
    for optimizer in task.optimizers:
        optimizer.step()


def main() -> None:
    """Let both ways take turns, print medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, help="folder of class folders, or a pack")
    parser.add_argument("--model", type=Path, default=shipped_model(), help="model folder")
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    model = load_model(options.model)
    photos = load_photos(options.photos, round(model.config.tokenizer.image_size * READ_AHEAD))
    few = photos.where(np.arange(len(photos.pictures)) < CACHED)
    cache = build_cache(model.tokenizer, few, 1, Augmentation(), 0, torch.device("cpu"))
    task = GeneratorTask(model.config, GeneratorRecipe(), model.tokenizer, cache, cache, torch.device("cpu"))
    ways = {
        "the published way": lambda step: published_losses(model, task, photos, step),
        "from a cache": lambda step: task.losses(step, 0.0)["total"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for step in range(options.repeats + 1):
        for name, losses in ways.items():
            start = time.perf_counter()
            update(task, losses(step))
            seconds[name].append(time.perf_counter() - start)
    examples = PICTURES * 2 * model.config.tokenizer.depth
    # The first step warms up.
    medians = {name: float(np.median(times[1:])) for name, times in seconds.items()}
    for name, median in medians.items():
        print(f"{name}: {examples / median:.1f} stage examples a second")
    print(f"ratio {medians['the published way'] / medians['from a cache']:.2f}")


if __name__ == "__main__":
    main()
