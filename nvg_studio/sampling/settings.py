"""What a run is asked to do, as values: settings, model facts and the request. No torch here.

Everything that determines a result is in one `RunRequest`; equal requests give equal results (editing.md, "Runs").
"""

import difflib
import math
import reprlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from nvg_studio.errors import SettingsError
from nvg_studio.granularity.structure_method import StructureMethod
from nvg_studio.ids import Identity, ModelId, TokenizerId, tokenizer_of

if TYPE_CHECKING:
    from nvg_studio.granularity.locks import Locks
    from nvg_studio.granularity.sequence import GranularitySequence

Ramp = tuple[float, float]
"""A value at stage 0 and at the last stage; between them the sampler interpolates."""

MAX_SEED = 2**63 - 1
MAX_GUIDANCE = 100.0
MAX_STEPS = 1000
MAX_TEMPERATURE = 100.0


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_ramp(value: object, inside: Callable[[float], bool]) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(_is_number(v) and inside(v) for v in value)


@dataclass(frozen=True)
class _Rule:
    """What one setting must be, in words and as a test."""

    words: str
    holds: Callable[[Any], bool]


def _guidance_rule() -> _Rule:
    return _Rule(
        f"two numbers (first stage, last stage) between 0 and {MAX_GUIDANCE:g}",
        lambda v: _is_ramp(v, lambda x: 0 <= x <= MAX_GUIDANCE),
    )


_RULES = {
    "class_id": _Rule("a class number of 0 or more", lambda v: _is_int(v) and v >= 0),
    "seed": _Rule(f"a whole number between 0 and {MAX_SEED}", lambda v: _is_int(v) and 0 <= v <= MAX_SEED),
    "content_guidance": _guidance_rule(),
    "structure_guidance": _guidance_rule(),
    "structure_steps": _Rule(f"a whole number between 1 and {MAX_STEPS}", lambda v: _is_int(v) and 1 <= v <= MAX_STEPS),
    "top_p": _Rule(
        "two numbers (first stage, last stage) above 0 and at most 1", lambda v: _is_ramp(v, lambda x: 0 < x <= 1)
    ),
    "top_k": _Rule("a whole number of 0 (off) or more", lambda v: _is_int(v) and v >= 0),
    "temperature": _Rule(
        f"a number above 0 and at most {MAX_TEMPERATURE:g}", lambda v: _is_number(v) and 0 < v <= MAX_TEMPERATURE
    ),
    "gumbel_split": _Rule("true or false", lambda v: isinstance(v, bool)),
    "greedy": _Rule("true or false", lambda v: isinstance(v, bool)),
}


@dataclass(frozen=True)
class GenerationSettings:
    """How to generate. `None` means the model's own default (its config.json); for `class_id` it means no class.

    class_id            class number, 0 <= class_id < number of classes
    seed                0 .. 2**63 - 1; ties every random number (editing.md, "Runs")
    content_guidance    guidance scale of the content net at the first and the last stage; 1 is no guidance
    structure_guidance  the same for the structure net
    structure_steps     ODE steps a stage
    top_p               nucleus at the first and the last stage, in (0, 1]
    top_k               how many codes may be chosen; 0 is off
    temperature         of the token choice, above 0
    gumbel_split        draw the splits at random instead of taking the best cells
    greedy              always the likeliest code
    """

    class_id: int | None = None
    seed: int = 0
    content_guidance: Ramp | None = None
    structure_guidance: Ramp | None = None
    structure_steps: int | None = None
    top_p: Ramp | None = None
    top_k: int | None = None
    temperature: float | None = None
    gumbel_split: bool | None = None
    greedy: bool | None = None

    def resolved(self, defaults: "GenerationSettings") -> "GenerationSettings":
        """Fill every `None` except the class from `defaults` (the model's own)."""
        missing = {
            f.name: getattr(defaults, f.name)
            for f in fields(self)
            if f.name != "class_id" and getattr(self, f.name) is None
        }
        return replace(self, **missing)

    def relative_to(self, defaults: "GenerationSettings") -> "GenerationSettings":
        """The inverse of `resolved`: `None` for every value but class and seed that is the model's own."""
        own: dict[str, Any] = {
            f.name: None
            for f in fields(self)
            if f.name not in ("class_id", "seed") and getattr(self, f.name) == getattr(defaults, f.name)
        }
        return replace(self, **own)

    def check(self, classes: int) -> None:
        """Raise SettingsError for the first value that is out of range for a model with that many classes."""
        for f in fields(self):
            value = getattr(self, f.name)
            if value is None and f.name != "seed":
                continue
            rule = _RULES[f.name]
            if not rule.holds(value):
                raise SettingsError(f"The setting {f.name} is {reprlib.repr(value)}, but must be {rule.words}.")
        if self.class_id is not None and self.class_id >= classes:
            raise SettingsError(
                f"The setting class_id is {self.class_id}, but the model has {classes} classes: use 0 to {classes - 1}."
                if classes
                else "The model knows no classes: leave class_id out."
            )

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; ramps become lists, unset values are left out."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items() if v is not None}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "GenerationSettings":
        """The inverse of `to_dict`; raises SettingsError on unknown names and on values of the wrong kind."""
        if not isinstance(data, Mapping):
            raise SettingsError(f"Settings must be a table of names and values, not {type(data).__name__}.")
        unknown = sorted(str(name) for name in data if name not in _RULES)
        if unknown:
            raise SettingsError(f"Unknown setting {unknown[0][:40]}: the settings are {', '.join(_RULES)}.")
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
        for name, value in values.items():
            if not _RULES[name].holds(value):
                raise SettingsError(f"The setting {name} is {reprlib.repr(value)}, but must be {_RULES[name].words}.")
        return cls(**values)


