"""What the tests of the project room share."""

from pathlib import Path

import pytest

from nvg_studio.project.storage.project_file import save
from tests.project.damaged_files import full_project


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "work.nvgs"
    save(full_project(), path)
    return path
