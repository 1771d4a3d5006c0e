"""The published models: names, files, licence, and how to get them without this program. No network here."""

from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_config_path

from nvg_studio.atomic import write_atomic
from nvg_studio.errors import HubError
from nvg_studio.paths import resource

REPOSITORY = "yikaiwang/nvg"
PAGE = f"https://huggingface.co/{REPOSITORY}"
AUTOENCODER = "ae.ckpt"
LICENCE = "S-Lab License 1.0"
LICENCE_NOTE = (
    f"The published models ({PAGE}) are under the {LICENCE}: for non-commercial use only. "
    "The text on that page counts, should this one differ."
)


@dataclass(frozen=True)
class Published:
    """A published generator; all of them share one autoencoder.

    `parameters` counts learned numbers, autoencoder included; `classes` those of ImageNet.
    """

    name: str
    file: str
    parameters: int
    image_size: int = 256
    grid: int = 16
    classes: int = 1000

    @property
    def folder_name(self) -> str:
        """What the model is called once it is installed."""
        return f"nvg-{self.name}"


PUBLISHED = {
    one.name: one
    for one in (
        Published("d16", "d16.ckpt", 429_885_931),
        Published("d20", "d20.ckpt", 731_908_075),
        Published("d24", "d24.ckpt", 1_181_780_459),
    )
}


def published(name: str) -> Published:
    """A published model by its name; HubError lists the names."""
    if name not in PUBLISHED:
        raise HubError(f"There is no published model '{name}': choose {', '.join(PUBLISHED)}.")
    return PUBLISHED[name]


def by_hand(model: Published) -> str:
    """How to place the files without a connection from here."""
    return (
        f"fetch {AUTOENCODER} and {model.file} from {PAGE} with another machine, put both into one folder, then run "
        f"nvg-studio models download {model.name} --from FOLDER (in the window: Run, Models, Import)."
    )


def licence_text() -> str:
    """The licence of the published models."""
    return resource("licences", "s-lab-1.0.txt").read_text("utf-8")


def licence_accepted() -> bool:
    """Whether this user accepted the licence."""
    return _acceptance().is_file()


def accept_licence() -> None:
    """Remember that this user accepted the licence; HubError where that cannot be written down."""
    file = _acceptance()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(file, f"{LICENCE}, {PAGE}\n".encode())
    except OSError as error:
        raise HubError(f"Cannot write '{file}': {error.strerror or error}. Make the folder writable.") from error


def _acceptance() -> Path:
    return user_config_path("nvg-studio", appauthor=False) / "s-lab-1.0.accepted"
