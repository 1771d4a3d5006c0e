"""`nvg-studio models`: which models there are, fetching the published ones, importing, publishing one's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nvg_studio.errors import HubError, SettingsError

if TYPE_CHECKING:
    from nvg_studio.hub.library import ModelFacts
    from nvg_studio.hub.progress import Progress, Report

HELP = "List, describe, download, import and export models."
app = typer.Typer(help=HELP, invoke_without_command=True, rich_markup_mode=None)

Model = Annotated[str | None, typer.Argument(help="Name or folder of a model; the shipped one if left out.")]


@app.callback()
def options(context: typer.Context) -> None:
    """List, describe, download, import and export models."""
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command("list")
def list_models() -> None:
    """The models on this machine, and the published ones that could be downloaded."""
    from nvg_studio.hub.library import DamagedModel, list_models
    from nvg_studio.hub.published import PUBLISHED

    here = list_models()
    for one in here:
        what = one.problem if isinstance(one, DamagedModel) else f"{_in_short(one)} ({one.folder})"
        print(f"{one.folder.name}: {what}")
    for model in PUBLISHED.values():
        if model.folder_name not in {one.folder.name for one in here}:
            size = f"{model.image_size} x {model.image_size} pixels"
            print(
                f"{model.name}: {size}, {model.classes} classes, not here yet (nvg-studio models download {model.name})"
            )


@app.command("info")
def info(model: Model = None) -> None:
    """What a model is made of: loads and checks it."""
    from nvg_studio.hub.library import facts, find, origin
    from nvg_studio.hub.publish import megabytes
    from nvg_studio.paths import shipped_model
    from nvg_studio.sampling.pipeline import NVGPipeline

    folder = shipped_model() if model is None else find(model)
    known = facts(folder)
    loaded = NVGPipeline.from_pretrained(folder, device="cpu").info
    parts = ", ".join(f"{part} {count:,}" for part, count in known.parameters.items())
    defaults = loaded.defaults.to_dict().items()
    for name, value in (
        ("name", known.name),
        ("folder", folder),
        ("from", origin(folder).get("source", "")),
        ("licence", known.licence),
        ("model id", loaded.identity.model),
        ("tokenizer", loaded.identity.tokenizer),
        ("size", f"{megabytes(known.size)} on disk"),
        ("parameters", f"{known.total:,} ({parts})"),
        ("pictures", f"{known.image_size} x {known.image_size} pixels"),
        ("grid", f"{known.grid} x {known.grid} cells, {loaded.depth} levels"),
        ("classes", f"{len(known.class_names)}: {', '.join(known.class_names)}"),
        ("known cells", "yes" if known.conditions_on_known_cells else "no"),
        ("free trees", "yes" if known.supports_unbalanced_trees else "no"),
        ("settings", ", ".join(f"{name} {value}" for name, value in defaults if name != "seed")),
    ):
        if value != "":
            print(f"{name + ':':<13}{value}")


@app.command("download")
def download(
    name: Annotated[str, typer.Argument(help="d16, d20 or d24.")],
    mirror: Annotated[
        Path | None, typer.Option("--from", help="Folder that holds the published files (ae.ckpt, d16.ckpt, ...).")
    ] = None,
    accept_licence: Annotated[bool, typer.Option("--accept-licence", help="You agree to the models' licence.")] = False,
) -> None:
    """Fetch a published model and convert it, once, into your own folder of models."""
    from nvg_studio.hub.install import install_published
    from nvg_studio.hub.published import published

    published(name)
    _settle_licence(accept_licence)
    with _reporting() as report:
        folder = install_published(name, mirror, report)
    _installed(folder)


@app.command("import")
def import_model(
    target: Annotated[Path | None, typer.Argument(help="A new folder; your own folder of models if left out.")] = None,
    folder: Annotated[Path | None, typer.Option(help="A model folder, for example that of your training.")] = None,
    autoencoder: Annotated[Path | None, typer.Option(help="Published checkpoint (ae.ckpt).")] = None,
    generator: Annotated[Path | None, typer.Option(help="Published checkpoint (d16.ckpt, ...).")] = None,
    ema: Annotated[bool, typer.Option(help="Take the averaged weights.")] = True,
) -> None:
    """Bring in a model folder, or a pair of published training checkpoints."""
    from nvg_studio.hub.install import install_checkpoints, install_folder

    with _reporting() as report:
        if folder is not None and autoencoder is None and generator is None:
            made = install_folder(folder, target, report)
        elif folder is None and autoencoder is not None and generator is not None:
            made = install_checkpoints(autoencoder, generator, ema, target, report)
        else:
            raise SettingsError("Name what to import: --folder, or --autoencoder and --generator.")
    _installed(made)


@app.command("export")
def export(
    model: Annotated[str, typer.Argument(help="Name or folder of a model.")],
    target: Annotated[Path, typer.Argument(help="A new folder.")],
    licence: Annotated[str, typer.Option(help="Licence of the weights, for the card: cc-by-4.0, ...")] = "",
    data: Annotated[str, typer.Option(help="What it was trained on, for the card.")] = "",
) -> None:
    """Write a model as a folder to pass on or upload: weights, configuration and a card."""
    from nvg_studio.hub.library import find
    from nvg_studio.hub.publish import Answers, export_model

    with _reporting() as report:
        export_model(find(model), target, Answers(licence, data), report)
    open_questions = [name for name, value in (("licence", licence), ("data", data)) if not value]
    rest = f"; fill in {' and '.join(open_questions)} in its README.md" if open_questions else ""
    print(f"Wrote {target}{rest}")


@app.command("remove")
def remove(name: Annotated[str, typer.Argument(help="A model of your own folder of models.")]) -> None:
    """Delete a model that was downloaded or imported."""
    from nvg_studio.hub.library import find
    from nvg_studio.hub.library import remove as delete

    folder = find(name)
    delete(folder)
    print(f"Removed {folder}")


def _settle_licence(accepted: bool) -> None:
    """Show the licence before the first download and have it accepted; HubError if it is not."""
    from nvg_studio.hub.published import LICENCE, LICENCE_NOTE, accept_licence, licence_accepted, licence_text

    if licence_accepted():
        return
    print(f"{licence_text()}\n{LICENCE_NOTE}")
    if not accepted and not typer.confirm("Do you accept it?", default=False):
        raise HubError(f"The {LICENCE} was not accepted, so nothing was downloaded.")
    accept_licence()


def _installed(folder: Path) -> None:
    from nvg_studio.hub.library import facts

    print(f"{_in_short(facts(folder))} is in {folder}")


def _in_short(known: "ModelFacts") -> str:
    from nvg_studio.hub.publish import megabytes

    pixels, grid = known.image_size, known.grid
    return (
        f"{known.name}, {pixels} x {pixels} pixels, {grid} x {grid} cells, {len(known.class_names)} classes, "
        f"{megabytes(known.size)}"
    )


@contextmanager
def _reporting() -> Iterator["Report"]:
    """A bar on standard error that follows what is reported; nothing without a terminal."""
    import sys

    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    text = TextColumn("{task.description}")
    columns = (text, BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("", total=None)

        def show(progress: "Progress") -> None:
            if bars.tasks[0].description != progress.text:
                bars.reset(task, description=progress.text)
            bars.update(task, completed=progress.done, total=progress.total or None)

        yield show
