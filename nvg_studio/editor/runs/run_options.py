"""The options of the next runs, and how they become the settings of a request: values and pure functions, no Qt."""

from dataclasses import dataclass, fields, replace

from nvg_studio.project.document import Snapshot
from nvg_studio.project.planning import Scope
from nvg_studio.sampling.settings import MAX_SEED, GenerationSettings, ModelInfo, RunRequest

MAX_VARIATIONS = 16


@dataclass(frozen=True)
class RunOptions:
    """What the next runs do.

    `settings`: None in them stands for the model's default; `keep_seed`: whether runs use this seed, or each a new one;
    `variations`: results at once, 1..MAX_VARIATIONS; `scope`: what a run may change, None as proposed for the document;
    `live`: whether a run follows every stroke.
    """

    settings: GenerationSettings = GenerationSettings()
    keep_seed: bool = True
    variations: int = 1
    scope: Scope | None = None
    live: bool = False


def structure_steps_of(settings: GenerationSettings, info: ModelInfo) -> int:
    """Structure steps a stage, the model's default filled in."""
    return settings.resolved(info.defaults).structure_steps or 1


def fitting(settings: GenerationSettings, before: ModelInfo | None, info: ModelInfo) -> GenerationSettings:
    """Settings that were chosen for the model `before` (None: for none), adapted to another model."""
    if before is None:
        known = settings.class_id is not None and settings.class_id < len(info.class_names)
        return replace(settings, class_id=settings.class_id if known else None)
    class_id = settings.class_id
    if class_id is not None:
        class_id = info.class_like(before.class_names[class_id]) if class_id < len(before.class_names) else None
    if before.identity.model == info.identity.model:
        return replace(settings, class_id=class_id)
    return GenerationSettings(class_id=class_id, seed=settings.seed)


def changed_from(
    settings: GenerationSettings, shown: GenerationSettings, defaults: GenerationSettings
) -> GenerationSettings:
    """`settings` with the values of `shown` that differ from what they stand for; None stays the model's default."""
    full = settings.resolved(defaults)
    changed = {f.name: getattr(shown, f.name) for f in fields(shown) if getattr(shown, f.name) != getattr(full, f.name)}
    return replace(settings, **changed)


def with_consecutive_seeds(settings: GenerationSettings, count: int) -> tuple[GenerationSettings, ...]:
    """`count` settings that differ in their seeds, which follow one another."""
    return tuple(replace(settings, seed=(settings.seed + n) % (MAX_SEED + 1)) for n in range(count))


def is_repeat(request: RunRequest, snapshot: Snapshot) -> bool:
    """Whether `request` would generate again what `snapshot` already holds.

    A run's result depends on what it keeps, not on what it replaces: the same start, settings and locks on the very
    result of the last run give that result again.
    """
    last = snapshot.request
    if last is None or snapshot.sequence != snapshot.result:
        return False
    return replace(last, sequence=request.sequence) == request