@dataclass(frozen=True)
class ModelInfo:
    """Facts about a loaded model that the window and the command line show.

    identity is what documents, requests and caches call it; image_size in pixels a side, grid in cells a side; depth is
    K; few_steps is the number of structure steps up to which the model has a few-step network, 0 if it has none;
    structure_method is how it clusters pictures, and how its networks expect the two children of a node to be numbered;
    device and dtype are the ones in use ("cpu", "cuda:0", "bfloat16"); folder is where it came from; runtime names what
    computes, with its version ("torch 2.13.0+cpu").
    """

    name: str
    identity: Identity
    image_size: int
    grid: int
    depth: int
    class_names: tuple[str, ...]
    defaults: GenerationSettings
    conditions_on_known_cells: bool
    supports_unbalanced_trees: bool
    few_steps: int
    structure_method: StructureMethod
    device: str
    dtype: str
    folder: str
    runtime: str

    @property
    def cells(self) -> int:
        """L, the number of cells."""
        return self.grid * self.grid

    def class_like(self, name: str) -> int | None:
        """The number of the class with exactly this name, whatever its case; None where the model has none."""
        names = [own.casefold() for own in self.class_names]
        return names.index(name.casefold()) if name.casefold() in names else None

    def class_named(self, text: str) -> int:
        """The class number for a name, the start of one, its plural, or a number; SettingsError lists the choices."""
        wanted = text.strip().casefold()
        if wanted.isdecimal() and int(wanted) < len(self.class_names):
            return int(wanted)
        names = [name.casefold() for name in self.class_names]
        if wanted in names:
            return names.index(wanted)
        near = [i for i, name in enumerate(names) if wanted and (name.startswith(wanted) or wanted == name + "s")]
        if len(near) == 1:
            return near[0]
        raise SettingsError(self._unknown_class(text, near))

    def _unknown_class(self, text: str, near: list[int]) -> str:
        if not self.class_names:
            return f"The model {self.name} knows no classes: leave the class out."
        what = f"{'Ambiguous' if near else 'Unknown'} class {text!r}"
        shown = [self.class_names[i] for i in near] or list(self.class_names)
        if len(shown) > 20:
            shown = difflib.get_close_matches(text, shown, n=5, cutoff=0.4) or shown[:10]
            return f"{what}: try {', '.join(shown)}, or a number from 0 to {len(self.class_names) - 1}."
        return f"{what}: choose one of {', '.join(shown)}."


@dataclass(frozen=True)
class RunRequest:
    """Everything that determines a result; compared and hashed by value.

    A run keeps bits[:, :stage] and the tokens of stages below `stage`, and generates the rest, once for each of
    `settings` (variations). `model` is that of a ModelInfo's identity; device and dtype are "auto" or its own.
    """

    sequence: "GranularitySequence"
    stage: int
    locks: "Locks | None"
    settings: tuple[GenerationSettings, ...]
    model: ModelId
    device: str = "auto"
    dtype: str = "auto"

    @property
    def tokenizer(self) -> TokenizerId:
        """What the tokens of `sequence` and of the result mean something to."""
        return tokenizer_of(self.model)

    def __post_init__(self) -> None:
        if not _is_int(self.stage) or not 0 <= self.stage <= self.sequence.depth:
            raise SettingsError(f"A run cannot start at stage {self.stage!r}: use 0 to {self.sequence.depth}.")
        if not isinstance(self.settings, tuple) or not self.settings:
            raise SettingsError("A run needs settings: a tuple with one for each variation.")


def resolve_all(settings: Sequence[GenerationSettings], info: ModelInfo) -> list[GenerationSettings]:
    """The settings of a batch with the model's defaults filled in.

    Raises:
        SettingsError: there are none, one is out of range, or they differ in their structure steps.
    """
    if not settings:
        raise SettingsError("A run needs settings: give at least one.")
    resolved = [one.resolved(info.defaults) for one in settings]
    for one in resolved:
        one.check(len(info.class_names))
    if len({one.structure_steps for one in resolved}) > 1:
        raise SettingsError("Variations of one run share their structure steps: give all the same number.")
    return resolved
