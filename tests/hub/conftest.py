"""Every test has a library of its own, and nobody has accepted a licence yet."""

from pathlib import Path

import pytest

from nvg_studio.hub.progress import Progress
from tests.tiny import save_tiny_model


@pytest.fixture(autouse=True)
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own folder of models, empty."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "HF_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    return tmp_path / "XDG_DATA_HOME" / "nvg-studio" / "models"


@pytest.fixture
def reports() -> list[Progress]:
    """Takes what is reported: pass its `append`."""
    return []


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A random model folder outside the library."""
    save_tiny_model(tmp_path / "elsewhere" / "tiny")
    return tmp_path / "elsewhere" / "tiny"
