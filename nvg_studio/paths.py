"""Where the files beside the package are: `resources/` and `models/` at the top of the repository.

NVG Studio is installed as an editable checkout (`make run` does it), so both folders lie next to `nvg_studio/`.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def resource(*parts: str) -> Path:
    """Path below `resources/`, for example `resource("samples", "ATTRIBUTION.csv")`. It need not exist."""
    return ROOT.joinpath("resources", *parts)


def shipped_model(name: str = "flowers") -> Path:
    """Folder of the model `name` below `models/`. It need not exist."""
    return ROOT / "models" / name
