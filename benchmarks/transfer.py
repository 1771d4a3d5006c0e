"""Structure transfer to look at and in numbers (`python benchmarks/transfer.py PHOTO... --out sheet.png`).

The first levels of every photo's structure go into every class of the shipped model. The sheet shows the photos, what
was asked for, and a row a class; the table says how well the new pictures keep the structure: the adjusted Rand index
by level, against the ceiling (the photos' own reconstructions, seen again) and a shuffled baseline.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from rich.console import Console  # noqa: E402  the path comes first
from rich.table import Table  # noqa: E402

from nvg_studio.evaluation.adherence import LEVELS, photo_scores  # noqa: E402
from nvg_studio.evaluation.layouts import from_photo  # noqa: E402
from nvg_studio.evaluation.sheets import contact_sheet  # noqa: E402
from nvg_studio.imaging.crop import resize, square_crop  # noqa: E402
from nvg_studio.imaging.read import read_image  # noqa: E402
from nvg_studio.paths import shipped_model  # noqa: E402
from nvg_studio.sampling.pipeline import NVGPipeline  # noqa: E402
from nvg_studio.sampling.settings import GenerationSettings  # noqa: E402


def main() -> None:
    """Transfer, print the table, save the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, nargs="+", help="two photos at least")
    parser.add_argument("--out", type=Path, required=True, help="the sheet, a PNG file")
    parser.add_argument("--variations", type=int, default=2, help="pictures a photo and class (default: %(default)s)")
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    pipeline = NVGPipeline.from_pretrained(shipped_model(), device=options.device)
    pictures = {path.stem: read_image(path) for path in options.photos}
    layouts = [from_photo(pipeline, name, picture) for name, picture in pictures.items()]
    shown = {"photo": [[resize(square_crop(p), 128)] * options.variations for p in pictures.values()]}
    table = Table("Class", *(f"Level {n}" for n in LEVELS), title="Adjusted Rand index")
    everything = []
    for number, name in enumerate(pipeline.info.class_names):
        settings = [GenerationSettings(class_id=number, seed=seed) for seed in range(options.variations)]
        made = [pipeline.run_from_batch(layout.sequence, 0, settings, layout.locks) for layout in layouts]
        shown[name] = [[pipeline.decode(one) for one in cell] for cell in made]
        # Photo by photo within a variation, so that the shuffled baseline always compares with another photo.
        pairs = [
            (layout.sequence, cell[n])
            for n in range(options.variations)
            for layout, cell in zip(layouts, made, strict=True)
        ]
        scores = photo_scores(pipeline, *map(list, zip(*pairs, strict=True)))
        everything.append(scores)
        table.add_row(name, *(f"{scores[f'level {n}']['made']:.2f}" for n in LEVELS))
    for row, title in (("made", "all classes"), ("ceiling", "ceiling"), ("shuffled", "shuffled")):
        mean = [np.mean([scores[f"level {n}"][row] for scores in everything]) for n in LEVELS]
        table.add_row(title, *(f"{value:.2f}" for value in mean))
    contact_sheet(layouts, shown, options.out)
    Console(width=80).print(table)


if __name__ == "__main__":
    main()
