"""The models on this machine: the shipped ones and the user's own folder. Reads headers only; no torch."""

import json
import math
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_data_path
from safetensors import SafetensorError, safe_open

from nvg_studio.errors import CheckpointError, HubError
from nvg_studio.model.config import read_config
from nvg_studio.paths import shipped_model

CONFIG = "config.json"
WEIGHTS = ("tokenizer.safetensors", "generator.safetensors")
MORE_WEIGHTS = ("few-step.safetensors", "preview.safetensors")
"""Of parts that not every model has."""
ORIGIN = "origin.json"
"""Beside an installed model: where it came from, and the SHA-256 of the files it was made of."""
PARTIAL = ".partial-"
"""How the names of folders begin that are not complete."""


@dataclass(frozen=True)
class ModelFacts:
    """What can be said about a model folder without loading it.

    `parameters` counts learned numbers by part ("tokenizer", "content", "structure", "few-step", "preview"); `size` is
    bytes on disk; `sampling` its default settings; `licence` is "" where it is not recorded; `own`: it is in the
    user's folder and may be removed.
    """

    folder: Path
    name: str
    image_size: int
    grid: int
    class_names: tuple[str, ...]
    parameters: dict[str, int]
    size: int
    sampling: dict[str, Any]
    conditions_on_known_cells: bool
    supports_unbalanced_trees: bool
    licence: str
    own: bool

    @property
    def total(self) -> int:
        """All learned numbers."""
        return sum(self.parameters.values())


@dataclass(frozen=True)
class DamagedModel:
    """A model folder that cannot be read, and why."""

    folder: Path
    problem: str

    @property
    def own(self) -> bool:
        """Whether it is in the user's folder and may be removed."""
        return self.folder.parent == user_models()


def user_models() -> Path:
    """The user's own folder of models. It need not exist."""
    return user_data_path("nvg-studio", appauthor=False) / "models"


def folders() -> list[Path]:
    """All model folders, the shipped ones first."""
    homes = (shipped_model().parent, user_models())
    found = [sorted(path.parent for path in home.glob(f"*/{CONFIG}")) for home in homes]
    return [folder for home in found for folder in home if not folder.name.startswith(PARTIAL)]


def list_models(elsewhere: Path | None = None) -> list[ModelFacts | DamagedModel]:
    """What there is to know about all `folders`, and about one more if it holds a model."""
    found = folders()
    if elsewhere is not None and elsewhere not in found and (elsewhere / CONFIG).is_file():
        found.append(elsewhere)
    return [_facts_or_damage(folder) for folder in found]


def _facts_or_damage(folder: Path) -> ModelFacts | DamagedModel:
    try:
        return facts(folder)
    except CheckpointError as error:
        return DamagedModel(folder, str(error))


def find(model: str) -> Path:
    """The folder of a model: a path, or the name of one of `folders`; "d16" is short for "nvg-d16".

    Raises:
        CheckpointError: there is none.
    """
    path = Path(model)
    if path.is_dir():
        return path
    known = {folder.name: folder for folder in folders()}
    for name in (model, f"nvg-{model}"):
        if name in known:
            return known[name]
    names = ", ".join(known) or "none"
    raise CheckpointError(f"No model folder at '{model}', and no model of that name ({names}). Check the path or name.")


def facts(folder: Path) -> ModelFacts:
    """What a model folder says about itself; CheckpointError where a file is missing or damaged."""
    config = read_config(folder / CONFIG)
    parameters: dict[str, int] = {}
    for file in weights(folder):
        for name, count in _sizes(folder / file).items():
            part = name.split(".")[0] if file == WEIGHTS[1] else file.split(".")[0]
            parameters[part] = parameters.get(part, 0) + count
    return ModelFacts(
        folder=folder,
        name=config.name,
        image_size=config.tokenizer.image_size,
        grid=config.tokenizer.grid,
        class_names=config.class_names,
        parameters=parameters,
        size=sum((folder / file).stat().st_size for file in (CONFIG, *weights(folder))),
        sampling=config.sampling,
        conditions_on_known_cells=config.conditions_on_known_cells,
        supports_unbalanced_trees=config.supports_unbalanced_trees,
        licence=str(origin(folder).get("licence", "")),
        own=folder.parent == user_models(),
    )


def weights(folder: Path) -> tuple[str, ...]:
    """The names of the files that a model's weights are in."""
    return (*WEIGHTS, *(file for file in MORE_WEIGHTS if (folder / file).is_file()))


def origin(folder: Path) -> dict[str, Any]:
    """Where an installed model came from; empty where nothing is known."""
    try:
        data = json.loads((folder / ORIGIN).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def remove(folder: Path) -> None:
    """Delete a model of the user's own folder; HubError for any other folder."""
    if folder.parent != user_models():
        raise HubError(f"'{folder}' did not come through the models list: delete it yourself if you mean to.")
    leaving = folder.with_name(PARTIAL + folder.name)
    shutil.rmtree(leaving, ignore_errors=True)
    # Under another name first: no program ever finds half of a model.
    folder.rename(leaving)
    shutil.rmtree(leaving)


def _sizes(path: Path) -> dict[str, int]:
    """The number of elements of every tensor in a safetensors file, from its header."""
    if not path.is_file():
        raise CheckpointError(f"'{path}' is missing. Copy the model's folder again.")
    try:
        with safe_open(path, framework="np") as file:
            shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"'{path}' is damaged ({error}). Copy the model's folder again.") from error
    return {name: math.prod(shape) for name, shape in shapes.items()}
