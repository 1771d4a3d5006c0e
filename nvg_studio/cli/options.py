"""Options that several commands share, and what they mean."""

import functools
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from nvg_studio.atomic import MAX_NAME, check_target, describe_refusal
from nvg_studio.errors import CheckpointError, PictureError, SettingsError
from nvg_studio.paths import shipped_model
from nvg_studio.sampling.settings import GenerationSettings, ModelInfo, Ramp

if TYPE_CHECKING:
    from nvg_studio.sampling.pipeline import NVGPipeline


@dataclass(frozen=True)
class ModelChoice:
    """Which model, and where it computes."""

    model: Annotated[str | None, typer.Option(help="Model, by folder or name; the shipped one if left out.")] = None
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps, ...")] = "auto"
    dtype: Annotated[str, typer.Option(help="auto, float32 or bfloat16.")] = "auto"

    @property
    def folder(self) -> Path:
        """The chosen folder; CheckpointError where there is no such model, or none was chosen and none shipped."""
        if self.model is not None:
            from nvg_studio.hub.library import find

            return find(self.model)
        folder = shipped_model()
        if not folder.is_dir():
            raise CheckpointError(f"The shipped model is not at '{folder}': name a model folder with --model.")
        return folder

    def open(self) -> "NVGPipeline":
        """Load the model; raises CheckpointError, DeviceError, SettingsError."""
        from nvg_studio.sampling.pipeline import NVGPipeline

        return NVGPipeline.from_pretrained(self.folder, device=self.device, dtype=self.dtype)


@dataclass(frozen=True)
class Sampling:
    """How to generate; what is left out is the model's own default."""

    class_name: Annotated[str | None, typer.Option("--class", help="Name or number; no class if left out.")] = None
    seed: Annotated[int, typer.Option(help="Same seed, same picture.")] = 0
    guidance: Annotated[str | None, typer.Option(help="Of the content: 3, or 1,3.5 from first to last stage.")] = None
    structure_guidance: Annotated[str | None, typer.Option(help="Of the structure, likewise.")] = None
    steps: Annotated[int | None, typer.Option(help="Structure steps a stage.")] = None
    top_p: Annotated[str | None, typer.Option(help="Share of likely codes: 0.9, or 1,0.5.")] = None
    top_k: Annotated[int | None, typer.Option(help="Number of likely codes; 0 for all.")] = None
    temperature: Annotated[float | None, typer.Option(help="Of the token choice.")] = None
    gumbel_split: Annotated[bool | None, typer.Option(help="Draw the structure at random.")] = None
    greedy: Annotated[bool | None, typer.Option(help="Always the likeliest code.")] = None

    def classless(self) -> GenerationSettings:
        """The settings without the class, checked; SettingsError. Needs no model, so wrong values show at once."""
        settings = GenerationSettings(
            seed=self.seed,
            content_guidance=parse_ramp("--guidance", self.guidance),
            structure_guidance=parse_ramp("--structure-guidance", self.structure_guidance),
            structure_steps=self.steps,
            top_p=parse_ramp("--top-p", self.top_p),
            top_k=self.top_k,
            temperature=self.temperature,
            gumbel_split=self.gumbel_split,
            greedy=self.greedy,
        )
        settings.check(classes=0)
        return settings

    def settings(self, info: ModelInfo) -> GenerationSettings:
        """The settings for a model; SettingsError lists its classes if the name is none of them."""
        class_id = None if self.class_name is None else info.class_named(self.class_name)
        return replace(self.classless(), class_id=class_id)


def takes(**groups: type) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of some dataclasses, handed over as one value each: `@takes(choice=ModelChoice)`."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = [p for p in inspect.signature(command).parameters.values() if p.name not in groups]
        hints = {name: get_type_hints(kind, include_extras=True) for name, kind in groups.items()}
        added = [
            inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default, annotation=hints[name][f.name])
            for name, kind in groups.items()
            for f in fields(kind)
        ]

        @functools.wraps(command)
        def with_options(**values: Any) -> None:
            made = {name: kind(**{f.name: values.pop(f.name) for f in fields(kind)}) for name, kind in groups.items()}
            command(**values, **made)

        keyword_only = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own]
        with_options.__signature__ = inspect.Signature([*keyword_only, *added])  # type: ignore[attr-defined]
        with_options.__annotations__ = {p.name: p.annotation for p in [*own, *added]}
        return with_options

    return decorate


def parse_ramp(option: str, text: str | None) -> Ramp | None:
    """From "3" to (3, 3), from "1,3.5" to (1, 3.5); SettingsError otherwise."""
    if text is None:
        return None
    try:
        first, *rest = [float(part) for part in text.split(",")]
        (last,) = rest or [first]
    except ValueError:
        raise SettingsError(f"{option} is {text!r}, but must be one number, or two with a comma: 1,3.5") from None
    return first, last


def parse_levels(text: str, depth: int) -> tuple[int, int]:
    """From "1-4" or "4" to (1, 4); SettingsError unless 1 <= last <= depth."""
    match = re.fullmatch(r"\s*(?:1\s*-\s*)?(\d{1,2})\s*", text)
    if match is None or not 1 <= int(match[1]) <= depth:
        raise SettingsError(f"--levels is {text!r}, but must be 1-n (n up to {depth}): finer ones need the coarser.")
    return 1, int(match[1])


def check_output(path: Path, *suffixes: str) -> None:
    """PictureError unless a file of one of these kinds can be written there; asked before the long work begins."""
    if path.suffix.lower() not in suffixes:
        raise PictureError(f"Cannot write '{path}': the name must end in {' or '.join(suffixes)}.")
    if len(os.fsencode(path.name)) > MAX_NAME:
        raise PictureError(f"Cannot write '{path}': the name is too long; choose a shorter one.")
    try:
        check_target(path)
    except OSError as error:
        raise PictureError(f"Cannot write '{path}': {describe_refusal(error)}.") from None
    if not path.parent.is_dir():
        raise PictureError(f"Cannot write '{path}': there is no folder '{path.parent}'; make it first.")
    if not os.access(path.parent, os.W_OK):
        raise PictureError(f"Cannot write '{path}': the folder '{path.parent}' is write-protected; choose another.")


@contextmanager
def progress(title: str, steps: int) -> Iterator[Callable[[], None] | None]:
    """A bar on standard error and the function that moves it on; None without a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=steps)
        yield lambda: bar.advance(task)
