"""`nvg-studio models`: what models there are, and how to bring in the published ones."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nvg_studio.cli.options import ModelChoice
from nvg_studio.errors import CheckpointError, NVGError
from nvg_studio.paths import shipped_model

if TYPE_CHECKING:
    from nvg_studio.model.config import ModelConfig

app = typer.Typer(help="List, describe and import models.", invoke_without_command=True, rich_markup_mode=None)


@app.callback()
def options(context: typer.Context) -> None:
    """List, describe and import models."""
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command("list")
def list_models() -> None:
    """The models that ship with the program, and what they make."""
    from nvg_studio.model.config import read_config

    folders = sorted(path.parent for path in shipped_model().parent.glob("*/config.json"))
    for folder in folders:
        try:
            print(f"{folder.name}: {_in_short(read_config(folder / 'config.json'))} ({folder})")
        except CheckpointError as error:
            print(f"{folder.name}: {error}")
    if not folders:
        print(f"There are no models in {shipped_model().parent}.")


@app.command("info")
def info(
    folder: Annotated[Path | None, typer.Argument(help="Model folder; the shipped one if left out.")] = None,
) -> None:
    """What a model is made of: loads and checks it."""
    pipeline = ModelChoice(model=folder, device="cpu").open()
    facts = pipeline.info
    defaults = ", ".join(f"{name} {value}" for name, value in facts.defaults.to_dict().items() if name != "seed")
    for name, value in (
        ("name", facts.name),
        ("folder", facts.folder),
        ("fingerprint", facts.fingerprint),
        ("pictures", f"{facts.image_size} x {facts.image_size} pixels"),
        ("grid", f"{facts.grid} x {facts.grid} cells, {facts.depth} levels"),
        ("classes", f"{len(facts.class_names)}: {', '.join(facts.class_names)}"),
        ("known cells", "yes" if facts.known_cells else "no"),
        ("free trees", "yes" if facts.trained_free else "no"),
        ("defaults", defaults),
    ):
        print(f"{name + ':':<13}{value}")


@app.command("import")
def import_model(
    folder: Annotated[Path, typer.Argument(help="Where to put the model; a new folder.")],
    autoencoder: Annotated[Path, typer.Option(help="Published checkpoint of the autoencoder (ae.ckpt).")],
    generator: Annotated[Path, typer.Option(help="Published checkpoint of the generator (d16.ckpt, ...).")],
    ema: Annotated[bool, typer.Option(help="Take the averaged weights.")] = True,
) -> None:
    """Turn published training checkpoints into a model folder."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CheckpointError(f"'{folder}' exists and is not an empty folder: choose a new one.")
    for path in (autoencoder, generator):
        if not path.is_file():
            raise CheckpointError(f"There is no file '{path}': check the path.")
    from nvg_studio.sampling.pipeline import NVGPipeline

    pipeline = NVGPipeline.from_official(autoencoder=autoencoder, generator=generator, ema=ema, device="cpu")
    try:
        pipeline.save_pretrained(folder)
    except OSError as error:
        raise NVGError(f"Cannot write '{folder}': {error.strerror or error}; choose another folder.") from error
    print(f"Imported {_in_short(pipeline.config)} to {folder}")


def _in_short(config: "ModelConfig") -> str:
    size, grid = config.tokenizer.image_size, config.tokenizer.grid
    return f"{config.name}, {size} x {size} pixels, {grid} x {grid} cells, {len(config.class_names)} classes"
