"""Ways to train the generator, on an equal budget of steps.

`python benchmarks/variations.py PHOTOS --val HELD-OUT --init MODEL --out runs/v`

Every variation starts from random weights, sees the same batches of the same cache (made with the model's tokenizer)
and takes the same number of steps. Shown are the held-out losses of the averaged weights and the seconds a step; grids
of samples are in the folder of each variation. What is there already is not trained again.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nvg_studio.model.checkpoint import Networks, load_model
from nvg_studio.model.config import ModelConfig
from nvg_studio.training.cache import Augmentation, SequenceCache, build_cache, load_cache
from nvg_studio.training.crops import READ_AHEAD
from nvg_studio.training.generator import GeneratorRecipe, GeneratorTask
from nvg_studio.training.loop import Schedule, Settings, train
from nvg_studio.training.pack import PhotoSet, load_photos

BASE = GeneratorRecipe()
CROPS = 6


def _same(config: ModelConfig) -> ModelConfig:
    return config


def _wide(config: ModelConfig) -> ModelConfig:
    """About as many parameters in half of the blocks."""
    gen = config.generator
    width = 64 * round(gen.content_width * 1.4 / 64)
    return replace(config, generator=replace(gen, content_width=width, content_depth=gen.content_depth // 2))


@dataclass(frozen=True)
class Variation:
    """What differs from the recipe; `adamw`: that optimiser for all weights, at this rate."""

    recipe: GeneratorRecipe = BASE
    config: Callable[[ModelConfig], ModelConfig] = _same
    adamw: float | None = None


VARIATIONS = {
    "the recipe": Variation(),
    "AdamW alone": Variation(adamw=6e-4),
    "all structure channels alike, as in the paper": Variation(replace(BASE, split_weight=1.0)),
    "wider, half as deep": Variation(config=_wide),
    "one content stage a picture, twice the pictures": Variation(replace(BASE, pictures=32, content_stages=1)),
}


def run(
    name: str, variation: Variation, model: Networks, caches: tuple[SequenceCache, SequenceCache], out: Path, steps: int
) -> dict[str, Any]:
    """Train one variation; its last report and the median seconds a step."""
    folder = out / name.replace(" ", "-").replace(",", "")
    config = variation.config(model.config)
    task = GeneratorTask(config, variation.recipe, model.tokenizer, *caches, torch.device("cpu"))
    if variation.adamw:
        task.optimizers = [torch.optim.AdamW(task.networks.parameters(), variation.adamw, (0.9, 0.95))]
    train(task, Settings(folder, Schedule(steps, None, warmup_steps=30), report_every=10 * steps))
    rows = [json.loads(line) for line in (folder / "losses.jsonl").read_text("utf-8").splitlines()]
    report = json.loads((folder / "reports.jsonl").read_text("utf-8").splitlines()[-1])
    seconds = float(np.median(np.diff([row["seconds"] for row in rows])))
    return {"val_tokens": report["val_tokens"], "val_structure": report["val_structure"], "seconds a step": seconds}


def cached(model: Networks, photos: PhotoSet, crops: int, path: Path) -> SequenceCache:
    """Encoded crops, from a file or made there."""
    if not path.exists():
        build_cache(model.tokenizer, photos, crops, Augmentation(), 0, torch.device("cpu")).save(path)
    return load_cache(path)


def main() -> None:
    """Train what is missing, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, help="folder of class folders, or a pack")
    parser.add_argument("--val", type=Path, required=True, help="held-out photos")
    parser.add_argument("--init", type=Path, required=True, help="model whose tokenizer and sizes are taken")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--only", nargs="+", choices=VARIATIONS, default=list(VARIATIONS))
    options = parser.parse_args()
    model = load_model(options.init)
    options.out.mkdir(parents=True, exist_ok=True)
    side = round(model.config.tokenizer.image_size * READ_AHEAD)
    caches = (
        cached(model, load_photos(options.photos, side), CROPS, options.out / "train.npz"),
        cached(model, load_photos(options.val, side), 0, options.out / "val.npz"),
    )
    table = {name: run(name, VARIATIONS[name], model, caches, options.out, options.steps) for name in options.only}
    (options.out / "variations.json").write_text(json.dumps(table, indent=2) + "\n", "utf-8")
    columns = list(next(iter(table.values())))
    print(f"| {options.steps} steps | " + " | ".join(columns) + " |")
    print("|" + " --- |" * (len(columns) + 1))
    for name, row in table.items():
        print(f"| {name} | " + " | ".join(f"{row[column]:.3f}" for column in columns) + " |")


if __name__ == "__main__":
    main()
