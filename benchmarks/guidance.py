"""Which guidance scales and which nucleus suit a model: samples at several settings, judged by a classifier.

`python benchmarks/guidance.py flowers/val --classifier models/flowers-classifier --dtype bfloat16 --out runs/guidance`

One setting at a time differs from the model's own. Every setting draws the same classes with the same seeds.
"""

from few_steps import APART, judged, opened, options_of, rounds_together, show

from nvg_studio.evaluation.generation import generate
from nvg_studio.sampling.settings import GenerationSettings

VARIATIONS = {
    "the model's own": GenerationSettings(),
    "content guidance 1": GenerationSettings(content_guidance=(1.0, 1.0)),
    "content guidance 2": GenerationSettings(content_guidance=(2.0, 2.0)),
    "content guidance 5 to 7": GenerationSettings(content_guidance=(5.0, 7.0)),
    "structure guidance 1": GenerationSettings(structure_guidance=(1.0, 1.0)),
    "structure guidance 4 to 5": GenerationSettings(structure_guidance=(4.0, 5.0)),
    "top-p 0.95 to 0.5": GenerationSettings(top_p=(0.95, 0.5)),
    "greedy": GenerationSettings(greedy=True),
}


def main() -> None:
    """Draw, judge, print a table."""
    options = options_of(__doc__, rounds=2).parse_args()
    subject, labels, judge, real = opened(options)
    table = {}
    for name, settings in VARIATIONS.items():
        drawn = [generate(subject.pipeline, labels, settings, APART * number) for number in range(options.rounds)]
        table[name] = rounds_together([judged(samples.pictures, labels, judge, real) for samples in drawn])
    show(table, options.out / "guidance.json")


if __name__ == "__main__":
    main()
