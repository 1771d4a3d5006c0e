"""Export as PNG files: exact numbers, and a manifest that names every file."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nvg_studio.errors import ProjectError
from nvg_studio.imaging.read import read_image
from nvg_studio.project.document import apply_edit, from_result, with_name
from nvg_studio.project.export.png import export_png
from tests.project.making import DEPTH, picture, request, sequence


def test_everything_is_written_and_named(tmp_path: Path) -> None:
    document = with_name(from_result(request(sequence(0)), sequence(1), picture(1)), 1, 0, "petals")
    stages = {stage: picture(stage, 16) for stage in range(DEPTH + 1)}
    files = export_png(document, stages, tmp_path / "new" / "folder")

    assert {path.name for path in files} == {path.name for path in (tmp_path / "new" / "folder").iterdir()}
    found = {path.name: path for path in files}
    np.testing.assert_array_equal(read_image(found["picture.png"]), picture(1))
    for stage in stages:
        np.testing.assert_array_equal(read_image(found[f"stage_{stage}.png"]), stages[stage])
        with Image.open(found[f"labels_{stage}.png"]) as image:
            np.testing.assert_array_equal(np.array(image).reshape(-1), sequence(1).labels(stage))
        assert read_image(found[f"structure_{stage}.png"]).shape == (512, 512, 3)
    with np.load(found["labels.npz"]) as arrays:
        np.testing.assert_array_equal(arrays["labels"], [sequence(1).labels(s) for s in range(DEPTH + 1)])
        np.testing.assert_array_equal(arrays["bits"], sequence(1).bits)
        np.testing.assert_array_equal(arrays["token_map"], sequence(1).token_map)
    manifest = json.loads(found["manifest.json"].read_text(encoding="utf-8"))
    assert {*manifest["files"], "manifest.json"} == set(found)
    assert manifest["names"] == [{"stage": 1, "cluster": 0, "name": "petals"}]
    assert manifest["settings"][0]["class_id"] == 1 and manifest["from_stage"] == 2
    assert manifest["edited_since_last_run"] is False


def test_edits_since_the_last_run_are_told(tmp_path: Path) -> None:
    document = apply_edit(from_result(request(sequence(0)), sequence(1), picture(1)), sequence(2), "Paint")
    export_png(document, {}, tmp_path)
    assert json.loads((tmp_path / "manifest.json").read_text())["edited_since_last_run"] is True
    assert not list(tmp_path.glob("stage_*"))


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ProjectError, match="choose another folder") as error:
        export_png(from_result(request(sequence(0)), sequence(1), picture(1)), {}, tmp_path / "file")
    assert "\n" not in str(error.value)
