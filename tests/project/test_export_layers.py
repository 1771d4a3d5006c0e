"""Layered files, opened by readers that are not ours: psd-tools, tifffile, Pillow, ImageMagick."""

import io
import json
import subprocess
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image
from psd_tools import PSDImage
from psd_tools.api.layers import Group as PSDGroup
from psd_tools.constants import BlendMode

from nvg_studio.errors import Cancelled
from nvg_studio.project.export.export import ENCODERS
from nvg_studio.project.export.kinds import LayerChoice
from nvg_studio.project.export.layers import Group
from nvg_studio.project.export.ora import encode_ora
from nvg_studio.project.export.psd import encode_psd
from nvg_studio.project.export.tiff import encode_tiff
from tests.programs import find_program
from tests.project.scenes import NAME, SIZE, named_project, scene_of

SCENE = scene_of(named_project())
LAYERS = list(SCENE.walk())
CONVERT = find_program("magick", "convert", says="ImageMagick")
with_imagemagick = pytest.mark.skipif(CONVERT is None, reason="ImageMagick is not installed")


def rgba(data: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(data)) as image:
        return np.array(image.convert("RGBA"))


def near(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    return one.shape == other.shape and int(np.abs(one.astype(int) - other.astype(int)).max()) <= 1


def test_ora_follows_the_standard() -> None:
    data = encode_ora(SCENE)
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        first = file.infolist()[0]
        assert (first.filename, first.compress_type, file.read(first)) == ("mimetype", 0, b"image/openraster")
        assert data[30:54] == b"mimetypeimage/openraster"
        image = ElementTree.fromstring(file.read("stack.xml"))
        assert image.tag == "image" and image.get("w") == image.get("h") == str(SIZE)
        sources = [layer.get("src") for layer in image.iter("layer")]
        assert len(set(sources)) == len(LAYERS)
        assert {*sources, "mimetype", "stack.xml", "mergedimage.png", "Thumbnails/thumbnail.png"} == set(
            file.namelist()
        )
        np.testing.assert_array_equal(rgba(file.read("mergedimage.png"))[..., :3], SCENE.view)
        assert max(rgba(file.read("Thumbnails/thumbnail.png")).shape) <= 256


def test_ora_composes_to_the_view_topmost_first() -> None:
    with zipfile.ZipFile(io.BytesIO(encode_ora(SCENE))) as file:
        root = ElementTree.fromstring(file.read("stack.xml")).find("stack")
        assert root is not None
        assert [item.get("name") for item in root] == [item.name for item in reversed(SCENE.items)]
        page = Image.new("RGBA", (SIZE, SIZE))
        for item in reversed(root):
            if item.tag == "layer" and item.get("visibility") == "visible":
                layer = Image.open(io.BytesIO(file.read(item.get("src", "")))).convert("RGBA")
                page.alpha_composite(layer, (int(item.get("x", "")), int(item.get("y", ""))))
        assert NAME in {item.get("name") for item in root}
    assert near(np.array(page)[..., :3], SCENE.view)


def test_psd_has_names_order_masks_and_modes() -> None:
    document = PSDImage.open(io.BytesIO(encode_psd(SCENE)))
    assert [layer.name for layer in document] == [item.name for item in SCENE.items]
    assert [layer.visible for layer in document] == [item.visible for item in SCENE.items]
    found = [layer for layer in document.descendants() if not isinstance(layer, PSDGroup)]
    assert [layer.name for layer in found] == [layer.name for _, layer in LAYERS]
    for layer, (_, wanted) in zip(found, LAYERS, strict=True):
        height, width = wanted.pixels.shape[:2]
        assert layer.bbox == (wanted.left, wanted.top, wanted.left + width, wanted.top + height)
        assert layer.blend_mode is (BlendMode.LINEAR_LIGHT if wanted.blend == "linear light" else BlendMode.NORMAL)
        assert layer.has_mask() == (not wanted.opaque)
        pixels = layer.numpy("color")
        assert pixels is not None
        np.testing.assert_array_equal(np.rint(pixels * 255), wanted.pixels[..., :3])
        if layer.mask is not None:
            mask = layer.mask.topil()
            assert mask is not None
            np.testing.assert_array_equal(np.array(mask), wanted.pixels[..., 3])


def test_psd_composes_to_the_view_and_its_stages_add_up() -> None:
    document = PSDImage.open(io.BytesIO(encode_psd(SCENE)))
    assert near(np.array(document.composite(force=True).convert("RGB")), SCENE.view)
    merged = document.topil()
    assert merged is not None
    np.testing.assert_array_equal(np.array(merged.convert("RGB")), SCENE.view)
    for layer in document:
        layer.visible = layer.name.startswith("Stages 0 to")
    assert near(np.array(document.composite(force=True).convert("RGB")), SCENE.view)


def test_tiff_pages_are_the_layers_in_their_places() -> None:
    with tifffile.TiffFile(io.BytesIO(encode_tiff(SCENE))) as file:
        pages = [page for page in file.pages if isinstance(page, tifffile.TiffPage)]
        assert len(pages) == 1 + len(LAYERS)
        np.testing.assert_array_equal(pages[0].asarray()[..., :3], SCENE.view)
        for page, (group, layer) in zip(pages[1:], LAYERS, strict=True):
            facts = json.loads(page.description)
            assert (facts["name"], facts["left"], facts["top"]) == (layer.name, layer.left, layer.top)
            assert facts["group"] == (None if group is None else group.name)
            np.testing.assert_array_equal(page.asarray(), layer.masked_pixels)
            inches = page.tags["XPosition"].value
            assert round(72 * inches[0] / inches[1]) == layer.left


def imagemagick(data: bytes, ending: str, folder: Path, *arguments: str) -> list[NDArray[np.uint8]]:
    """All frames as ImageMagick decodes them, RGBA."""
    assert CONVERT is not None
    (folder / f"in{ending}").write_bytes(data)
    command = [CONVERT, str(folder / f"in{ending}"), *arguments, "-depth", "8", str(folder / "out-%03d.png")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [rgba(path.read_bytes()) for path in sorted(folder.glob("out-*.png"))]


@with_imagemagick
def test_imagemagick_reads_the_psd(tmp_path: Path) -> None:
    frames = imagemagick(encode_psd(SCENE), ".psd", tmp_path)
    assert near(frames[0][..., :3], SCENE.view)
    # Group markers count as frames without pixels in some versions; the pixel layers come in painting order.
    assert len(frames) >= 1 + len(LAYERS)
    assert near(frames[1][..., :3], SCENE.view)


@with_imagemagick
def test_imagemagick_reads_the_tiff(tmp_path: Path) -> None:
    frames = imagemagick(encode_tiff(SCENE), ".tif", tmp_path, "-quiet", "+repage")
    assert len(frames) == 1 + len(LAYERS)
    for frame, (_, layer) in zip(frames[1:], LAYERS, strict=True):
        np.testing.assert_array_equal(frame, layer.masked_pixels)


@with_imagemagick
def test_imagemagick_composes_the_layers_of_the_ora(tmp_path: Path) -> None:
    assert CONVERT is not None
    with zipfile.ZipFile(io.BytesIO(encode_ora(SCENE))) as file:
        file.extractall(tmp_path)
    root = ElementTree.parse(tmp_path / "stack.xml").getroot().find("stack")
    assert root is not None
    command = [CONVERT, "-size", f"{SIZE}x{SIZE}", "xc:none"]
    for item in reversed(root):
        if item.tag == "layer":
            command += [
                str(tmp_path / item.get("src", "")),
                "-geometry",
                f"+{item.get('x')}+{item.get('y')}",
                "-composite",
            ]
    assert subprocess.run([*command, str(tmp_path / "out.png")], capture_output=True, check=False).returncode == 0
    assert near(rgba((tmp_path / "out.png").read_bytes())[..., :3], SCENE.view)


@pytest.mark.parametrize("kind", ENCODERS)
def test_same_scene_same_bytes_and_progress(kind: str) -> None:
    seen: list[tuple[int, int]] = []
    encode = ENCODERS[kind]  # type: ignore[index]
    assert encode(SCENE, lambda done, total: seen.append((done, total))) == encode(SCENE)
    assert seen == [(number, len(LAYERS)) for number in range(len(LAYERS) + 1)]


@pytest.mark.parametrize("kind", ENCODERS)
def test_writing_can_be_stopped(kind: str) -> None:
    def stop(done: int, total: int) -> None:
        if done == 2:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        ENCODERS[kind](SCENE, stop)  # type: ignore[index]


def test_only_the_picture_and_its_cutouts_where_no_groups_are_wanted() -> None:
    scene = scene_of(named_project(), LayerChoice(groups=(), parts=frozenset()))
    assert not any(isinstance(item, Group) for item in scene.items)
    assert len(PSDImage.open(io.BytesIO(encode_psd(scene)))) == len(scene.items)
