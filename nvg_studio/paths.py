"""Where the files beside the code are: `resources/` and `models/`.

In a checkout, also one that is installed as editable, both folders lie next to `nvg_studio/`; a wheel carries them in
`nvg_studio/_data/` (pyproject.toml puts them there).
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_IN_WHEEL = _PACKAGE / "_data"
ROOT = _IN_WHEEL if _IN_WHEEL.is_dir() else _PACKAGE.parent


def resource(*parts: str) -> Path:
    """Path below `resources/`, for example `resource("samples", "ATTRIBUTION.csv")`. It need not exist."""
    return ROOT.joinpath("resources", *parts)


def shipped_model(name: str = "flowers") -> Path:
    """Folder of the model `name` below `models/`. It need not exist."""
    return ROOT / "models" / name
