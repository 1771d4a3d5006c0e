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

from nvg_studio.evaluation.layouts import Layout, from_photo  # noqa: E402
from nvg_studio.evaluation.metrics.adherence import LEVELS, photo_scores  # noqa: E402
from nvg_studio.evaluation.sheets import contact_sheet  # noqa: E402
from nvg_studio.granularity.sequence import GranularitySequence  # noqa: E402
from nvg_studio.imaging.crop import resize, square_crop  # noqa: E402
from nvg_studio.imaging.read import read_image  # noqa: E402
from nvg_studio.paths import shipped_model  # noqa: E402
from nvg_studio.sampling.pipeline import NVGPipeline  # noqa: E402
from nvg_studio.sampling.settings import GenerationSettings  # noqa: E402

Scores = dict[str, dict[str, float]]


def transfer(
    pipeline: NVGPipeline, layouts: list[Layout], class_id: int, count: int
) -> list[list[GranularitySequence]]:
    """`count` pictures of a class for every layout."""
    settings = [GenerationSettings(class_id=class_id, seed=seed) for seed in range(count)]
    return [pipeline.run_from_batch(layout.sequence, 0, settings, layout.locks) for layout in layouts]


def scored(pipeline: NVGPipeline, layouts: list[Layout], made: list[list[GranularitySequence]]) -> Scores:
    """The agreement of the pictures with their layouts."""
    # One variation of all layouts after the other, so that the shuffled baseline always compares with another layout.
    pairs = [
        (layout.sequence, one)
        for column in zip(*made, strict=True)
        for layout, one in zip(layouts, column, strict=True)
    ]
    asked, found = map(list, zip(*pairs, strict=True))
    return photo_scores(pipeline, asked, found)


def show(scores: dict[str, Scores]) -> None:
    """Print the table: a row a class, then the means."""
    table = Table("Class", *(f"Level {n}" for n in LEVELS), title="Adjusted Rand index")
    for name, one in scores.items():
        table.add_row(name, *(f"{one[f'level {n}']['made']:.2f}" for n in LEVELS))
    for row, title in (("made", "all classes"), ("ceiling", "ceiling"), ("shuffled", "shuffled")):
        means = [np.mean([one[f"level {n}"][row] for one in scores.values()]) for n in LEVELS]
        table.add_row(title, *(f"{value:.2f}" for value in means))
    Console(width=80).print(table)


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
    sheet = {"photo": [[resize(square_crop(p), 128)] * options.variations for p in pictures.values()]}
    scores = {}
    for number, name in enumerate(pipeline.info.class_names):
        made = transfer(pipeline, layouts, number, options.variations)
        sheet[name] = [[pipeline.decode(one) for one in cell] for cell in made]
        scores[name] = scored(pipeline, layouts, made)
    contact_sheet(layouts, sheet, options.out)
    show(scores)


if __name__ == "__main__":
    main()
