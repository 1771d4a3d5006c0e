"""Older project files open as what they were, and are saved in the current version."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from nvg_studio.project.storage.project_file import load, save
from tests.project.damaged_files import entries_of, full_document, full_project, refused, rewritten
from tests.project.documents import picture


def test_version_1_is_migrated() -> None:
    loaded = load(Path(__file__).parent / "data" / "version-1.nvgs")
    assert loaded.document.history.snapshots == (full_document().snapshot,)
    np.testing.assert_array_equal(loaded.document.base, full_document().base)
    assert loaded.rendering is None and loaded.reference is None and loaded.model_name == ""


def test_version_2_is_migrated() -> None:
    loaded, wanted = load(Path(__file__).parent / "data" / "version-2.nvgs"), full_project()
    assert loaded.document.history == wanted.document.history and loaded.document.pending_results == ()
    assert loaded.complete_rendering is not None and loaded.reference is not None and loaded.model_name == "tiny"
    np.testing.assert_array_equal(loaded.complete_rendering.stages[2], picture(2, 16))
    assert loaded.thumbnails == ()


def test_version_2_is_saved_as_the_current_version(tmp_path: Path) -> None:
    save(load(Path(__file__).parent / "data" / "version-2.nvgs"), tmp_path / "a.nvgs")
    assert json.loads(entries_of(tmp_path / "a.nvgs")["manifest.json"])["schema_version"] == 3
    assert load(tmp_path / "a.nvgs").document.history == full_document().history


@pytest.mark.parametrize(
    ("name", "content"), [("manifest.json", b'{"schema_version": 1}'), ("sequence.npz", b"x"), ("sequence.npz", b"")]
)
def test_damaged_version_1(name: str, content: bytes, tmp_path: Path) -> None:
    path = Path(shutil.copy(Path(__file__).parent / "data" / "version-1.nvgs", tmp_path))
    refused(rewritten(path, lambda entries: entries.update({name: content})))
