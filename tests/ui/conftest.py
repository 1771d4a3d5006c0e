"""A window for every test; Qt's warnings and whatever outlives a test are failures."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from nvg_studio.engine.scripted import ScriptedEngine
from tests.ui.driver import Studio, model_folder, no_threads_left

# What the offscreen plugin lacks says nothing about our window.
OFFSCREEN_NOISE = r"This plugin does not support (propagateSizeHints|raise|grabbing the keyboard)"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.qt_log_ignore(OFFSCREEN_NOISE))


@pytest.fixture
def bare_studio(qtbot: QtBot, tmp_path: Path) -> Iterator[Studio]:
    """A window without a model."""
    with no_threads_left():
        studio = Studio(qtbot, ScriptedEngine(), tmp_path)
        yield studio
        studio.close()


@pytest.fixture
def ready_studio(bare_studio: Studio, tmp_path: Path) -> Studio:
    """A window with a model and no document."""
    bare_studio.load_model(model_folder(tmp_path))
    return bare_studio


@pytest.fixture
def studio(ready_studio: Studio, samples: list[Path]) -> Studio:
    """A window with a photo of 16 x 16 cells open."""
    ready_studio.open(samples[0])
    return ready_studio
