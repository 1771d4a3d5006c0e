"""Windows with the real engine process on a small random model."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from nvg_studio.engine.process import ProcessEngine
from tests.tiny import save_tiny_model
from tests.ui.conftest import bare_studio, pytest_collection_modifyitems, ready_studio, studio
from tests.ui.driver import Studio, no_threads_left

__all__ = ["bare_studio", "pytest_collection_modifyitems", "ready_studio", "studio"]


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """Folder of a random model of 8 x 8 cells."""
    folder = tmp_path / "tiny"
    save_tiny_model(folder)
    return folder


@pytest.fixture
def real_studio(qtbot: QtBot, tmp_path: Path, tiny: Path) -> Iterator[Studio]:
    """A window whose engine is a process with that model."""
    with no_threads_left():
        studio = Studio(qtbot, ProcessEngine(), tmp_path)
        studio.load_model(tiny)
        yield studio
        studio.close()
