"""Export as PNG files: exact numbers, and a manifest that names every file."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nvg_studio.errors import ProjectError
from nvg_studio.imaging.crop import resize
from nvg_studio.imaging.read import read_image
from nvg_studio.project.document import apply_edit, from_result
from nvg_studio.project.export.export import PICTURES, export
from nvg_studio.project.export.kinds import Format, LayerChoice
from nvg_studio.project.storage.project_file import Project
from tests.project.documents import DEPTH, request, sequence
from tests.project.scenes import NAME, SIZE, named_project, rendering_of, smooth


def test_everything_is_written_and_named(tmp_path: Path) -> None:
    project, folder = named_project(), tmp_path / "new" / "folder"
    rendering, wanted = project.rendering, project.document.sequence
    assert rendering is not None
    assert export(project, Format.PNG, LayerChoice(), folder, "work") == folder

    found = {path.name: path for path in folder.iterdir()}
    manifest = json.loads(found["manifest.json"].read_text(encoding="utf-8"))
    assert {*manifest["files"], "manifest.json"} == set(found)
    np.testing.assert_array_equal(read_image(found["picture.png"]), project.document.base)
    for stage in range(DEPTH + 1):
        np.testing.assert_array_equal(read_image(found[f"stage_{stage}.png"]), resize(rendering.stages[stage], SIZE))
        for kind, numbers in (("labels", wanted.labels(stage)), ("tokens", wanted.token_map[stage])):
            with Image.open(found[f"{kind}_{stage}.png"]) as image:
                assert image.mode == ("L" if kind == "labels" else "I;16")
                np.testing.assert_array_equal(np.array(image).reshape(-1), numbers)
        assert read_image(found[f"structure_{stage}.png"]).shape == (SIZE, SIZE, 3)
    with np.load(found["labels.npz"]) as arrays:
        np.testing.assert_array_equal(arrays["labels"], [wanted.labels(s) for s in range(DEPTH + 1)])
        np.testing.assert_array_equal(arrays["bits"], wanted.bits)
        np.testing.assert_array_equal(arrays["token_map"], wanted.token_map)
    assert manifest["names"][0]["name"] == NAME and manifest["model"] == "tiny"
    assert manifest["settings"] == [] and manifest["edited_since"] is False


def test_cutouts_lie_where_the_manifest_says(tmp_path: Path) -> None:
    project = named_project()
    export(project, Format.PNG, LayerChoice(level=3), tmp_path, "work")
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    page = Image.new("RGBA", (SIZE, SIZE))
    for cutout in manifest["cutouts"]:
        with Image.open(tmp_path / cutout["file"]) as image:
            page.alpha_composite(image, (cutout["left"], cutout["top"]))
    np.testing.assert_array_equal(np.array(page)[..., :3], project.document.base)
    assert len(manifest["cutouts"]) == len(np.unique(project.document.sequence.labels(3)))


def test_settings_and_later_edits_are_told(tmp_path: Path) -> None:
    made = from_result(request(sequence(0)), sequence(1), smooth(1, 16))
    document = apply_edit(made, sequence(2), "Paint")
    export(Project(document, "tiny", rendering_of(document)), Format.PNG, LayerChoice(scale=2), tmp_path, "work")
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["edited_since"] is True
    assert manifest["settings"][0]["class_id"] == 1 and manifest["from_stage"] == 2
    assert read_image(tmp_path / "picture.png").shape == (32, 32, 3)


@pytest.mark.parametrize("kind", Format)
def test_folder_that_cannot_be_made(kind: Format, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ProjectError, match="choose another place") as error:
        export(named_project(), kind, LayerChoice(), tmp_path / "file" / "below", "work")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", Format)
def test_an_export_without_the_stages_it_needs_is_refused(kind: Format, tmp_path: Path) -> None:
    """Layers, numbers and scaled pictures need stages; an unedited photo at its own size needs none."""
    unknown = replace(named_project(), rendering=None)
    with pytest.raises(ProjectError, match="open it with its model"):
        export(unknown, kind, LayerChoice(scale=2), tmp_path, "work")
    if kind not in PICTURES:
        with pytest.raises(ProjectError, match="open it with its model"):
            export(unknown, kind, LayerChoice(), tmp_path, "work")
    assert not list(tmp_path.iterdir())


def test_an_unedited_photo_is_exported_without_any_stage(tmp_path: Path) -> None:
    unknown = replace(named_project(), rendering=None)
    written = export(unknown, Format.PICTURE, LayerChoice(), tmp_path, "work")
    assert np.array_equal(read_image(written), unknown.document.base)
