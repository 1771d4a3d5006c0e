"""One's own model as a folder to pass on or upload: weights, configuration and a card. Loads torch."""

from dataclasses import dataclass
from pathlib import Path

from nvg_studio import __version__
from nvg_studio.hub.install import check, copy, new_folder
from nvg_studio.hub.library import ModelFacts, facts
from nvg_studio.hub.progress import Report

MAX_NAMES = 40
"""Classes that are listed in full; of more the card names as many and says how many there are."""


@dataclass(frozen=True)
class Answers:
    """What only the publisher knows: the licence (an identifier like "cc-by-4.0"), and where the pictures came from."""

    licence: str = ""
    data: str = ""


def export_model(source: Path, target: Path, answers: Answers, report: Report) -> Path:
    """Write a model folder with a card to `target`, which must be new or empty.

    Raises:
        CheckpointError: the model is damaged, or `target` holds something. HubError: it cannot be written.
    """
    known = facts(source)
    with new_folder(target) as folder:
        check(source, report)
        copy(source, folder, report)
        (folder / "README.md").write_text(model_card(known, answers), "utf-8")
    return target


def model_card(known: ModelFacts, answers: Answers) -> str:
    """The README.md of a published model: a header that hubs read, what the files say, and what is to be filled in."""
    settings = {name: _in_words(value) for name, value in known.sampling.items()}
    data = answers.data or "To be filled in: which pictures it was trained on, how many, whose they are."
    licence = answers.licence or "To be filled in: under which licence the weights are passed on."
    return f"""{_header(answers.licence)}
# {known.name}

A model for Next Visual Granularity Generation (arXiv 2508.12811): pictures made from coarse to fine.

{_table(_sizes(known))}

## Data

{data}

## Licence

{licence}

## Settings

Used unless a run sets something else:

{_table(settings)}

## Use

With NVG Studio, from the folder that this file is in:

```
nvg-studio models import --folder .
nvg-studio generate --model . --class 0 out.png
```

Written by NVG Studio {__version__}.
"""


def _sizes(known: ModelFacts) -> dict[str, str]:
    classes = ", ".join(known.class_names[:MAX_NAMES])
    rest = len(known.class_names) - MAX_NAMES
    return {
        "pictures": f"{known.image_size} x {known.image_size} pixels",
        "grid": f"{known.grid} x {known.grid} cells",
        "classes": f"{len(known.class_names)}: {classes}" + (f" and {rest} more" if rest > 0 else ""),
        **{f"{part} parameters": f"{count:,}" for part, count in known.parameters.items()},
        "size on disk": megabytes(known.size),
        "trained with known cells": "yes" if known.conditions_on_known_cells else "no",
        "trained on unbalanced trees": "yes" if known.supports_unbalanced_trees else "no",
    }


def megabytes(size: int) -> str:
    """Bytes in MB or GB of 1,000."""
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


def _header(licence: str) -> str:
    """What model hubs read; a licence that is no plain identifier is "other" there, and said in full below."""
    plain = licence.replace("-", "").replace(".", "").isalnum()
    known = licence.lower() if plain else "other"
    return f"---\nlibrary_name: nvg-studio\nlicense: {known}\ntags:\n- image-generation\n- nvg\n---\n"


def _table(rows: dict[str, str]) -> str:
    plain = {name: " ".join(value.replace("|", " ").split()) for name, value in rows.items()}
    return "\n".join(["| | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in plain.items())])


def _in_words(value: object) -> str:
    return " to ".join(str(one) for one in value) if isinstance(value, list) else str(value)
