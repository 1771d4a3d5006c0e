"""Bring models into the library: the published ones, checkpoints from disk, a model folder. Loads torch."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from nvg_studio.errors import CheckpointError, HubError
from nvg_studio.hub.download import fetch, sha256
from nvg_studio.hub.library import CONFIG, ORIGIN, PARTIAL, user_models, weights
from nvg_studio.hub.progress import Progress, Report
from nvg_studio.hub.published import AUTOENCODER, LICENCE, PAGE, by_hand, licence_accepted, published
from nvg_studio.model.config import read_config


def install_published(name: str, mirror: Path | None, report: Report) -> Path:
    """Fetch a published model (from `mirror`, a folder with the same files, where one is given) and convert it once.

    Returns:
        The model's folder in the library; the one that is there already, without fetching anything.

    Raises:
        HubError: the licence was not accepted, or a file cannot be had. CheckpointError: a file is damaged.
    """
    model = published(name)
    target = user_models() / model.folder_name
    if (target / CONFIG).is_file():
        return target
    if not licence_accepted():
        raise HubError(f"The licence of the published models ({LICENCE}) is not accepted yet: accept it first.")
    files = (AUTOENCODER, model.file)
    if mirror is None:
        autoencoder, generator = (fetch(file, model, report) for file in files)
    else:
        autoencoder, generator = (mirror / file for file in files)
        for file in (autoencoder, generator):
            if not file.is_file():
                raise HubError(f"There is no {file.name} in '{mirror}': {by_hand(model)}")
    return install_checkpoints(autoencoder, generator, True, target, report, {"source": PAGE, "licence": LICENCE})


def install_checkpoints(
    autoencoder: Path,
    generator: Path,
    ema: bool,
    target: Path | None,
    report: Report,
    source: dict[str, str] | None = None,
) -> Path:
    """Convert two published training checkpoints into a model folder.

    Args:
        ema: take the averaged weights.
        target: a new folder; None: in the library, by the name of the generator's file.
        source: what is written down about where they came from.

    Raises:
        CheckpointError: a file is missing, damaged or unsafe, or `target` holds something already. HubError.
    """
    for file in (autoencoder, generator):
        if not file.is_file():
            raise CheckpointError(f"There is no file '{file}': check the path.")
    with new_folder(target or user_models() / f"nvg-{generator.stem}") as folder:
        from nvg_studio.model.official import convert_official

        report(Progress(f"Converting {generator.name}"))
        convert_official(autoencoder, generator, folder, ema)
        sums = {file.name: sha256(file, report) for file in (autoencoder, generator)}
        _write_origin(folder, (source or {}) | {"weights": "averaged" if ema else "raw"}, sums)
    return target or user_models() / f"nvg-{generator.stem}"


def install_folder(source: Path, target: Path | None, report: Report) -> Path:
    """Copy a model folder after loading it once, which checks it.

    Args:
        target: a new folder; None: in the library, by the model's own name.

    Raises:
        CheckpointError, HubError.
    """
    name = read_config(source / CONFIG).name
    target = target or user_models() / safe_name(name)
    with new_folder(target) as folder:
        check(source, report)
        copy(source, folder, report)
    return target


def check(folder: Path, report: Report) -> None:
    """Load a model once; raises CheckpointError where anything is wrong with it."""
    from nvg_studio.model.checkpoint import load_model

    report(Progress(f"Checking {folder.name}"))
    load_model(folder)


def copy(source: Path, target: Path, report: Report) -> None:
    """Copy the files of a model, the configuration last."""
    sizes = {file: (source / file).stat().st_size for file in (*weights(source), CONFIG)}
    done = 0
    for file, size in sizes.items():
        report(Progress(f"Copying {file}", done, sum(sizes.values())))
        shutil.copyfile(source / file, target / file)
        done += size


def safe_name(name: str) -> str:
    """A model's name as the name of a folder: letters, digits, "-", "_" and ".", not hidden."""
    kept = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name)
    return kept.strip(".-")[:80] or "model"


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder beside `target` that becomes it when all went well, and is gone otherwise."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise CheckpointError(f"'{target}' exists and is not an empty folder: choose a new one, or remove the model.")
    whole = target.absolute()
    partial = whole.with_name(PARTIAL + whole.name)
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        yield partial
        if whole.exists():
            whole.rmdir()
        os.replace(partial, whole)
    except (OSError, SafetensorError) as error:
        why = getattr(error, "strerror", None) or error
        raise HubError(f"Cannot write '{target}': {why}; choose another folder.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write_origin(folder: Path, source: dict[str, str], sums: dict[str, str]) -> None:
    (folder / ORIGIN).write_text(json.dumps(source | {"sha256": sums}, indent=2) + "\n", "utf-8")
