"""The view as a picture that remembers, the strip, and what comes back from files of other programs."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from nvg_studio.errors import ProjectError
from nvg_studio.imaging.draw import structure_map
from nvg_studio.imaging.read import decode_image, read_image
from nvg_studio.imaging.write import encode_png, write_png
from nvg_studio.project.export.export import export
from nvg_studio.project.export.kinds import Format, LayerChoice
from nvg_studio.project.export.picture import WORK, encode_picture
from nvg_studio.project.export.strip import draw_strip
from nvg_studio.project.importing import open_work, project_in_picture
from nvg_studio.project.storage.project_file import Project, save
from tests.project.documents import DEPTH, picture, sequence
from tests.project.scenes import SIZE, named_project


def written(project: Project, path: Path, scale: int | None = None) -> Path:
    return export(project, Format.PICTURE, LayerChoice(scale=scale), path, "view")


def test_the_picture_restores_the_work(tmp_path: Path) -> None:
    project = named_project()
    for scale in (None, 1, 5):
        found = project_in_picture(written(project, tmp_path, scale))
        assert found is not None and found.document.snapshot == project.document.snapshot
        np.testing.assert_array_equal(found.document.base, project.document.base)
        assert found.current_rendering is not None and found.model_name == "tiny" and found.reference is not None
        assert len(read_image(tmp_path / "view.png")) == (SIZE if scale is None else 16 * scale)


def test_the_base_picture_is_not_stored_twice(tmp_path: Path) -> None:
    noise = named_project()
    small = len(encode_picture(noise, noise.document.base))
    other = noise.document.base.copy()
    other[0, 0] += 1
    assert len(encode_picture(noise, other)) > small + len(encode_png(noise.document.base))


@pytest.mark.parametrize("kind", [Format.JPEG, Format.WEBP, Format.TIFF, Format.PSD])
def test_colours_are_marked_as_srgb_by_a_profile(kind: Format, tmp_path: Path) -> None:
    with Image.open(export(named_project(), kind, LayerChoice(), tmp_path, "view")) as image:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
    assert "sRGB" in ImageCms.getProfileDescription(profile)


@pytest.mark.parametrize("kind", [Format.PICTURE, Format.STRIP])
def test_colours_of_a_png_are_marked_as_srgb_by_its_own_chunk(kind: Format, tmp_path: Path) -> None:
    with Image.open(export(named_project(), kind, LayerChoice(), tmp_path, "view")) as image:
        assert image.info["srgb"] == 0 and "icc_profile" not in image.info


def test_settings_are_in_all_kinds(tmp_path: Path) -> None:
    project = named_project()
    with Image.open(written(project, tmp_path)) as image:
        assert json.loads(image.info["Generation"])["model"] == "tiny"
    for kind, worst in ((Format.JPEG, 24), (Format.WEBP, 0)):
        path = export(project, kind, LayerChoice(), tmp_path, "view")
        with Image.open(path) as image:
            comment = image.getexif().get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment]
            assert json.loads(comment[8:])["tokenizer_id"] == "a" * 64
            assert image.getexif()[ExifTags.Base.Software].startswith("NVG Studio")
        difference = np.abs(read_image(path).astype(int) - project.document.base.astype(int))
        assert difference.mean() <= worst


@pytest.mark.parametrize("change", ["base64", "zip", "pixels"])
def test_damaged_work_is_one_line(change: str, tmp_path: Path) -> None:
    path = written(named_project(), tmp_path)
    with Image.open(path) as image:
        text = image.info[WORK]
    text = {"base64": text[:-3] + "??=", "zip": text[: len(text) // 8 * 4], "pixels": text}[change]
    write_png(path, picture(7, SIZE) if change == "pixels" else read_image(path), {WORK: text})
    with pytest.raises(ProjectError, match="Cannot go on with the work") as error:
        project_in_picture(path)
    assert "\n" not in str(error.value)


def test_pictures_without_work(tmp_path: Path, samples: list[Path]) -> None:
    write_png(tmp_path / "plain.png", picture(0))
    (tmp_path / "cut.png").write_bytes(encode_png(picture(0))[:60])
    for path in (tmp_path / "plain.png", tmp_path / "cut.png", samples[0], tmp_path / "missing.png"):
        assert project_in_picture(path) is None
    with pytest.raises(ProjectError, match="no work of NVG Studio"):
        open_work(tmp_path / "plain.png")


def test_open_work_opens_both(tmp_path: Path) -> None:
    project = named_project()
    save(project, tmp_path / "a.nvgs")
    for path in (tmp_path / "a.nvgs", written(project, tmp_path)):
        assert open_work(path).document.snapshot == project.document.snapshot


def test_the_strip_has_structure_above_and_pictures_below() -> None:
    project = named_project()
    assert project.rendering is not None
    page = draw_strip(sequence(0), project.rendering, scale=4)
    step, caption, gap = 64 + 4, 64 // 6, 4
    assert page.shape == (2 * step + caption + gap, (DEPTH + 1) * step + gap, 3)
    for stage in range(DEPTH + 1):
        left = gap + stage * step
        card = page[caption + gap : caption + gap + 64, left : left + 64]
        np.testing.assert_array_equal(card, structure_map(sequence(0).labels(stage), stage, 64))
    assert (page[: caption + gap] < 255).any() and (page[-gap:] == 255).all()
    assert decode_image(encode_png(page)).shape == page.shape


def test_reference_is_optional(tmp_path: Path) -> None:
    project = replace(named_project(), reference=None)
    found = project_in_picture(written(project, tmp_path))
    assert found is not None and found.reference is None
