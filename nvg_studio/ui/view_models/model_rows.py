"""What the list of models shows, from what is known about them. Pure functions, no Qt."""

from dataclasses import dataclass
from pathlib import Path

from nvg_studio.hub.library import DamagedModel, ModelFacts
from nvg_studio.hub.progress import Progress
from nvg_studio.hub.publish import megabytes
from nvg_studio.hub.published import LICENCE, PUBLISHED, Published
from nvg_studio.sampling.settings import ModelInfo

MAX_CLASSES = 8
BYTES_A_NUMBER = 4


@dataclass(frozen=True)
class ModelRow:
    """One model.

    `icon` is a Phosphor name; `facts` what stands beside the list, by label. `folder` is None for a published model
    that is not here; then `published` is its name.
    """

    title: str
    detail: str
    icon: str
    facts: dict[str, str]
    folder: Path | None = None
    published: str = ""
    in_use: bool = False
    usable: bool = False
    removable: bool = False


def model_rows(found: tuple[ModelFacts | DamagedModel, ...], info: ModelInfo | None) -> list[ModelRow]:
    """Rows for the models that are here, then for the published ones that are not. `info`: the loaded one."""
    here = [_damaged_row(one) if isinstance(one, DamagedModel) else _row(one, info) for one in found]
    names = {one.folder.name for one in found}
    return here + [_published_row(one) for one in PUBLISHED.values() if one.folder_name not in names]


def progress_text(progress: Progress) -> str:
    """What is being done, and how much of it is done."""
    if not progress.total:
        return f"{progress.text}…"
    return f"{progress.text}: {megabytes(progress.done)} of {megabytes(progress.total)}"


def percent(progress: Progress) -> int | None:
    """0..100, None where it is unknown."""
    return min(100 * progress.done // progress.total, 100) if progress.total else None


def _row(known: ModelFacts, info: ModelInfo | None) -> ModelRow:
    in_use = info is not None and Path(info.folder) == known.folder
    facts = {
        "Pictures": _pixels(known.image_size, known.grid),
        "Classes": _classes(known.class_names),
        "Parameters": _parameters(known),
        "Size": f"{megabytes(known.size)} on disk",
        "Device": _device(info) if info is not None and in_use else "Not loaded",
        "Licence": known.licence,
        "Folder": below_home(known.folder),
    }
    state = "In use" if in_use else "Ready"
    return ModelRow(
        title=known.name,
        detail=f"{state} · {known.image_size} pixels · {_count(len(known.class_names))} · {megabytes(known.size)}",
        icon="check-circle" if in_use else "cube",
        facts={label: value for label, value in facts.items() if value},
        folder=known.folder,
        in_use=in_use,
        usable=not in_use,
        removable=known.own and not in_use,
    )


def _damaged_row(one: DamagedModel) -> ModelRow:
    facts = {"Problem": one.problem, "Folder": below_home(one.folder)}
    return ModelRow(one.folder.name, "Damaged", "warning-circle", facts, one.folder, removable=one.own)


def _published_row(model: Published) -> ModelRow:
    size = f"{megabytes(model.parameters * BYTES_A_NUMBER)} once it is converted; the download is larger"
    facts = {
        "Pictures": _pixels(model.image_size, model.grid),
        "Classes": f"{model.classes:,}, those of ImageNet",
        "Parameters": f"{_millions(model.parameters)} million",
        "Size": size,
        "Licence": f"{LICENCE}, for non-commercial use",
    }
    detail = f"Not here · {model.image_size} pixels · {_count(model.classes)}"
    return ModelRow(model.folder_name, detail, "cloud-arrow-down", facts, published=model.name)


def _pixels(image_size: int, grid: int) -> str:
    return f"{image_size} × {image_size} pixels, {grid} × {grid} cells"


def _classes(names: tuple[str, ...]) -> str:
    rest = len(names) - MAX_CLASSES
    shown = ", ".join(names[:MAX_CLASSES])
    return f"{shown} and {rest:,} more" if rest > 0 else shown


def _count(classes: int) -> str:
    return f"{classes:,} class{'es' if classes != 1 else ''}"


def _parameters(known: ModelFacts) -> str:
    parts = ", ".join(f"{part} {_millions(count)}" for part, count in known.parameters.items())
    return f"{_millions(known.total)} million ({parts})"


def _millions(count: int) -> str:
    return f"{count / 1e6:.3g}" if count < 1e9 else f"{count / 1e6:,.0f}"


def _device(info: ModelInfo) -> str:
    return f"{info.device.upper()}, {info.dtype}"


def below_home(folder: Path) -> str:
    """A folder with ~ for the home folder, whose name is a person's."""
    path = folder.absolute()
    return str(Path("~", path.relative_to(Path.home()))) if path.is_relative_to(Path.home()) else str(path)
